import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import type { ByteStream } from '../../src/transfer/ports/source.js';
import { type ResumeStreamOptions, resumeStream } from '../../src/transfer/resume-stream.js';
import type { ArchiveResult, Session } from '../../src/transfer/session.js';
import { uploadStream } from '../../src/transfer/upload-stream.js';
import { seededBytes } from '../support/bytes.js';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  interrupt,
  isDied,
  PART_BYTES,
  PARTS,
  type Rig,
  rig,
  SIZE_BYTES,
} from './rig.js';

after(closeSources);

function streamOf(bytes: Buffer, end: () => Promise<void> = async () => undefined): ByteStream {
  return {
    bytes: (async function* () {
      for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
    })(),
    confirmEnd: end,
    close: async () => undefined,
  };
}

/** Creates an upload that only the service knows, and puts these parts of the bytes into it. @returns its id */
function leaveParts(bench: Rig, indexes: readonly number[], bytes = bench.bytes): string {
  const request = { plan: { partSizeBytes: PART_BYTES }, description: 'standard input' };
  const uploadId = bench.vault.createUpload(request, '2026-01-02T03:04:05.000Z');
  for (const index of indexes) {
    const startByte = index * PART_BYTES;
    bench.vault.put(uploadId, startByte, Buffer.from(bytes.subarray(startByte, startByte + PART_BYTES)));
  }
  return uploadId;
}

function resume(
  bench: Rig,
  uploadId: string,
  stream: Buffer | ByteStream,
  more: Partial<ResumeStreamOptions & Pick<Session, 'concurrency'>> = {},
): Promise<ArchiveResult> {
  const { concurrency = 3, ...options } = more;
  return resumeStream(
    bench.session({ concurrency }),
    { uploadId, name: null, partSizeBytes: null, isPartSizeTyped: false, ...options },
    Buffer.isBuffer(stream) ? streamOf(stream) : stream,
  );
}

/** Asserts that nothing was completed, and that the same line with the right bytes makes the archive. */
async function assertStillResumable(bench: Rig, uploadId: string): Promise<void> {
  assertArchives(bench);
  assert.deepEqual(bench.journals(), []);
  await resume(bench, uploadId, bench.bytes);
  assertArchives(bench, bench.bytes);
}

test('the parts that the service holds are not sent again when the stream comes once more', async (t) => {
  const bench = rig(t);
  const uploadId = leaveParts(bench, [0, 1, 3]);
  const { entry, partsSent, partsReused, resumed } = await resume(bench, uploadId, bench.bytes);
  assert.deepEqual([partsSent, partsReused, resumed], [2, 3, true]);
  assert.deepEqual([bench.calls.sendPart, bench.calls.createUpload], [2, 0]);
  assert.deepEqual([entry.uploadId, entry.description], [uploadId, 'standard input']);
  assert.deepEqual(entry.identity.source, { kind: 'stream', name: '-' });
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('a longer stream adds parts, and a short last part is replaced', async (t) => {
  const bench = rig(t);
  const longer = Buffer.concat([bench.bytes, seededBytes(MIB_BYTES, 3)]);
  const uploadId = leaveParts(bench, [0, 4]);
  const { partsReused } = await resume(bench, uploadId, longer);
  assert.equal(partsReused, 1);
  assert.equal(bench.notice('part-differs').index, 4);
  assertArchives(bench, longer);
});

const wrong: Record<string, { held: readonly number[]; other: (bytes: Buffer) => Buffer; told: RegExp }> = {
  'a stream that ends before a part on the service': {
    held: [0, 3],
    other: (bytes) => bytes.subarray(0, 2 * PART_BYTES + 9),
    told: /ended after 2097161 bytes, and the service has part 3/,
  },
  'a stream that ends before the first part on the service': {
    held: [2],
    other: (bytes) => bytes.subarray(0, PART_BYTES + 9),
    told: /ended after 1048585 bytes, and the service has part 2/,
  },
  'a stream that ends within a part on the service': {
    held: [0, 1],
    other: (bytes) => bytes.subarray(0, 2 * PART_BYTES - 1),
    told: /ended after 2097151 bytes, and the service has part 1/,
  },
  'another stream': {
    held: [0, 1],
    other: () => seededBytes(SIZE_BYTES, 99),
    told: /part 0, the first one that the service holds, has other bytes/,
  },
  'another stream, whose first part on the service is not the first of all': {
    held: [2, 3],
    other: () => seededBytes(SIZE_BYTES, 99),
    told: /part 2, the first one that the service holds, has other bytes/,
  },
};
for (const [name, { held, other, told }] of Object.entries(wrong)) {
  test(`${name} completes nothing, and leaves the upload to the right one`, async (t) => {
    const bench = rig(t);
    const uploadId = leaveParts(bench, held);
    await assert.rejects(resume(bench, uploadId, other(bench.bytes)), (error) => {
      failsAs('source', { why: 'other-upload', path: '-' })(error);
      assert.match(String((error as Error).message), told);
      return true;
    });
    if (name.startsWith('another')) assert.equal(bench.calls.sendPart, 0);
    await assertStillResumable(bench, uploadId);
  });
}

test('a stream that differs after its first part replaces what differs, and a notice says so once', async (t) => {
  const bench = rig(t);
  const uploadId = leaveParts(bench, [0, 1, 2, 3]);
  const other = Buffer.concat([bench.bytes.subarray(0, PART_BYTES), seededBytes(SIZE_BYTES - PART_BYTES, 5)]);
  const { partsSent, partsReused } = await resume(bench, uploadId, other, { concurrency: 1 });
  assert.deepEqual([partsSent, partsReused], [PARTS - 1, 1]);
  // Hashing threads finish in any order, so that another part may be compared before part 2.
  assert.ok([1, 2, 3].includes(bench.notice('part-differs').index));
  assertArchives(bench, other);
});

test('more parts are missing before the first one on the service than the run has lanes: it is found all the same', async (t) => {
  const bench = rig(t);
  const uploadId = leaveParts(bench, [4]);
  const { partsReused } = await resume(bench, uploadId, bench.bytes, { concurrency: 2 });
  assert.equal(partsReused, 1);
  assertArchives(bench, bench.bytes);
});

test('an upload without a part takes the whole stream, with the part size of the vault', async (t) => {
  const bench = rig(t);
  const { entry } = await resume(bench, leaveParts(bench, []), bench.bytes, { partSizeBytes: 4 * MIB_BYTES });
  assert.deepEqual([entry.plan.partSizeBytes, entry.plan.partCount], [PART_BYTES, PARTS]);
});

test('a part size that is not that of the upload is refused if it was typed', async (t) => {
  const bench = rig(t);
  const size = { partSizeBytes: 4 * MIB_BYTES, isPartSizeTyped: true };
  await assert.rejects(resume(bench, leaveParts(bench, [0]), bench.bytes, size), failsAs('usage'));
});

test('a stream that fails leaves the upload with the parts that were sent, and names the line that continues', async (t) => {
  const bench = rig(t);
  const uploadId = leaveParts(bench, [0]);
  const failing = streamOf(bench.bytes, async () => {
    throw new Died('the command failed');
  });
  await assert.rejects(resume(bench, uploadId, failing), isDied);
  assert.equal(bench.calls.abort, 0);
  const { partsReused } = await resume(bench, uploadId, bench.bytes);
  assert.equal(partsReused, PARTS);
});

test('an upload that the service does not know is not found, and nothing is created', async (t) => {
  const bench = rig(t);
  await assert.rejects(resume(bench, 'no-such-id', bench.bytes), failsAs('not-found', { what: 'upload' }));
  assert.equal(bench.calls.createUpload, 0);
});

test('an upload that this machine knows for a file takes no stream', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench);
  await assert.rejects(
    resume(bench, uploadId, bench.bytes),
    failsAs('source', { why: 'other-upload', path: '-' }),
  );
  assert.equal(bench.journals().length, 1);
});

/** Sends a whole stream with a name, and dies before or after complete was sent. @returns the upload id */
async function dieAtComplete(bench: Rig, when: 'before' | 'after'): Promise<string> {
  bench.hooks[when] = ({ operation }) => {
    if (operation === 'complete') throw new Died('the machine stopped');
  };
  const options = { name: 'db.sql', partSizeBytes: PART_BYTES, description: null, expectedSizeBytes: null };
  const sending = uploadStream(bench.session(), { ...options, allowEmpty: false }, streamOf(bench.bytes));
  await assert.rejects(sending, isDied);
  bench.hooks[when] = null;
  return bench.log.find(({ operation }) => operation === 'complete')?.uploadId ?? '';
}

test('an upload whose archive may exist is completed again, and its stream is not read', async (t) => {
  const bench = rig(t);
  const uploadId = await dieAtComplete(bench, 'after');
  const unread = streamOf(Buffer.alloc(0), () => Promise.reject(new Died('the stream was read')));
  const { entry } = await resume(bench, uploadId, unread);
  assert.deepEqual(entry.identity.source, { kind: 'stream', name: 'db.sql' });
  assertArchives(bench, bench.bytes);
});

test('a part that was replaced on the service is sent again from the stream, with the recorded name', async (t) => {
  const bench = rig(t);
  const uploadId = await dieAtComplete(bench, 'before');
  bench.vault.put(uploadId, PART_BYTES, Buffer.alloc(PART_BYTES, 1));
  await assert.rejects(bench.resume(), (error) => failsAs('source', { why: 'read-once' })(error));
  const { entry, partsSent } = await resume(bench, uploadId, bench.bytes);
  assert.deepEqual([entry.identity.source, partsSent], [{ kind: 'stream', name: 'db.sql' }, 1]);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('each run with the same name of a stream makes an archive, with the name as its description', async (t) => {
  const bench = rig(t);
  const options = { name: 'db.sql', partSizeBytes: PART_BYTES, description: null, expectedSizeBytes: null };
  const send = () => uploadStream(bench.session(), { ...options, allowEmpty: false }, streamOf(bench.bytes));
  const ids = [await send(), await send()].map(({ entry }) => entry.archiveId);
  assert.equal(new Set(ids).size, 2);
  assert.deepEqual(
    bench.vault.archives.map(({ description }) => description),
    ['db.sql', 'db.sql'],
  );
  const known = await bench.session().catalogue.findByArchiveId(ids[0] ?? '');
  assert.deepEqual(
    known.map(({ identity }) => identity.source),
    [{ kind: 'stream', name: 'db.sql' }],
  );
});
