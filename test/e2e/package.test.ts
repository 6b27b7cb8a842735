/** The package as npm packs and installs it: its files, and a first run of somebody who has nothing but Node and npm. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { cleanEnv, type Ended } from '../support/calve.js';
import { missingPrograms } from '../support/programs.js';
import { shared } from '../support/shared.js';
import { tempFolder } from '../support/temp.js';

const ROOT = join(import.meta.dirname, '../../..');
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly dependencies?: object;
  readonly scripts: Readonly<Record<string, string>>;
};
const TIME_LIMIT_MS = 120_000;
const INSTALLED_MAX_BYTES = 3 * 1024 ** 2;

/** Every file of the package matches one of these, and each of these matches a file. */
const WANTED: readonly RegExp[] = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^bin\/(calve\.js|package\.json)$/,
  /^dist\/calve\/[\w-]+\.js$/,
  /^dist\/calve\/(package\.json|LICENSES\.txt)$/,
  /^dist\/calve\/(library|emulator)\.(mjs|d\.ts|d\.mts)$/,
  /^dist\/calve\/types\.d\.ts$/,
  /^dist\/man\/calve(-[a-z-]+)?\.1$/,
  /^docs\/[\w-]+\.(md|svg)$/,
  /^schemas\/[\w-]+\.schema\.json$/,
  /^examples\/([\w-]+\/)*[\w.-]+$/,
];

interface Packed {
  readonly tarball: string;
  readonly files: readonly string[];
  readonly unpackedSize: number;
}

/** Runs a program in a folder, with an environment of its own. */
function run(words: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const [program = '', ...rest] = words;
  return new Promise((resolve) => {
    execFile(program, rest, { cwd, env, timeout: TIME_LIMIT_MS }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, signal: error?.signal ?? null, stdout, stderr });
    });
  });
}

/** Returns an environment with an empty home, in which `npm` and `calve` come from the first folders of PATH. */
function emptyHome(folder: string, bin: string): Record<string, string> {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  // Without the variable, npm may print that there is a newer npm.
  const env = cleanEnv(home, { NPM_CONFIG_UPDATE_NOTIFIER: 'false' });
  return { ...env, PATH: [bin, dirname(process.execPath), env['PATH']].join(delimiter) };
}

/** Packs what is built: the script `prepack` would build it again under the other tests. */
async function pack(folder: string): Promise<Packed> {
  const line = ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const packed = await run(line, ROOT, emptyHome(folder, folder));
  assert.equal(packed.code, 0, packed.stderr);
  const found = JSON.parse(packed.stdout) as unknown;
  const [described] = Object.values(found as object) as { files: { path: string }[]; unpackedSize: number }[];
  assert.ok(described);
  const files = described.files.map(({ path }) => path).sort();
  const tarball = join(folder, `calve-${MANIFEST.version}.tgz`);
  return { tarball, files, unpackedSize: described.unpackedSize };
}

describe('The package', { skip: missingPrograms(['npm'], 'npm') }, () => {
  const packed = shared(async (t) => pack(tempFolder(t)));

  test('has the program, its documents and licences, and no other file', () => {
    const { files } = packed();
    assert.deepEqual(
      files.filter((path) => !WANTED.some((pattern) => pattern.test(path))),
      [],
    );
    for (const pattern of WANTED)
      assert.ok(
        files.some((path) => pattern.test(path)),
        String(pattern),
      );
  });

  test('has every document that the README links to', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    for (const [, path = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(packed().files.includes(path), path);
    }
  });

  test('needs no other package and no script of npm, names no source map, and has less than 3 MiB', () => {
    assert.deepEqual(MANIFEST.dependencies ?? {}, {});
    // npm 11 warns of them, also of `prepare`, which it does not run here.
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      assert.equal(MANIFEST.scripts[name], undefined, name);
    for (const path of packed().files.filter(
      (each) => each.startsWith('dist/calve/') && each.endsWith('.js'),
    )) {
      const code = readFileSync(join(ROOT, path), 'utf8');
      assert.doesNotMatch(code, /^\/\/# sourceMappingURL/m, path);
      for (const [, name = ''] of code.matchAll(/\brequire\("([^"./][^"]*)"\)/g)) {
        assert.ok(isBuiltin(name), `${path} needs ${name}`);
      }
    }
    const { unpackedSize } = packed();
    assert.ok(unpackedSize < INSTALLED_MAX_BYTES, `${unpackedSize} bytes`);
  });

  test('has the licence of every package in the program', () => {
    const licenses = readFileSync(join(ROOT, 'dist/calve/LICENSES.txt'), 'utf8');
    for (const name of [
      '@aws-sdk/client-glacier',
      '@aws-sdk/client-s3',
      '@smithy/core',
      'commander',
      'ora',
    ]) {
      assert.match(licenses, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((Apache-2\\.0|MIT)\\)$`, 'm'));
    }
    for (const line of ['Apache License', 'Permission is hereby granted']) assert.ok(licenses.includes(line));
  });

  /** Installs the package below `prefix`, without the registry. */
  async function install(t: TestContext) {
    const folder = tempFolder(t);
    const prefix = join(folder, 'prefix');
    const env = emptyHome(folder, join(prefix, 'bin'));
    const line = ['npm', 'install', '--global', '--prefix', prefix, '--offline', packed().tarball];
    return { folder, prefix, env, installed: await run(line, folder, env) };
  }

  test('is installed in an empty home without the registry, a build or a warning, and uploads a file', async (t) => {
    const { folder, prefix, env, installed } = await install(t);
    assert.deepEqual([installed.code, installed.stderr], [0, '']);
    assert.match(installed.stdout, /^\s*added 1 package in /);
    const own = join(prefix, 'lib/node_modules/calve');
    assert.deepEqual(readdirSync(dirname(own)), ['calve']);
    assert.equal(existsSync(join(own, 'node_modules')), false);
    writeFileSync(join(folder, 'file'), 'hello world');
    const uploaded = await run(['calve', 'upload', 'file', 'local://trial'], folder, env);
    assert.equal(uploaded.code, 0, uploaded.stderr);
    assert.match(uploaded.stdout, /^\S{138}\n$/);
    assert.match(uploaded.stderr, /^file: archived, [^\n]*\n$/);
    await t.test('shows its manual', { skip: missingPrograms(['man'], 'man-db') }, async () => {
      for (const page of ['calve', 'calve-upload']) {
        const { code, stdout } = await run(['man', page], folder, env);
        assert.equal(code, 0);
        assert.match(stdout, new RegExp(`^${page.toUpperCase()}\\(1\\).*\\n\\nNAME\\n +${page} +- `));
      }
    });
  });

  test('is run by npx, without an installation', async (t) => {
    const folder = tempFolder(t);
    const env = emptyHome(folder, folder);
    const line = ['npx', '--yes', '--offline', '--package', packed().tarball, 'calve', '--version'];
    const { code, stdout, stderr } = await run(line, folder, env);
    assert.deepEqual([code, stdout, stderr], [0, `${MANIFEST.version}\n`, '']);
  });
});
