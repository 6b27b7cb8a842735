import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { inspectFile, openFile } from '../../src/source/open-file.js';
import { tempFolder } from '../support/temp.js';

function isSource(why: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isFailure(error, 'source'), String(error));
    assert.equal(error.facts.why, why);
    return true;
  };
}

test('a file is opened by its real path, whatever links lead to it', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'real'), 'abc');
  symlinkSync('real', join(folder, 'link'));
  const file = await openFile(join(folder, 'link'));
  assert.equal(file.path, realpathSync(join(folder, 'real')));
  await file.handle.close();
});

test('an empty file can be opened: each service decides whether it takes one', async (t) => {
  const path = join(tempFolder(t), 'empty');
  writeFileSync(path, '');
  const file = await openFile(path);
  assert.equal(file.stats.size, 0n);
  await file.handle.close();
});

test('a file that has bytes although its size reads as 0 is refused', async (t) => {
  if (!existsSync('/proc/version')) return t.skip('only Linux has such files in /proc');
  await assert.rejects(openFile('/proc/version'), isSource('no-size'));
  await assert.rejects(inspectFile('/proc/version'), isSource('no-size'));
});

test('a file is synced before it is looked at, so that later writes to mapped memory show, and it need not succeed', async (t) => {
  const path = join(tempFolder(t), 'mapped');
  writeFileSync(path, 'abc');
  const probe = await open(path, 'r');
  const prototype: FileHandle = Object.getPrototypeOf(probe);
  await probe.close();
  const calls: string[] = [];
  const { stat } = prototype;
  t.mock.method(prototype, 'datasync', async () => {
    calls.push('datasync');
    throw new Error('EROFS: read-only file system');
  });
  t.mock.method(prototype, 'stat', function (this: FileHandle, ...words: Parameters<typeof stat>) {
    calls.push('stat');
    return stat.apply(this, words);
  });
  const file = await openFile(path);
  assert.deepEqual(calls.slice(0, 2), ['datasync', 'stat']);
  await file.handle.close();
});

test('a path without a file is missing: no entry, a dangling link, a file in place of a folder', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'file'), 'abc');
  symlinkSync('nowhere', join(folder, 'dangling'));
  for (const path of ['none', 'dangling', 'file/below']) {
    await assert.rejects(openFile(join(folder, path)), isSource('missing'));
  }
});

test('folders, devices, sockets and FIFOs are not regular, and a FIFO does not block', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'folder'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  const socket = createServer().listen(join(folder, 'socket'));
  await new Promise((resolve) => socket.once('listening', resolve));
  t.after(() => socket.close());
  await assert.rejects(openFile(join(folder, 'folder')), isSource('folder'));
  for (const path of [join(folder, 'fifo'), join(folder, 'socket'), '/dev/null']) {
    await assert.rejects(openFile(path), isSource('not-regular'));
  }
});

test('a ring of links is unreadable', async (t) => {
  const folder = tempFolder(t);
  symlinkSync('b', join(folder, 'a'));
  symlinkSync('a', join(folder, 'b'));
  await assert.rejects(openFile(join(folder, 'a')), isSource('unreadable'));
});

test('a file that the user may not read is unreadable', { skip: process.getuid?.() === 0 }, async (t) => {
  const path = join(tempFolder(t), 'secret');
  writeFileSync(path, 'abc');
  chmodSync(path, 0);
  await assert.rejects(openFile(path), isSource('unreadable'));
});

test('the stats of a file that was written just now are read again after a tick of the file clock', async (t) => {
  const path = join(tempFolder(t), 'fresh');
  writeFileSync(path, 'abc');
  const file = await openFile(path);
  assert.ok(Date.now() - Number(file.stats.ctimeMs) >= 20);
  await file.handle.close();
});

test('a file with times in the future is opened without waiting', async (t) => {
  const path = join(tempFolder(t), 'future');
  writeFileSync(path, 'abc');
  utimesSync(path, 4_000_000_000, 4_000_000_000);
  const startedMs = Date.now();
  const file = await openFile(path);
  assert.ok(Date.now() - startedMs < 1000);
  await file.handle.close();
});
