import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { hashThreads } from '../../src/source/hash-threads.js';
import { tempFolder } from '../support/temp.js';

const neverAborted = new AbortController().signal;
const request = { path: '/x', startByte: 0, sizeBytes: 3, buffer: null, wants: 'both' as const };
const abcHash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('a thread that dies rejects its job, and the next jobs are rejected in the same way', async () => {
  const threads = hashThreads(1, join(import.meta.dirname, 'fixtures/dying-worker.js'));
  const jobs = [0, 1, 0, 1].map((startByte) => threads.hash({ ...request, startByte, fd: 0 }, neverAborted));
  for (const outcome of await Promise.allSettled(jobs)) {
    assert.equal(outcome.status, 'rejected');
    assert.ok(isFailure(outcome.reason, 'bug'), String(outcome.reason));
  }
  await threads.close();
});

test('a read that the system refuses fails as unreadable, with the system’s reason', async (t) => {
  const folder = openSync(tempFolder(t), 'r');
  t.after(() => closeSync(folder));
  const threads = hashThreads(1);
  await assert.rejects(threads.hash({ ...request, fd: folder }, neverAborted), (error) => {
    assert.ok(isFailure(error, 'source'));
    assert.equal(error.facts.why, 'unreadable');
    assert.match(String(error.facts.detail), /EISDIR/);
    return true;
  });
  await threads.close();
});

test('closing rejects the waiting jobs, and can be repeated', async (t) => {
  const path = join(tempFolder(t), 'abc');
  writeFileSync(path, 'abc');
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  const threads = hashThreads(1);
  const jobs = [1, 2, 3, 4].map(() => threads.hash({ ...request, fd }, neverAborted));
  const outcomes = Promise.allSettled(jobs);
  await threads.close();
  await threads.close();
  assert.equal((await outcomes).length, 4);
  await assert.rejects(threads.hash({ ...request, fd }, neverAborted));
});

test('a waiting job is rejected at once when its signal is aborted, and the other jobs are done', async (t) => {
  const path = join(tempFolder(t), 'abc');
  writeFileSync(path, 'abc');
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  const threads = hashThreads(1);
  const stop = new AbortController();
  const first = threads.hash({ ...request, fd }, neverAborted);
  const dropped = threads.hash({ ...request, fd }, stop.signal);
  const last = threads.hash({ ...request, fd }, neverAborted);
  stop.abort(new Error('not needed'));
  await assert.rejects(dropped, /not needed/);
  assert.equal((await first).linearHash, abcHash);
  assert.equal((await last).treeHash, abcHash);
  await threads.close();
});
