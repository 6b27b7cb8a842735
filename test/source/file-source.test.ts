import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer as collect } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { type PartPlan, partRange } from '../../src/core/part-plan.js';
import { treeHashOf } from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { sourceOpener } from '../../src/source/source-pool.js';
import type { Source, WantedHashes } from '../../src/transfer/ports/source.js';
import { seededBytes } from '../support/bytes.js';
import { tempFolder } from '../support/temp.js';

const neverAborted = new AbortController().signal;
// Every lane listens to this signal, as to the signal of a whole run.
setMaxListeners(0, neverAborted);

async function openBytes(t: TestContext, bytes: Uint8Array, concurrency = 2): Promise<Source> {
  const path = join(tempFolder(t), 'photos.tar');
  writeFileSync(path, bytes);
  const opener = sourceOpener({ concurrency });
  t.after(() => opener.close());
  const source = await opener.open(path);
  t.after(() => source.close());
  return source;
}

function planOf(sizeBytes: number, partSizeBytes: number): PartPlan {
  return { sizeBytes, partSizeBytes, partCount: Math.ceil(sizeBytes / partSizeBytes) };
}

const wanted: WantedHashes = { hashes: ['sha256'] };

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const sizeBytes of [1, MIB_BYTES - 1, MIB_BYTES, MIB_BYTES + 1, 4 * MIB_BYTES, 9 * MIB_BYTES + 17]) {
  test(`a file of ${sizeBytes} bytes comes in parts whose bytes and hashes are the file's`, async (t) => {
    const bytes = seededBytes(sizeBytes, sizeBytes);
    const source = await openBytes(t, bytes);
    const plan = planOf(sizeBytes, 4 * MIB_BYTES);
    for (let index = 0; index < plan.partCount; index += 1) {
      const range = partRange(plan, index);
      const part = await source.prepare(range, plan.partSizeBytes, neverAborted, wanted);
      const expected = bytes.subarray(range.startByte, range.endByte + 1);
      assert.ok(expected.equals(part.body() as Buffer), `bytes of part ${index}`);
      assert.equal(part.digests.sha256, sha256(expected));
      assert.equal(part.treeHash, treeHashOf(expected));
      part.release();
    }
  });
}

test('parts that are prepared at the same time do not mix their bytes', async (t) => {
  const bytes = seededBytes(24 * MIB_BYTES + 5, 7);
  const source = await openBytes(t, bytes, 3);
  const plan = planOf(bytes.length, MIB_BYTES);
  await Promise.all(
    Array.from({ length: plan.partCount }, async (_, index) => {
      const range = partRange(plan, index);
      const part = await source.prepare(range, plan.partSizeBytes, neverAborted, wanted);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(sha256(part.body() as Buffer), part.digests.sha256);
      assert.equal(part.digests.sha256, sha256(bytes.subarray(range.startByte, range.endByte + 1)));
      part.release();
    }),
  );
});

test('a part larger than what is held comes as a stream of exactly its bytes, as often as it is requested', async (t) => {
  const bytes = seededBytes(3 * MIB_BYTES + 11, 9);
  const source = await openBytes(t, bytes);
  const part = await source.prepare(
    partRange(planOf(bytes.length, 128 * MIB_BYTES), 0),
    128 * MIB_BYTES,
    neverAborted,
    wanted,
  );
  assert.equal(part.digests.sha256, sha256(bytes));
  assert.equal(part.treeHash, treeHashOf(bytes));
  for (const attempt of [1, 2]) {
    assert.ok(bytes.equals(await collect(part.body() as Readable)), `attempt ${attempt}`);
  }
  part.release();
});

test('a streamed part starts and ends where its range says', async (t) => {
  const bytes = seededBytes(5 * MIB_BYTES, 10);
  const source = await openBytes(t, bytes);
  const range = { index: 1, startByte: MIB_BYTES + 3, endByte: 3 * MIB_BYTES, sizeBytes: 2 * MIB_BYTES - 2 };
  const part = await source.prepare(range, 128 * MIB_BYTES, neverAborted, wanted);
  const expected = bytes.subarray(range.startByte, range.endByte + 1);
  assert.ok(expected.equals(await collect(part.body() as Readable)));
  assert.equal(part.treeHash, treeHashOf(expected));
});

test('prepare waits while all buffers are out, and continues when one is released', async (t) => {
  const bytes = seededBytes(12 * MIB_BYTES, 3);
  const source = await openBytes(t, bytes, 1);
  const plan = planOf(bytes.length, MIB_BYTES);
  // One lane and one thread: two buffers.
  const first = await source.prepare(partRange(plan, 0), MIB_BYTES, neverAborted, wanted);
  await source.prepare(partRange(plan, 1), MIB_BYTES, neverAborted, wanted);
  let third = 'waiting';
  const waiting = source.prepare(partRange(plan, 2), MIB_BYTES, neverAborted, wanted).then(() => {
    third = 'prepared';
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(third, 'waiting');
  first.release();
  first.release();
  await waiting;
  // The second release must not free a second buffer.
  const stop = new AbortController();
  let fourth = 'waiting';
  const refused = source.prepare(partRange(plan, 3), MIB_BYTES, stop.signal, wanted).then(
    () => {
      fourth = 'prepared';
    },
    (error: Error) => {
      fourth = error.message;
    },
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(fourth, 'waiting');
  stop.abort(new Error('stopped by hand'));
  await refused;
  assert.equal(fourth, 'stopped by hand');
});

test('an aborted wait loses no buffer: later parts still find all of them', async (t) => {
  const bytes = seededBytes(6 * MIB_BYTES, 4);
  const source = await openBytes(t, bytes, 1);
  const plan = planOf(bytes.length, MIB_BYTES);
  for (let round = 0; round < 5; round += 1) {
    const stop = new AbortController();
    const prepared = [0, 1, 2, 3].map((index) =>
      source.prepare(partRange(plan, index), MIB_BYTES, stop.signal, wanted),
    );
    stop.abort(new Error('stopped'));
    for (const each of await Promise.allSettled(prepared)) assert.equal(each.status, 'rejected');
  }
  const both = await Promise.all(
    [0, 1].map((index) => source.prepare(partRange(plan, index), MIB_BYTES, neverAborted, wanted)),
  );
  assert.equal(both.length, 2);
});

test('an aborted signal stops the hashing of a part, with the reason of the signal', async (t) => {
  const path = join(tempFolder(t), 'sparse');
  writeFileSync(path, '');
  truncateSync(path, 4096 * MIB_BYTES);
  const opener = sourceOpener({ concurrency: 1 });
  t.after(() => opener.close());
  const source = await opener.open(path);
  t.after(() => source.close());
  const stop = new AbortController();
  const range = partRange(planOf(4096 * MIB_BYTES, 4096 * MIB_BYTES), 0);
  const hashing = source.prepare(range, 4096 * MIB_BYTES, stop.signal, wanted);
  setTimeout(() => stop.abort(new Error('enough')), 50);
  const startedMs = Date.now();
  await assert.rejects(hashing, /enough/);
  assert.ok(Date.now() - startedMs < 2000, 'hashing all of it takes far longer');
});

test('a file that became shorter fails as changed, in memory and as a stream', async (t) => {
  const bytes = seededBytes(4 * MIB_BYTES, 5);
  const source = await openBytes(t, bytes);
  const plan = planOf(bytes.length, 128 * MIB_BYTES);
  const streamed = await source.prepare(partRange(plan, 0), 128 * MIB_BYTES, neverAborted, wanted);
  truncateSync(source.path, 2 * MIB_BYTES + 100);
  const isChanged = (error: unknown): boolean => isFailure(error, 'source') && error.facts.why === 'changed';
  await assert.rejects(source.prepare(partRange(plan, 0), 4 * MIB_BYTES, neverAborted, wanted), isChanged);
  await assert.rejects(collect(streamed.body() as Readable), isChanged);
  const beyond = { index: 3, startByte: 3 * MIB_BYTES, endByte: 4 * MIB_BYTES - 1, sizeBytes: MIB_BYTES };
  await assert.rejects(source.prepare(beyond, MIB_BYTES, neverAborted, wanted), isChanged);
});

test('a part that is streamed from a file finds that the file changed, and one in memory does not look', async (t) => {
  const source = await openBytes(t, seededBytes(MIB_BYTES, 5));
  const plan = planOf(MIB_BYTES, 128 * MIB_BYTES);
  const streamed = await source.prepare(partRange(plan, 0), 128 * MIB_BYTES, neverAborted, wanted);
  const held = await source.prepare(partRange(plan, 0), MIB_BYTES, neverAborted, wanted);
  await streamed.assertUnchanged();
  appendFileSync(source.path, 'x');
  const isChanged = (error: unknown): boolean => isFailure(error, 'source') && error.facts.why === 'changed';
  await assert.rejects(streamed.assertUnchanged(), isChanged);
  await held.assertUnchanged();
});

test('a released part refuses to give a body, because its memory may hold another part', async (t) => {
  const source = await openBytes(t, seededBytes(100, 1));
  const part = await source.prepare(partRange(planOf(100, MIB_BYTES), 0), MIB_BYTES, neverAborted, wanted);
  part.release();
  assert.throws(() => part.body(), /bug/);
});

test('closing ends the reads in progress, and can be repeated', async (t) => {
  const bytes = seededBytes(4 * MIB_BYTES, 5);
  const source = await openBytes(t, bytes);
  const plan = planOf(bytes.length, 128 * MIB_BYTES);
  const part = await source.prepare(partRange(plan, 0), 128 * MIB_BYTES, neverAborted, wanted);
  const stream = part.body() as Readable;
  stream.on('error', () => undefined);
  stream.resume();
  const hashing = source.prepare(partRange(plan, 0), 128 * MIB_BYTES, neverAborted, wanted);
  await Promise.all([assert.rejects(hashing), source.close(), source.close()]);
  assert.ok(stream.destroyed);
});

test('a source has the name and the times that the file had when it was opened', async (t) => {
  const path = join(tempFolder(t), 'a b.tar');
  writeFileSync(path, 'x');
  utimesSync(path, 1_700_000_000, 1_700_000_000.25);
  const opener = sourceOpener({ concurrency: 1 });
  const source = await opener.open(path);
  assert.equal(source.baseName, 'a b.tar');
  assert.equal(basename(source.path), 'a b.tar');
  assert.equal(source.mtimeMs, 1_700_000_000_250);
  assert.equal(source.fingerprint.mtimeNs, '1700000000250000000');
  assert.equal(source.fingerprint.sizeBytes, 1);
  await source.close();
  await opener.close();
});

const changes: Record<string, { change(path: string): void; sameness: string }> = {
  'is left alone': { change: () => undefined, sameness: 'same' },
  'was given another mode': { change: (path) => chmodSync(path, 0o600), sameness: 'touched' },
  'grew by a byte': { change: (path) => appendFileSync(path, 'x'), sameness: 'changed' },
  'was overwritten with as many other bytes': {
    change: (path) => writeFileSync(path, 'abd'),
    sameness: 'changed',
  },
  'was removed': { change: (path) => rmSync(path), sameness: 'changed' },
  'was moved away': { change: (path) => renameSync(path, `${path}.old`), sameness: 'changed' },
  'was replaced by a copy with the same times': {
    change(path) {
      rmSync(path);
      writeFileSync(path, 'abc');
      utimesSync(path, 1_700_000_000, 1_700_000_000);
    },
    sameness: 'touched',
  },
};
for (const [what, { change, sameness }] of Object.entries(changes)) {
  test(`a file that ${what} is ${sameness}`, async (t) => {
    const path = join(tempFolder(t), 'file');
    writeFileSync(path, 'abc');
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const opener = sourceOpener({ concurrency: 1 });
    const source = await opener.open(path);
    change(path);
    assert.equal(await source.compareNow(), sameness);
    await source.close();
    await opener.close();
  });
}

test('a write right after opening is seen, even within one tick of the file clock', async (t) => {
  const folder = tempFolder(t);
  const opener = sourceOpener({ concurrency: 1 });
  for (let round = 0; round < 10; round += 1) {
    const path = join(folder, `file-${round}`);
    writeFileSync(path, 'aaa');
    const source = await opener.open(path);
    writeFileSync(path, 'bbb');
    assert.equal(await source.compareNow(), 'changed', `round ${round}`);
    await source.close();
  }
  await opener.close();
});
