import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { allEntries } from '../support/all-entries.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  HOUR_MS,
  interrupt,
  isDied,
  loseCompleteAnswer,
  PART_BYTES,
  PARTS,
  rig,
} from './rig.js';

after(closeSources);

test('a complete request whose response was lost is repeated first, and the archive id is the same', async (t) => {
  const bench = rig(t);
  await loseCompleteAnswer(bench);
  const before = { ...bench.calls };
  const result = await bench.upload();
  assert.equal(result.entry.archiveId, bench.vault.archives[0]?.archiveId);
  assert.deepEqual(
    [result.partsSent, result.partsReused, result.resumed, result.skipped],
    [0, PARTS, true, false],
  );
  assert.deepEqual(bench.notices(), ['completing-again']);
  assert.deepEqual({ ...bench.calls, complete: before.complete }, before, 'nothing else was asked');
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('the next run sends a complete request that was never sent', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('before it was sent');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.before = null;
  assert.equal((await bench.upload()).partsSent, 0);
  assertArchives(bench, bench.bytes);
});

test('a completed archive is recorded even if the file changed afterwards, and the new version is sent', async (t) => {
  const bench = rig(t);
  await loseCompleteAnswer(bench);
  appendFileSync(bench.file, 'more');
  const slow = { ...bench.session().target };
  const begin: typeof slow.createUpload = (request, signal) => {
    bench.clock.advance(1000);
    return slow.createUpload(request, signal);
  };
  const result = await bench.upload({}, { target: { ...slow, createUpload: begin } });
  assert.deepEqual([result.partsSent, result.resumed], [PARTS, false]);
  const more = Buffer.concat([bench.bytes, Buffer.from('more')]);
  assertArchives(bench, bench.bytes, more);
  const entries = await allEntries(bench.session().catalogue);
  assert.deepEqual(
    entries.map(({ plan, treeHash }) => [plan.sizeBytes, treeHash]),
    [bench.bytes, more].map((bytes) => [bytes.length, vaultTreeHash(bytes)]),
  );
  assert.deepEqual(bench.journals(), []);
});

test('a missing upload that may have been completed ends as gone, and no second upload is created', async (t) => {
  const bench = rig(t);
  await loseCompleteAnswer(bench);
  bench.vault.forgetEndings();
  bench.clock.advance(48 * HOUR_MS);
  const completing = { sizeBytes: bench.bytes.length, treeHash: vaultTreeHash(bench.bytes) };
  for (const run of [() => bench.upload(), () => bench.resume(), () => bench.upload()]) {
    await assert.rejects(run(), failsAs('gone', { completing }));
  }
  assert.deepEqual([bench.calls.createUpload, bench.journals().length], [1, 1]);
});

test('a complete request that finds no upload ends as gone with size and hash, and no upload is created', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, uploadId }) => {
    if (operation === 'complete') bench.vault.drop(String(uploadId));
  };
  const completing = { sizeBytes: bench.bytes.length, treeHash: vaultTreeHash(bench.bytes) };
  await assert.rejects(bench.upload(), failsAs('gone', { completing }));
  assert.equal(bench.calls.createUpload, 1);
});

test('a missing upload is not created again if a damaged journal line may record a complete request', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  appendFileSync(bench.journalPath(), '{"type":"comp\n');
  bench.vault.drop(uploadId);
  bench.clock.advance(48 * HOUR_MS);
  const completing = { sizeBytes: bench.bytes.length, treeHash: null };
  await assert.rejects(bench.upload(), failsAs('gone', { completing }));
  assert.equal(bench.notice('journal-damaged').lines, 1);
  assert.equal(bench.calls.createUpload, 1);
});

test('--fresh sends a file again whose archive may exist, and from then on the file counts as archived', async (t) => {
  const bench = rig(t);
  await loseCompleteAnswer(bench);
  bench.vault.forgetEndings();
  await assert.rejects(bench.upload(), failsAs('gone'));
  bench.clock.advance(60_000);
  const fresh = await bench.upload({ fresh: true });
  const again = await bench.upload();
  assert.deepEqual([again.skipped, again.entry.archiveId], [true, fresh.entry.archiveId]);
  assert.deepEqual([bench.calls.createUpload, bench.journals()], [2, []]);
});

test('an archive of an older version does not prove that the newer version was completed', async (t) => {
  const bench = rig(t);
  await bench.upload();
  appendFileSync(bench.file, 'more');
  await loseCompleteAnswer(bench);
  bench.vault.forgetEndings();
  for (let n = 0; n < 2; n += 1) await assert.rejects(bench.upload(), failsAs('gone'));
  assert.deepEqual([bench.calls.createUpload, bench.journals().length], [2, 1]);
});

test('after a refused complete request the parts are listed again, and a wrong part is sent again', async (t) => {
  const bench = rig(t);
  let spoilt = false;
  bench.hooks.before = ({ operation, uploadId }) => {
    if (operation !== 'complete' || spoilt) return;
    spoilt = true;
    bench.vault.put(String(uploadId), PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  };
  const result = await bench.upload();
  assert.deepEqual([bench.calls.complete, result.partsSent, result.resumed], [2, PARTS + 1, false]);
  assertArchives(bench, bench.bytes);
});

test('a complete request that is refused twice ends as a checksum mismatch, and the next run resumes the upload', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, uploadId }) => {
    if (operation !== 'complete') return;
    bench.vault.put(String(uploadId), PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  };
  await assert.rejects(bench.upload(), failsAs('checksum', { what: 'archive' }));
  assert.equal(bench.calls.complete, 2);
  bench.hooks.before = null;
  const [known] = await bench.session().state.all();
  assert.equal(known?.completing, null);
  assert.equal((await bench.upload()).partsSent, 1);
  assertArchives(bench, bench.bytes);
});

test('a refused complete request without a wrong part ends as a checksum mismatch at once', async (t) => {
  const bench = rig(t);
  const refusal = new TransferError(
    'checksum',
    { what: 'archive', index: null, expected: 'a', got: 'b' },
    {
      service: {
        httpStatus: 400,
        code: 'InvalidParameterValueException',
        message: null,
        requestId: null,
        hostId: null,
        resource: null,
      },
    },
  );
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw refusal;
  };
  await assert.rejects(bench.upload(), (error) => error === refusal);
  assert.equal(bench.calls.complete, 1);
});

test('a complete request of an earlier run that is refused leads to a resume that sends the wrong part again', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('before it was sent');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.before = null;
  const [uploadId = ''] = bench.vault.uploads.keys();
  bench.vault.put(uploadId, 0, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused, bench.calls.createUpload], [1, PARTS - 1, 1]);
  assertArchives(bench, bench.bytes);
});

test('an archive that was created with another hash is reported as such in every run, also if a later complete would succeed', async (t) => {
  const bench = rig(t);
  const wrong = new TransferError(
    'checksum',
    { what: 'archive', index: null, expected: 'a', got: 'b' },
    {
      service: {
        httpStatus: 201,
        code: null,
        message: null,
        requestId: null,
        hostId: null,
        resource: 'archive-1',
      },
    },
  );
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw wrong;
  };
  await assert.rejects(bench.upload(), (error) => error === wrong);
  bench.hooks.after = null;
  for (const run of [() => bench.upload(), () => bench.resume()]) {
    await assert.rejects(run(), (error) => {
      assert.ok(isFailure(error, 'checksum'), String(error));
      const { facts, context } = error;
      assert.deepEqual([facts.expected, facts.got, context.resumable], ['a', 'b', false]);
      return true;
    });
  }
  assert.deepEqual([bench.calls.createUpload, bench.vault.archives.length], [1, 1]);
  assert.ok((await bench.session().state.all())[0]?.completing);
});

test('an upload during which the clock is set back takes no negative time', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') bench.clock.set(-1_800_000);
  };
  const { durationMs } = await bench.upload();
  assert.ok(durationMs >= 0, `${durationMs} ms`);
});
