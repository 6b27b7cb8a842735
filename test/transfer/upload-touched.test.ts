import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { TransferError } from '../../src/core/failures.js';
import { flipped, replaceKeepingTimes, roundTimes } from './replaced-file.js';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  interrupt,
  isDied,
  oneByOne,
  PART_BYTES,
  PARTS,
  rig,
} from './rig.js';

after(closeSources);

test('the upload of a touched file is resumed after its recorded parts are compared, but only once', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  chmodSync(bench.file, 0o640);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'sendPart') throw new Died('interrupted');
  };
  await assert.rejects(bench.upload(), isDied);
  assert.equal(bench.notice('comparing-again').parts, 3);
  bench.hooks.before = null;
  bench.forgetEvents();
  const result = await bench.upload();
  assert.deepEqual(bench.notices(), []);
  assert.deepEqual([result.partsSent, result.partsReused], [2, 3]);
  assertArchives(bench, bench.bytes);
});

test('the upload of a file replaced by one with the same bytes, size and time is resumed', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  const uploadId = await interrupt(bench, 3);
  replaceKeepingTimes(bench, bench.bytes);
  const result = await bench.upload();
  assert.deepEqual([result.entry.uploadId, result.partsReused], [uploadId, 3]);
  assertArchives(bench, bench.bytes);
});

test('a file replaced by one with other bytes of the same size and time is sent as another version', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  const uploadId = await interrupt(bench, 3);
  const other = flipped(bench.bytes, 2 * PART_BYTES + 5);
  replaceKeepingTimes(bench, other);
  const result = await bench.upload();
  assert.notEqual(result.entry.uploadId, uploadId);
  assert.equal(bench.notice('older-version-unfinished').uploadId, uploadId);
  assertArchives(bench, other);
});

test('a touched file that cannot be read does not count as another version', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  chmodSync(bench.file, 0o640);
  const { openSource } = bench.session();
  const failure = new TransferError('source', { path: bench.file, why: 'unreadable', detail: 'EIO' });
  const failing: typeof openSource = async (path) => ({
    ...(await openSource(path)),
    prepare: async () => {
      throw failure;
    },
  });
  await assert.rejects(bench.upload({}, { openSource: failing }), failsAs('source', { why: 'unreadable' }));
  assert.deepEqual([bench.calls.createUpload, bench.journals().length], [1, 1]);
  assert.deepEqual(bench.notices(), ['comparing-again']);
});

test('a file that changes while it is sent ends in no archive', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, index }) => {
    if (operation === 'sendPart' && index === 2) appendFileSync(bench.file, 'x');
  };
  await assert.rejects(bench.upload(), failsAs('source', { why: 'changed' }));
  assert.equal(bench.calls.complete, 0);
  assert.deepEqual(bench.vault.archives, []);
});

test('a file that shrinks while it is sent ends in no archive', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 1) writeFileSync(bench.file, 'short');
  };
  await assert.rejects(bench.upload({}, oneByOne), failsAs('source', { why: 'changed' }));
  assert.equal(bench.calls.complete, 0);
});

test('a file replaced during the upload by one with the same bytes and time is read again and archived', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) replaceKeepingTimes(bench, bench.bytes);
  };
  const { entry } = await bench.upload();
  assert.deepEqual(bench.notices(), ['comparing-again']);
  assertArchives(bench, bench.bytes);
  bench.forgetEvents();
  assert.equal((await bench.upload()).entry.archiveId, entry.archiveId);
  assert.deepEqual(
    bench.notices(),
    ['already-archived'],
    'the newer fingerprint is the one in the catalogue',
  );
});

test('a file replaced during the upload by other bytes of the same size and time ends in no archive', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) replaceKeepingTimes(bench, flipped(bench.bytes, 0));
  };
  await assert.rejects(bench.upload(), failsAs('source', { why: 'changed' }));
  assert.equal(bench.calls.complete, 0);
});

test('a file that changes again while it is read again ends in no archive', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) chmodSync(bench.file, 0o640);
  };
  const { openSource } = bench.session();
  let opened = 0;
  const restless: typeof openSource = async (path) => {
    const source = await openSource(path);
    opened += 1;
    if (opened > 1) chmodSync(bench.file, 0o600);
    return source;
  };
  await assert.rejects(bench.upload({}, { openSource: restless }), failsAs('source', { why: 'changed' }));
  assert.deepEqual([opened, bench.calls.complete], [2, 0]);
});

test('a file that is deleted during the upload ends in no archive', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === PARTS) rmSync(bench.file);
  };
  await assert.rejects(bench.upload(), failsAs('source', { why: 'changed' }));
  assert.equal(bench.calls.complete, 0);
});
