import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { isFailure } from '../../src/core/failures.js';
import { sharedBytes } from '../../src/core/memory.js';
import { GIB_BYTES, MIB_BYTES } from '../../src/core/units.js';
import type { HashRequest } from '../../src/source/hash-part.js';
import { type HashThreads, hashThreads } from '../../src/source/hash-threads.js';
import { seededBytes } from '../support/bytes.js';
import { watchStderr } from '../support/printed.js';
import { tempFolder } from '../support/temp.js';

const neverAborted = new AbortController().signal;
const request = { path: '/x', startByte: 0, sizeBytes: 3, buffer: null, wants: ['tree', 'sha256'] as const };
const abcHash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

const digest = (name: string, bytes: Uint8Array): Buffer => createHash(name).update(bytes).digest();

function opened(t: TestContext, bytes: Uint8Array | string): number {
  const path = join(tempFolder(t), 'file');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  return fd;
}

function closedAtEnd(t: TestContext, threads: HashThreads): HashThreads {
  t.after(() => threads.close());
  return threads;
}

/** Threads of which one runs already, and takes small jobs, too. */
function startedThread(t: TestContext, workerPath?: string): HashThreads {
  const threads = closedAtEnd(t, hashThreads(1, workerPath, 0));
  threads.expect(1, GIB_BYTES);
  return threads;
}

test('a thread that dies rejects its job, and the next jobs are rejected in the same way', async (t) => {
  const threads = startedThread(t, join(import.meta.dirname, 'fixtures/dying-worker.js'));
  const jobs = [0, 1, 0, 1].map((startByte) => threads.hash({ ...request, startByte, fd: 0 }, neverAborted));
  for (const outcome of await Promise.allSettled(jobs)) {
    assert.equal(outcome.status, 'rejected');
    assert.ok(isFailure(outcome.reason, 'bug'), String(outcome.reason));
    assert.match(outcome.reason.facts.detail, /^a hashing thread (failed: out of memory|ended with 3)$/);
  }
});

test('a warning in a thread is not printed', async (t) => {
  const printed = watchStderr(t);
  const threads = startedThread(t, join(import.meta.dirname, 'fixtures/noisy-worker.js'));
  await threads.hash({ ...request, fd: 0 }, neverAborted);
  await threads.close();
  assert.equal(printed(), '');
});

test('closing rejects the waiting jobs, and can be repeated', async (t) => {
  const fd = opened(t, 'abc');
  const threads = startedThread(t);
  const jobs = [1, 2, 3, 4].map(() => threads.hash({ ...request, fd }, neverAborted));
  const outcomes = Promise.allSettled(jobs);
  await threads.close();
  await threads.close();
  assert.equal((await outcomes).length, 4);
  await assert.rejects(threads.hash({ ...request, fd }, neverAborted));
});

test('a job that is larger than the work of a main thread is hashed in a thread', async (t) => {
  const dying = join(import.meta.dirname, 'fixtures/dying-worker.js');
  const threads = closedAtEnd(t, hashThreads(2, dying));
  const hash = (sizeBytes: number) =>
    threads.hash({ ...request, fd: opened(t, 'abc'), sizeBytes }, neverAborted);
  assert.equal((await hash(3)).tree, abcHash);
  await assert.rejects(hash(5 * MIB_BYTES), (error) => isFailure(error, 'bug'));
});

for (const [where, ready] of [
  ['a thread', (t: TestContext) => startedThread(t)],
  ['the main thread', (t: TestContext) => closedAtEnd(t, hashThreads(1))],
] as const) {
  describe(`In ${where}`, () => {
    test('a read that the system refuses fails as unreadable, with the system’s reason', async (t) => {
      const folder = openSync(tempFolder(t), 'r');
      t.after(() => closeSync(folder));
      await assert.rejects(ready(t).hash({ ...request, fd: folder }, neverAborted), (error) => {
        assert.ok(isFailure(error, 'source'));
        assert.equal(error.facts.why, 'unreadable');
        assert.match(String(error.facts.detail), /EISDIR/);
        return true;
      });
    });

    test('a file that ends before the range does fails as changed', async (t) => {
      const job = ready(t).hash({ ...request, fd: opened(t, 'ab') }, neverAborted);
      await assert.rejects(job, (error) => {
        assert.ok(isFailure(error, 'source'));
        assert.equal(error.facts.why, 'changed');
        assert.match(String(error.facts.detail), /ends at byte 2/);
        return true;
      });
    });

    test('an aborted job is rejected with the reason, and the other jobs are done', async (t) => {
      const fd = opened(t, 'abc');
      const threads = ready(t);
      const stop = new AbortController();
      const first = threads.hash({ ...request, fd }, neverAborted);
      const dropped = threads.hash({ ...request, fd }, stop.signal);
      const last = threads.hash({ ...request, fd }, neverAborted);
      stop.abort(new Error('not needed'));
      await assert.rejects(dropped, /not needed/);
      assert.equal((await first).sha256, abcHash);
      assert.equal((await last).tree, abcHash);
    });

    test('bytes and hashes of a range are the same as in the other place', async (t) => {
      const bytes = seededBytes(2 * MIB_BYTES + 10, 5);
      const fd = opened(t, bytes);
      const sizeBytes = MIB_BYTES + 3;
      const jobs: readonly Omit<HashRequest, 'path' | 'fd' | 'startByte' | 'sizeBytes'>[] = [
        { buffer: sharedBytes(2 * MIB_BYTES), wants: ['tree', 'sha256', 'md5', 'crc32'] },
        { buffer: null, wants: ['tree'] },
        { buffer: sharedBytes(sizeBytes), wants: [] },
      ];
      const threads = ready(t);
      const results = [];
      for (const job of jobs) {
        results.push(await threads.hash({ path: '/x', fd, startByte: 7, sizeBytes, ...job }, neverAborted));
        if (job.buffer === null) continue;
        assert.ok(bytes.subarray(7, 7 + sizeBytes).equals(job.buffer.subarray(0, sizeBytes)));
      }
      const range = bytes.subarray(7, 7 + sizeBytes);
      const leaves = [range.subarray(0, MIB_BYTES), range.subarray(MIB_BYTES)].map((leaf) =>
        digest('sha256', leaf),
      );
      const tree = digest('sha256', Buffer.concat(leaves)).toString('hex');
      const [sha256, md5] = ['sha256', 'md5'].map((name) => digest(name, range).toString('hex'));
      assert.deepEqual(results, [
        { tree, sha256, md5, crc32: crc32(range).toString(16).padStart(8, '0') },
        { tree },
        {},
      ]);
    });
  });
}
