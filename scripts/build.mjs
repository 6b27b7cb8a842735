// Builds calve: `node scripts/build.mjs` compiles src and test into dist, bundles the program into dist/calve, and
// writes the manual into dist/man.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { rolldown } from 'rolldown';
import { errorsOfAnyRealm } from './any-realm.mjs';
import { writeLibraryFiles } from './library-files.mjs';
import { licensesOf } from './licenses.mjs';
import { writeManual } from './manual.mjs';

const BUNDLE_FOLDER = 'dist/calve';

/** The compiler checks the types of everything and writes one module for each file: the tests import these. */
function compile() {
  rmSync('dist', { recursive: true, force: true });
  const { status } = spawnSync('tsc', { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * The shipped program is a few CommonJS files with its packages inside: Node starts them in half the time that it needs
 * for some 300 ES modules (docs/benchmarks.md has the figures). Each command's code stays in a file of its own.
 */
async function bundle() {
  const bundled = await rolldown({
    input: {
      main: 'dist/src/cli/main.js',
      library: 'dist/src/library/index.js',
      emulator: 'dist/src/library/emulator.js',
      'hash-worker': 'dist/src/source/hash-worker.js',
      'send-worker': 'dist/src/targets/aws/send-worker.js',
    },
    platform: 'node',
    plugins: [errorsOfAnyRealm()],
    // Some packages of the AWS SDK name a CommonJS file as `node`; their ES modules allow unused code to be left out.
    resolve: { mainFields: ['module', 'main'], conditionNames: ['module', 'import', 'node', 'default'] },
  });
  const { output } = await bundled.write({
    dir: BUNDLE_FOLDER,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // A test runner that loads the package into a context of its own (Jest) gives it no `import()`.
    dynamicImportInCjs: false,
    // The licences are in LICENSES.txt, and the sources have the other comments.
    comments: false,
  });
  writeFileSync(`${BUNDLE_FOLDER}/package.json`, '{ "type": "commonjs" }\n');
  const moduleIds = output.flatMap((chunk) => chunk.moduleIds ?? []);
  writeFileSync(`${BUNDLE_FOLDER}/LICENSES.txt`, licensesOf(moduleIds));
}

compile();
await bundle();
await writeManual();
await writeLibraryFiles(BUNDLE_FOLDER);
