// The files of the library beside its code: ES modules that export the same functions, and the types.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const ENTRIES = { library: 'index', emulator: 'emulator' };
const TYPES_FOLDER = 'dist/types';

/**
 * The ES modules have no code of their own: `import` and `require` get the same functions and the same class of errors,
 * and the package has one copy of everything.
 */
function writeModules(folder) {
  const require = createRequire(import.meta.url);
  for (const name of Object.keys(ENTRIES)) {
    const names = Object.keys(require(join(process.cwd(), folder, `${name}.js`)));
    const text = `import library from './${name}.js';\n\nexport const { ${names.join(', ')} } = library;\n`;
    writeFileSync(join(folder, `${name}.mjs`), text);
  }
}

/** Node loads the code as CommonJS or as an ES module, and the compiler wants types of the same kind. */
async function writeTypes(folder) {
  const { status } = spawnSync('tsc', ['-p', 'scripts/tsconfig.types.json'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  const input = Object.fromEntries(
    Object.entries(ENTRIES).map(([name, module]) => [name, join(TYPES_FOLDER, 'library', `${module}.d.ts`)]),
  );
  const bundled = await rolldown({ input, external: /^node:/, plugins: [dts({ dtsInput: true })] });
  const { output } = await bundled.write({ dir: folder, format: 'esm', chunkFileNames: 'types.js' });
  rmSync(TYPES_FOLDER, { recursive: true, force: true });
  for (const { fileName } of output) {
    const path = join(folder, fileName);
    // The bundler names the file of each declaration, which the package does not have.
    const text = readFileSync(path, 'utf8').replaceAll(/^\/\/.*\n/gm, '');
    // The library of a program may be older than `await using`.
    const lib = text.includes('asyncDispose') ? '/// <reference lib="esnext.disposable" />\n' : '';
    writeFileSync(path, lib + text);
  }
  for (const name of Object.keys(ENTRIES)) {
    writeFileSync(join(folder, `${name}.d.mts`), `export * from './${name}.js';\n`);
  }
}

/** @param folder the folder that has the bundle */
export async function writeLibraryFiles(folder) {
  writeModules(folder);
  await writeTypes(folder);
}
