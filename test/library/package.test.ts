/** The packed package, as another program installs it: its modules, its types, and the silence of its functions. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { examplesOf } from '../support/document-examples.js';
import { shared } from '../support/shared.js';
import { type Cleanup, tempFolder } from '../support/temp.js';

const ROOT = join(import.meta.dirname, '../../..');
const TOOLS = join(ROOT, 'node_modules/.bin');

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, command: string, ...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(command, words, { cwd, timeout: 120_000 }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`${command} ${words.join(' ')}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}

interface Installed {
  readonly folder: string;
  readonly tarball: string;
}

/** Packs without scripts: the build would replace the tests that run. */
async function install(t: Cleanup): Promise<Installed> {
  const folder = tempFolder(t);
  const pack = ['pack', ROOT, '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { stdout } = await run(folder, 'npm', ...pack);
  const tarball = join(folder, stdout.trim());
  const modules = join(folder, 'node_modules/calve');
  mkdirSync(modules, { recursive: true });
  await run(folder, 'tar', '-xzf', tarball, '--strip-components=1', '-C', modules);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  return { folder, tarball };
}

const SILENT = `
import { CalveError, hash, upload, verify } from 'calve';
import { startEmulator } from 'calve/emulator';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const require = createRequire(import.meta.url);
const events = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'exit', 'beforeExit', 'warning', 'unhandledRejection'];
const listeners = () => events.map((event) => process.listenerCount(event)).join();
const before = [listeners(), process.exitCode, process.argv.join(), JSON.stringify(process.umask())];
const emulator = await startEmulator({ vaults: ['photos'], faults: ['unavailable@upload-part:2'] });
const folder = process.argv[2];
const place = {
  stateDir: join(folder, 'state'),
  catalogue: join(folder, 'catalogue'),
  endpointUrl: emulator.url,
  region: emulator.region,
  credentials: emulator.credentials,
  retryDelay: 10,
};
const file = join(folder, 'file');
writeFileSync(file, Buffer.alloc(24 * 1024 * 1024, 'x'));
await Promise.all([
  upload(file, 'glacier://photos', { ...place, partSize: '1M' }),
  upload(Buffer.from('bytes'), 'glacier://photos', place),
]);
const { signal } = new AbortController();
await Promise.all(Array.from({ length: 20 }, () => hash(file, { signal })));
await verify(file, place);
const error = await upload(join(folder, 'missing'), 'glacier://photos', place).catch((failure) => failure);
await emulator.close();
const after = [listeners(), process.exitCode, process.argv.join(), JSON.stringify(process.umask())];
const required = require('calve');
const facts = {
  same: required.upload === upload && required.CalveError === CalveError,
  isError: error instanceof required.CalveError && error.kind === 'source',
  isUntouched: before.join() === after.join(),
};
process.once('exit', () => writeSync(1, JSON.stringify({ ...facts, exitCode: process.exitCode ?? 0 })));
`;

const CONSUMER = `
import {
  type Archive, type Audited, audit, CalveError, hash, listUploads, type PlaceOptions, resume, upload, verify,
} from 'calve';
import { type Emulator, startEmulator } from 'calve/emulator';
import { createReadStream } from 'node:fs';

const place: PlaceOptions = { region: 'eu-west-1', stateDir: '/tmp/state', readTimeout: 1000, requestHeader: ['a=b'] };

export async function main(): Promise<void> {
  const emulator: Emulator = await startEmulator({ vaults: ['photos'], faults: ['reset'], port: 0 });
  const archive: Archive = await upload(createReadStream('a'), 'glacier://photos', { ...place, partSize: 2 ** 20 });
  const size: number = archive.size;
  await resume('a');
  await resume('a', 'glacier://photos', { ...place, uploadId: 'id' });
  for await (const entry of listUploads('glacier://photos', place)) entry.local?.partsDone.toFixed(size);
  for await (const row of audit('glacier://photos')) {
    if (row.type === 'audited') show(row);
    else row.missing.toFixed();
  }
  await upload(new Uint8Array(1), 'glacier://photos', {
    signal: AbortSignal.timeout(1),
    onEvent: async (event) => {
      if (event.type === 'part') event.sizeBytes.toFixed();
      // @ts-expect-error: an event without a type of its own has no size
      event.sizeBytes;
    },
    credentials: () => ({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: process.env['TOKEN'] }),
  });
  // @ts-expect-error: a target is missing
  await upload('a');
  // @ts-expect-error: a source is no number
  await upload(1, 'glacier://photos');
  // @ts-expect-error: the option has another name
  await upload('a', 'glacier://photos', { partSizeBytes: 1 });
  // @ts-expect-error: an option of another type
  await upload('a', 'glacier://photos', { fresh: 'yes' });
  // @ts-expect-error: an upload is named by its id
  await resume('a', 'glacier://photos', {});
  // @ts-expect-error: bytes are not the name of an upload
  await resume(new Uint8Array(1));
  // @ts-expect-error: a stream cannot be compared again
  await verify(createReadStream('a'));
  // @ts-expect-error: results cannot be changed
  archive.size = 1;
  // @ts-expect-error: the emulator has no such option
  await startEmulator({ vault: 'photos' });
  await hash('a').catch((error: unknown) => {
    if (CalveError.is(error) && error.kind === 'checksum') error.facts.expected.trim();
    if (CalveError.is(error, 'busy')) error.facts.holder.trim();
    // @ts-expect-error: nothing is known of the error
    error.kind;
  });
  await emulator.close();
}

function show(row: Audited): void {
  row.heldSize?.toFixed();
}
`;

const ALONE = `
import { type Archive, upload, verify } from 'calve';
import { startEmulator } from 'calve/emulator';

const emulator = await startEmulator({ vaults: ['photos'], dataDir: null, credentials: null });
export const archive: Archive = await upload('a', 'glacier://photos', { endpointUrl: emulator.url, signal: null });
export const match: true = (await verify('a')).match;
await emulator.close();
`;

const WEB = `
import { upload } from 'calve';

const { body } = await fetch('https://example.com');
if (body !== null) await upload(body, 'glacier://photos', { signal: AbortSignal.timeout(1000) });
await upload(new Blob(['bytes']).stream(), 'glacier://photos');
await upload(new URL('file:///a'), 'glacier://photos');
`;

const COMPILER = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
};

describe('The packed package', () => {
  const installed = shared(install);

  test('has what publint and attw want of its modules and types', async () => {
    const { folder, tarball } = installed();
    await run(folder, join(TOOLS, 'publint'), 'run', tarball, '--strict');
    await run(folder, join(TOOLS, 'attw'), tarball, '--profile', 'strict');
  });

  test('prints nothing, leaves the process as it was, and lets it end', async () => {
    const { folder } = installed();
    writeFileSync(join(folder, 'silent.mjs'), SILENT);
    const { stdout, stderr } = await run(folder, process.execPath, 'silent.mjs', folder);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), { same: true, isError: true, isUntouched: true, exitCode: 0 });
  });

  test('has types that a strict program compiles with, as an ES module and as CommonJS', async () => {
    const { folder } = installed();
    writeFileSync(join(folder, 'consumer.mts'), CONSUMER);
    writeFileSync(join(folder, 'consumer.cts'), CONSUMER);
    for (const language of ['ts', 'js'] as const) {
      const examples = examplesOf('docs/library.md', language);
      assert.ok(examples.length > 0);
      for (const [i, code] of examples.entries()) writeFileSync(join(folder, `${language}-${i}.mts`), code);
    }
    const config = { compilerOptions: COMPILER, include: ['*.mts', '*.cts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await run(folder, join(TOOLS, 'tsc'), '-p', '.');
  });

  test('has types that need no types of Node or of a browser, and no newer library of the language', async () => {
    const { folder } = installed();
    writeFileSync(join(folder, 'alone.mts'), ALONE);
    const compilerOptions = { ...COMPILER, types: [], lib: ['es2022'] };
    writeFileSync(join(folder, 'alone.json'), JSON.stringify({ compilerOptions, include: ['alone.mts'] }));
    await run(folder, join(TOOLS, 'tsc'), '-p', 'alone.json');
    // With the types of a browser, its streams are sources.
    writeFileSync(join(folder, 'web.mts'), WEB);
    const web = { ...COMPILER, types: [], lib: ['es2022', 'dom'] };
    writeFileSync(join(folder, 'web.json'), JSON.stringify({ compilerOptions: web, include: ['web.mts'] }));
    await run(folder, join(TOOLS, 'tsc'), '-p', 'web.json');
  });

  test('has one copy of the SDK, and types that name no file which it lacks', async () => {
    const { folder } = installed();
    const dist = join(folder, 'node_modules/calve/dist/calve');
    const files = readdirSync(dist);
    const code = files
      .filter((name) => name.endsWith('js'))
      .map((name) => readFileSync(join(dist, name), 'utf8'));
    for (const name of ['GlacierClient', 'S3Client', 'SignatureV4', 'TransferError']) {
      const definition = new RegExp(`\\b${name} = class |\\bclass ${name} `);
      assert.equal(code.filter((text) => definition.test(text)).length, 1, name);
    }
    for (const name of files.filter((each) => /\.d\.m?ts$/.test(each))) {
      const text = readFileSync(join(dist, name), 'utf8');
      for (const [, path = ''] of text.matchAll(/from ["'](.*?)["']/g)) {
        assert.ok(files.includes(path.replace(/^\.\//, '').replace(/\.js$/, '.d.ts')), `${name}: ${path}`);
      }
      assert.doesNotMatch(text, /dist\/|\bsrc\//, name);
    }
  });
});
