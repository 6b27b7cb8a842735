/**
 * Runs the `*.test.js` below this folder with Node's test runner. Words on the command line choose files by a part of
 * their path. `--unit` chooses the files that start no program and end soon, so that they can run after every edit.
 * Without words, the files of `--slow` are left out.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const UNIT_FOLDERS = ['core', 'transfer', 'state', 'source', 'ui', 'targets', 'emulator', 'docs'];
/** Files in those folders that start programs, measure memory or move many bytes. */
const NOT_UNIT_FILES = new Set([
  'docs/command-lines',
  'docs/costs',
  'docs/library',
  'docs/manual',
  'docs/options',
  'emulator/faults/faults',
  'emulator/handlers/complete',
  'emulator/handlers/jobs',
  'emulator/handlers/parts',
  'emulator/handlers/uploads',
  'emulator/interop',
  'emulator/store/crash',
  'emulator/store/memory',
  'emulator/store/shared-folder',
  'state/durability',
  'state/full-disk',
  'state/large-journal',
  'state/lock',
  'state/ownership',
  'targets/buckets',
  'targets/contract',
  'transfer/long-list',
  'transfer/parts/many-parts',
]);
/** Files of `npm run test:slow`. `npm test` has every command, document and example, and the unit tests. */
const SLOW_FILES = new Set([
  // Other servers, and other clients.
  'e2e/bucket-streams',
  'e2e/buckets',
  'e2e/checksums',
  'e2e/fleet-buckets',
  'e2e/interop',
  'e2e/odd-stores',
  'e2e/put-object',
  'e2e/rgw',
  'e2e/store-limits',
  'emulator/interop',
  'emulator/older-clients',
  'targets/buckets',
  'targets/s3-checksums',
  // A kill or a stop at one instant after another, and samples of the campaigns.
  'chaos/chaos',
  'e2e/crash-files',
  'e2e/crash-points',
  'e2e/crash-random',
  'e2e/crash-sweep',
  'e2e/killed-streams',
  'e2e/resumed-streams',
  'e2e/same-instant',
  'e2e/signals',
  'e2e/stopped-streams',
  'emulator/store/crash',
  'emulator/store/shared-folder',
  'soak/soak',
  // One fault after another: of the service, of the line, of files, of the state, and of the command line.
  'e2e/bad-files',
  'e2e/bad-input',
  'e2e/bad-service',
  'e2e/bad-state',
  'e2e/catalogue-files',
  'e2e/changing-files',
  'e2e/credentials',
  'e2e/empty-environment',
  'e2e/exhausted',
  'e2e/failing-close',
  'e2e/hostile-text',
  'e2e/hyphen-ids',
  'e2e/no-answer',
  'e2e/proxy',
  'e2e/retries',
  'e2e/secrets',
  'e2e/security',
  'e2e/sending-threads',
  'e2e/service-response',
  'e2e/service-side',
  'e2e/slow-line',
  'e2e/tampered-state',
  'e2e/waiting',
  'targets/hostile-answers',
]);
/** Files that take long begin first, so that none of them is left alone at the end. */
const LONG_FILES = [
  'e2e/guides',
  'examples/fleet',
  'e2e/buckets',
  'targets/buckets',
  'e2e/crash-points',
  'e2e/signals',
  'e2e/slow-line',
];
/** Tests also wait: for time-outs, for locks and for the programs that they start. */
const CONCURRENCY = 4;
const MEMORY_DISK = '/dev/shm';
const TEST_FILES_MAX_BYTES = 6 * 1024 ** 3;
/** This file watches the warnings of its process, so that it cannot share one. */
const ALONE = 'transfer/parts/pipeline';
/** Processes that share the other unit tests. */
const UNIT_SHARDS = 3;

const here = import.meta.dirname;
const sources = join(here, '../../test');

/** Returns the names of all test files, as in `core/units`. A compiled file without a source is an old one. */
function testNames(): string[] {
  return readdirSync(here, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => relative(here, join(entry.parentPath, entry.name)).replace(/\.test\.js$/, ''))
    .filter((name) => existsSync(join(sources, `${name}.test.ts`)))
    .sort();
}

function isUnit(name: string): boolean {
  return UNIT_FOLDERS.some((folder) => name.startsWith(`${folder}/`)) && !NOT_UNIT_FILES.has(name);
}

/**
 * Writes a few modules that import the test files, so that unit tests share the start of a process and its imports.
 * @returns the paths of what is to be run
 */
function writeShards(files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const folder = join(here, 'unit-shards');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const alone = files.filter((file) => file.endsWith(`${ALONE}.test.js`));
  const others = files.filter((file) => !alone.includes(file));
  const shards = Array.from({ length: UNIT_SHARDS }, (_, shard) => {
    const path = join(folder, `shard-${shard}.js`);
    const mine = others.filter((_, index) => index % UNIT_SHARDS === shard);
    writeFileSync(path, mine.map((file) => `import ${JSON.stringify(file)};\n`).join(''));
    return path;
  });
  return [...alone, ...shards];
}

/**
 * Creates a folder in memory for the files of the tests, which sync them often: a disk makes the tests wait.
 * @returns null where memory has no room for them, as in many containers
 */
function memoryFolder(): string | null {
  if (process.env['TMPDIR'] !== undefined || !existsSync(MEMORY_DISK)) return null;
  const { bavail, bsize } = statfsSync(MEMORY_DISK);
  return bavail * bsize < TEST_FILES_MAX_BYTES ? null : mkdtempSync(join(MEMORY_DISK, 'calve-tests-'));
}

const all = testNames();
for (const name of [...NOT_UNIT_FILES, ...SLOW_FILES])
  if (!all.includes(name)) throw new Error(`there is no test file ${name}`);
const [isUnitRun, isSlowRun] = ['--unit', '--slow'].map((word) => process.argv.includes(word));
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));

/** Returns true for a file that this run is about. */
function isChosen(name: string): boolean {
  if (isUnitRun) return isUnit(name) && !SLOW_FILES.has(name);
  if (words.length > 0) return words.some((word) => `${name}.test.js`.includes(word));
  return SLOW_FILES.has(name) === isSlowRun;
}

const names = all.filter(isChosen);
if (names.length === 0) throw new Error(`no test file matches ${words.join(' ')}`);

const pathOf = (name: string): string => join(here, `${name}.test.js`);
const shared = words.length === 0 ? names.filter(isUnit) : [];
const single = names.filter((name) => !shared.includes(name));
const early = (name: string): number => LONG_FILES.indexOf(name) + 1 || LONG_FILES.length + 1;
single.sort((a, b) => early(a) - early(b));

const memory = memoryFolder();
if (memory !== null) {
  process.env['TMPDIR'] = memory;
  process.once('exit', () => rmSync(memory, { recursive: true, force: true }));
}
// Node reads these certificates at every start, and nothing on loopback needs them.
delete process.env['NODE_EXTRA_CA_CERTS'];
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
run({ files: [...writeShards(shared.map(pathOf)), ...single.map(pathOf)], concurrency: CONCURRENCY })
  .on('test:fail', () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
