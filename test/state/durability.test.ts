import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp.js';

/**
 * Returns the system calls that a script made on files below a folder: `fsync uploads`, `rename tmp
 * jsonl`. Null when strace is missing.
 */
function traceCalls(t: TestContext, script: string): string[] | null {
  const folder = tempFolder(t);
  const trace = join(folder, 'trace');
  const dist = join(import.meta.dirname, '..', '..');
  const calls = 'trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat';
  const program = `
    const { openStateStore } = await import(process.argv[1] + '/src/state/state-store.js');
    const { openCatalogue } = await import(process.argv[1] + '/src/state/catalogue.js');
    const { sampleHead, sampleEntry, hashOf } = await import(process.argv[1] + '/test/state/samples.js');
    const store = openStateStore(process.argv[2] + '/state');
    const catalogue = openCatalogue(process.argv[2] + '/archives');
    ${script}`;
  const node = [process.execPath, '--input-type=module', '-e', program, dist, folder];
  try {
    execFileSync('strace', ['-f', '-y', '-s', '24', '-e', calls, '-o', trace, ...node], { stdio: 'pipe' });
  } catch (error) {
    t.skip(`cannot trace: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return null;
  }
  const lines = readFileSync(trace, 'utf8').split('\n');
  return lines.filter((line) => line.includes(folder) && !line.includes('resumed>')).map(asWords);
}

/** Turns `123 fsync(21</tmp/x/state/v2/uploads>) = 0` into `fsync uploads`. */
function asWords(line: string): string {
  const name = /^\d+ +(\w+)\(/.exec(line)?.[1]?.replace(/^pwrite64$/, 'write') ?? line;
  const paths = [...line.matchAll(/<(\/[^>]*)>|"(\/[^"]*)"/g)].map((match) => match[1] ?? match[2] ?? '');
  const record = /\{\\"type\\":\\"([a-z]+)/.exec(line)?.[1];
  const short = paths.map((path) =>
    basename(path)
      .replace(/^\.tmp-.*/, 'tmp')
      .replace(/^[0-9a-f]{16}-[0-9a-f]{16}\./, ''),
  );
  return [name, ...short, ...(record === undefined ? [] : [record])].join(' ');
}

test('a journal is on disk, with its name, before it is used, and records that must not be lost are synced', (t) => {
  const calls = traceCalls(
    t,
    `const journal = await store.create(sampleHead());
     await journal.recordPart(0, { treeHash: hashOf(0), linearHash: null });
     await journal.recordPart(1, { treeHash: hashOf(1), linearHash: null });
     await journal.recordCompleting({ sizeBytes: 100_000_000, treeHash: hashOf('whole') });
     await journal.recordReopened();
     await journal.recordFingerprint(sampleHead().fingerprint);
     await journal.remove();`,
  );
  if (calls === null) return;
  const folders = calls.splice(
    0,
    calls.findIndex((call) => call.startsWith('write')),
  );
  assert.deepEqual(folders.slice(1), ['fsync state', 'fsync v2']);
  assert.deepEqual(calls, [
    'write tmp head',
    'fsync tmp',
    'rename tmp jsonl',
    'fsync uploads',
    'write jsonl part',
    'write jsonl part',
    'write jsonl completing',
    'fsync jsonl',
    'write jsonl reopened',
    'fsync jsonl',
    'write jsonl fingerprint',
    'fsync jsonl',
    'unlink jsonl',
    'fsync uploads',
  ]);
});

test('an entry of the catalogue is on disk, with its name, when it is recorded', (t) => {
  const calls = traceCalls(
    t,
    `await catalogue.record(sampleEntry());
     await catalogue.record(sampleEntry());
     await catalogue.forget("archive-1");`,
  );
  if (calls === null) return;
  const folders = ['fsync archives', 'fsync v2'];
  const recorded = ['write tmp archive', 'fsync tmp', 'rename tmp json', 'fsync f3'];
  const again = calls.slice(1 + folders.length);
  assert.deepEqual(calls.slice(1), [...folders, ...again], 'the folders are created once');
  assert.deepEqual(again, [...recorded, ...recorded, 'unlink json', 'fsync f3']);
});

test('proving the catalogue writable writes and syncs a file as large as any entry', (t) => {
  const calls = traceCalls(t, 'await catalogue.proveWritable();');
  if (calls === null) return;
  // The folders of the entries take one sync together.
  const folders = ['fsync archives', 'fsync v2'];
  assert.deepEqual(calls.slice(1), [...folders, 'write tmp', 'fsync tmp', 'fsync v2', 'unlink tmp']);
});
