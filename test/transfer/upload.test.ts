import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { seededBytes } from '../support/bytes.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  HOUR_MS,
  interrupt,
  isDied,
  oneByOne,
  PART_BYTES,
  PARTS,
  type Rig,
  rig,
  unavailable,
} from './rig.js';

after(closeSources);

/** Lets complete do its work, and lose the answer for good. */
async function loseCompleteAnswer(bench: Rig): Promise<void> {
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('the answer was lost');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.after = null;
  bench.forgetEvents();
}

/** The same size and mtime, other bytes: what only reading shows. */
function replaceKeepingTimes(bench: Rig, bytes: Buffer): void {
  const { atime, mtime } = statSync(bench.file);
  utimesSync(bench.file, atime, mtime);
  const twin = `${bench.file}.twin`;
  writeFileSync(twin, bytes);
  utimesSync(twin, atime, mtime);
  renameSync(twin, bench.file);
}

/** mtime in whole ms, so that utimes can set it again to the ns. */
function roundTimes(bench: Rig): void {
  utimesSync(bench.file, new Date(1_700_000_000_000), new Date(1_700_000_000_000));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const other = Buffer.from(bytes);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

test('a file becomes one archive, byte for byte, and is in the catalogue with no journal left', async (t) => {
  const bench = rig(t);
  const { entry, ...counts } = await bench.upload();
  assertArchives(bench, bench.bytes);
  const { durationMs: _, ...rest } = counts;
  assert.deepEqual(rest, { partsSent: PARTS, partsReused: 0, resumed: false, skipped: false });
  assert.equal(entry.archiveId, bench.vault.archives[0]?.archiveId);
  assert.equal(entry.treeHash, vaultTreeHash(bench.bytes));
  assert.equal(bench.vault.archives[0]?.description, 'photos.tar');
  assert.deepEqual(bench.journals(), []);
  assert.deepEqual(await bench.session().catalogue.all(), [entry]);
  assert.deepEqual(bench.notices(), []);
  assert.equal(bench.calls.listPartsPage, 0, 'a new upload holds nothing that could be listed');
});

test('a file of one byte becomes an archive, and an empty one is refused before anything is sent', async (t) => {
  const bench = rig(t, 1);
  await bench.upload();
  assertArchives(bench, bench.bytes);
  writeFileSync(bench.file, '');
  await assert.rejects(bench.upload(), failsAs('source', { why: 'empty' }));
  assert.equal(bench.calls.createUpload, 1);
});

test('the parts of an interrupted upload are not sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused, result.resumed], [2, 3, true]);
  assert.equal(result.entry.uploadId, uploadId);
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('a part that the service took and the journal missed is compared, not sent again', async (t) => {
  const bench = rig(t);
  bench.hooks.after = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) throw new Died('before the part was recorded');
  };
  await assert.rejects(bench.upload({}, oneByOne), isDied);
  bench.hooks.after = null;
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused], [2, 3]);
  assert.equal(bench.calls.sendPart, PARTS);
  assertArchives(bench, bench.bytes);
});

test('a part that the service took wrongly and the journal missed is sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.vault.put(uploadId, 3 * PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused], [3, 2]);
  assertArchives(bench, bench.bytes);
});

test('a part that the service lists with another hash than it confirmed is sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  bench.vault.put(uploadId, PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused], [3, 2]);
  assertArchives(bench, bench.bytes);
});

test('an upload that the journal vouches for stays this file’s, even when nothing of it fits any more', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 1);
  bench.vault.open(uploadId).parts.clear();
  bench.vault.put(uploadId, 3 * PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.entry.uploadId, result.partsSent], [uploadId, PARTS]);
  assertArchives(bench, bench.bytes);
});

test('a journal that cannot be opened leaves no lock behind', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 1);
  const { state } = bench.session();
  const path = bench.journalPath();
  const journal = readFileSync(path);
  writeFileSync(path, 'damaged\n');
  await assert.rejects(bench.adopt(uploadId), failsAs('state'));
  writeFileSync(path, journal);
  await (await state.openUpload(uploadId, { waitMs: 0, signal: new AbortController().signal })).close();
});

test('a file that the catalogue has here is not sent again: its id is given, and that is said', async (t) => {
  const bench = rig(t);
  const first = await bench.upload();
  bench.clock.advance(48 * HOUR_MS);
  const again = await bench.upload();
  assert.equal(again.skipped, true);
  assert.deepEqual(again.entry, first.entry);
  const { archiveId, archivedAt } = bench.notice('already-archived');
  assert.deepEqual([archiveId, archivedAt], [first.entry.archiveId, first.entry.archivedAt]);
  assert.deepEqual([bench.calls.createUpload, bench.calls.sendPart], [1, PARTS]);
});

test('a catalogued file that was only touched is read and compared, once', async (t) => {
  const bench = rig(t);
  const first = await bench.upload();
  chmodSync(bench.file, 0o640);
  assert.equal((await bench.upload()).entry.archiveId, first.entry.archiveId);
  assert.deepEqual(bench.notices(), ['comparing-again', 'already-archived']);
  bench.forgetEvents();
  assert.equal((await bench.upload()).skipped, true);
  assert.deepEqual(bench.notices(), ['already-archived'], 'the new fingerprint was recorded');
});

test('a catalogued file with the same size and time but other bytes is sent', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  await bench.upload();
  const other = flipped(bench.bytes, 3 * MIB_BYTES);
  replaceKeepingTimes(bench, other);
  assert.equal((await bench.upload()).skipped, false);
  assertArchives(bench, bench.bytes, other);
});

test('a changed file is another version: it is sent, and both are in the catalogue', async (t) => {
  const bench = rig(t);
  await bench.upload();
  appendFileSync(bench.file, 'more');
  await bench.upload();
  assertArchives(bench, bench.bytes, Buffer.concat([bench.bytes, Buffer.from('more')]));
  assert.equal((await bench.session().catalogue.all()).length, 2);
});

test('the unfinished upload of an older version is named with its address, and left alone', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  appendFileSync(bench.file, 'more');
  const result = await bench.upload();
  assert.notEqual(result.entry.uploadId, uploadId);
  const { address } = bench.notice('older-version-unfinished');
  const { targetIdentity: target, connection } = bench.session();
  assert.deepEqual(address, { uploadId, target, connection });
  assertArchives(bench, Buffer.concat([bench.bytes, Buffer.from('more')]));
  assert.equal(bench.journals().length, 1);
  assert.ok(bench.vault.uploads.has(uploadId));
  assert.equal(bench.calls.abort, 0);
});

test('--fresh begins a new upload beside an unfinished one, and names that', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.clock.advance(1000);
  const result = await bench.upload({ fresh: true });
  assert.deepEqual([result.partsSent, result.partsReused, result.resumed], [PARTS, 0, false]);
  assert.equal(bench.notice('left-unfinished').uploadId, uploadId);
  assertArchives(bench, bench.bytes);
  assert.equal((await bench.upload()).skipped, true, 'the archive is newer than what is unfinished');
  assert.equal(bench.calls.createUpload, 2);
});

test('--fresh sends a file that the catalogue has', async (t) => {
  const bench = rig(t);
  await bench.upload();
  assert.equal((await bench.upload({ fresh: true })).skipped, false);
  assertArchives(bench, bench.bytes, bench.bytes);
});

test('an unfinished --fresh upload of a catalogued file is gone on with', async (t) => {
  const bench = rig(t);
  await bench.upload();
  bench.clock.advance(1000);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count > PARTS + 2) throw new Died('interrupted');
  };
  await assert.rejects(bench.upload({ fresh: true }, oneByOne), isDied);
  bench.hooks.before = null;
  const result = await bench.upload();
  assert.deepEqual([result.skipped, result.partsReused, result.partsSent], [false, 2, PARTS - 2]);
  assertArchives(bench, bench.bytes, bench.bytes);
});

test('a part size or description that the unfinished upload does not have is refused, naming --fresh', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 1);
  for (const wish of [{ partSizeBytes: 2 * MIB_BYTES }, { description: 'other' }]) {
    const before = { ...bench.calls };
    await assert.rejects(bench.upload(wish), (error) => {
      failsAs('usage')(error);
      assert.match((error as TransferError<'usage'>).facts.hint ?? '', /--fresh/);
      return true;
    });
    assert.deepEqual(bench.calls, before, 'nothing was asked of the service');
  }
  for (const wish of [
    { partSizeBytes: null },
    { partSizeBytes: 'auto' as const, description: 'photos.tar' },
  ]) {
    bench.hooks.before = ({ operation }) => {
      if (operation === 'sendPart') throw new Died('far enough');
    };
    await assert.rejects(bench.upload(wish), isDied);
  }
  assert.equal(bench.calls.createUpload, 1);
});

test('a touched file with the same bytes goes on after its recorded parts were compared, once', async (t) => {
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

test('a file replaced by one of the same bytes, size and time goes on', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  const uploadId = await interrupt(bench, 3);
  replaceKeepingTimes(bench, bench.bytes);
  const result = await bench.upload();
  assert.deepEqual([result.entry.uploadId, result.partsReused], [uploadId, 3]);
  assertArchives(bench, bench.bytes);
});

test('a file replaced by other bytes of the same size and time is another version', async (t) => {
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

test('a touched file that cannot be read is not taken for another version', async (t) => {
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

test('a file replaced while it is sent by one of the same bytes and time is read again, and completed', async (t) => {
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

test('a file replaced while it is sent by other bytes of the same size and time ends in no archive', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) replaceKeepingTimes(bench, flipped(bench.bytes, 0));
  };
  await assert.rejects(bench.upload(), failsAs('source', { why: 'changed' }));
  assert.equal(bench.calls.complete, 0);
});

test('a file that does not come to rest while it is read again ends in no archive', async (t) => {
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

test('a file that is gone when all is sent ends in no archive', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count === PARTS) rmSync(bench.file);
  };
  await assert.rejects(bench.upload(), failsAs('source', { why: 'changed' }));
  assert.equal(bench.calls.complete, 0);
});

test('a complete whose answer was lost is repeated first, and the id is the same', async (t) => {
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

test('a complete that was never sent is sent by the next run', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('before it was sent');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.before = null;
  assert.equal((await bench.upload()).partsSent, 0);
  assertArchives(bench, bench.bytes);
});

test('what was completed is recorded although the file changed since, and the new version is sent', async (t) => {
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
  const entries = await bench.session().catalogue.all();
  assert.deepEqual(
    entries.map(({ plan, treeHash }) => [plan.sizeBytes, treeHash]),
    [bench.bytes, more].map((bytes) => [bytes.length, vaultTreeHash(bytes)]),
  );
  assert.deepEqual(bench.journals(), []);
});

test('an upload that went while it may have been completed is gone, and no second one is begun', async (t) => {
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

test('a complete that finds nothing at once is gone with its size and hash, and nothing is begun', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, uploadId }) => {
    if (operation === 'complete') bench.vault.drop(String(uploadId));
  };
  const completing = { sizeBytes: bench.bytes.length, treeHash: vaultTreeHash(bench.bytes) };
  await assert.rejects(bench.upload(), failsAs('gone', { completing }));
  assert.equal(bench.calls.createUpload, 1);
});

test('a damaged line that may have been completing keeps a missing upload from being begun anew', async (t) => {
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

test('--fresh after such a doubt sends again, and from then on the file counts as archived', async (t) => {
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

test('an archive of an older version does not settle the doubt about a newer one', async (t) => {
  const bench = rig(t);
  await bench.upload();
  appendFileSync(bench.file, 'more');
  await loseCompleteAnswer(bench);
  bench.vault.forgetEndings();
  for (let n = 0; n < 2; n += 1) await assert.rejects(bench.upload(), failsAs('gone'));
  assert.deepEqual([bench.calls.createUpload, bench.journals().length], [2, 1]);
});

test('what an expired upload had recorded is not hashed again', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  const { openSource } = bench.session();
  const known: [number, boolean][] = [];
  const watched: typeof openSource = async (path) => {
    const source = await openSource(path);
    const prepare: typeof source.prepare = (range, partSizeBytes, signal, hashes) => {
      known.push([range.index, hashes !== undefined]);
      return source.prepare(range, partSizeBytes, signal, hashes);
    };
    return { ...source, prepare };
  };
  await bench.upload({}, { openSource: watched });
  assert.deepEqual(
    known,
    [0, 1, 2, 3, 4].map((index) => [index, index < 3]),
  );
  assertArchives(bench, bench.bytes);
});

test("a recorded hash that is not the bytes' is computed again, and the part sent with the right one", async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  const { openSource } = bench.session();
  const wrong = { treeHash: '0'.repeat(64), linearHash: '0'.repeat(64) };
  const misled: typeof openSource = async (path) => {
    const source = await openSource(path);
    const prepare: typeof source.prepare = (range, partSizeBytes, signal, hashes) =>
      source.prepare(range, partSizeBytes, signal, hashes && wrong);
    return { ...source, prepare };
  };
  await bench.upload({}, { openSource: misled });
  assertArchives(bench, bench.bytes);
});

test('an upload idle for a day has expired: it is begun anew once, and that is said', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  bench.vault.drop(uploadId);
  bench.clock.advance(25 * HOUR_MS);
  const result = await bench.upload();
  assert.equal(bench.notice('expired-created-again').uploadId, uploadId);
  assert.deepEqual([result.partsSent, bench.calls.createUpload], [PARTS, 2]);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an expired upload that expires again in the same run is not begun a third time', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  bench.hooks.before = ({ operation, uploadId }) => {
    if (operation !== 'sendPart') return;
    bench.clock.advance(25 * HOUR_MS);
    if (bench.vault.uploads.has(String(uploadId))) bench.vault.drop(String(uploadId));
  };
  await assert.rejects(bench.upload(), failsAs('gone', { completing: null }));
  assert.equal(bench.calls.createUpload, 2);
});

test('an expired upload of a file that was touched has expired all the same', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  const idleSince = new Date(Date.now() - 25 * HOUR_MS);
  utimesSync(bench.journalPath(), idleSince, idleSince);
  chmodSync(bench.file, 0o640);
  await bench.upload();
  assert.deepEqual(bench.notices(), ['comparing-again', 'expired-created-again']);
});

test('an expired upload that cannot be begun anew is still remembered', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'createUpload') throw new Died('no line');
  };
  await assert.rejects(bench.upload(), isDied);
  assert.equal(bench.journals().length, 1, 'a bare resume would pass the file over for ever');
  bench.hooks.before = null;
  await bench.upload();
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an upload aborted between two runs is begun anew by upload', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  bench.vault.drop(uploadId);
  const result = await bench.upload();
  assert.equal(bench.notice('gone-created-again').uploadId, uploadId);
  assert.notEqual(result.entry.uploadId, uploadId);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an upload aborted while it is sent is gone: an operator is not undone', async (t) => {
  for (const begin of [async () => {}, (bench: Rig) => interrupt(bench, 1)]) {
    const bench = rig(t);
    await begin(bench);
    bench.hooks.before = ({ operation, index, uploadId }) => {
      if (operation === 'sendPart' && index === 2) bench.vault.drop(String(uploadId));
    };
    await assert.rejects(bench.upload({}, oneByOne), failsAs('gone', { completing: null }));
    assert.equal(bench.calls.createUpload, 1);
    bench.hooks.before = null;
    await bench.upload();
    assert.deepEqual(bench.notices(), ['gone-created-again'], 'the next run begins anew');
    assertArchives(bench, bench.bytes);
  }
});

test('a journal whose part size is not the service’s is damaged state', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 1);
  const upload = bench.vault.open(uploadId);
  const plan = { ...upload.request.plan, partSizeBytes: 2 * MIB_BYTES };
  bench.vault.uploads.set(uploadId, { ...upload, request: { ...upload.request, plan } });
  const path = bench.journalPath();
  await assert.rejects(bench.upload(), failsAs('state', { why: 'damaged', path }));
  assert.equal(bench.journals().length, 1);
});

test('a refused complete is mended once: what the service holds is looked at again', async (t) => {
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

test('a complete that is refused again ends as a checksum mismatch, and the upload stays open here too', async (t) => {
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

test('a refused complete with nothing to fix ends as a checksum mismatch at once', async (t) => {
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

test('a settled complete that is refused goes on with the upload and mends it', async (t) => {
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

test('an archive that was made with another hash is told as such, and not as an open upload', async (t) => {
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
  for (const run of [() => bench.upload(), () => bench.upload(), () => bench.resume()]) {
    await assert.rejects(run(), (error) => error === wrong);
  }
  assert.deepEqual([bench.calls.createUpload, bench.vault.archives.length], [1, 1]);
  assert.ok((await bench.session().state.all())[0]?.completing);
});

test('a catalogue that cannot be written stops an upload before anything is begun', async (t) => {
  const bench = rig(t);
  rmSync(bench.catalogueFolder, { recursive: true });
  writeFileSync(bench.catalogueFolder, 'not a folder');
  await assert.rejects(bench.upload(), failsAs('state'));
  assert.deepEqual([bench.calls.createUpload, bench.calls.sendPart], [0, 0]);
});

test('a catalogue that fails after complete gives the id, keeps the journal, and the next run records it', async (t) => {
  const bench = rig(t);
  const spare = `${bench.catalogueFolder}.away`;
  bench.hooks.after = ({ operation }) => {
    if (operation !== 'complete') return;
    renameSync(bench.catalogueFolder, spare);
    writeFileSync(bench.catalogueFolder, 'not a folder');
  };
  await assert.rejects(bench.upload(), (error) => {
    failsAs('unrecorded', { archiveId: bench.vault.archives[0]?.archiveId ?? 'none' })(error);
    const { context } = error as TransferError;
    assert.deepEqual(
      [context.file, context.target, context.resumable],
      [bench.file, 'glacier://photos', true],
    );
    return true;
  });
  bench.hooks.after = null;
  assert.equal(bench.journals().length, 1);
  rmSync(bench.catalogueFolder);
  renameSync(spare, bench.catalogueFolder);
  const before = { ...bench.calls };
  const result = await bench.upload();
  assert.equal(result.entry.archiveId, bench.vault.archives[0]?.archiveId);
  assert.deepEqual({ ...bench.calls, complete: before.complete }, before);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
  assert.equal((await bench.session().catalogue.all()).length, 1);
});

test('a run that died between the catalogue entry and the journal’s end needs no service', async (t) => {
  const bench = rig(t);
  const kept = `${bench.folder}/kept.jsonl`;
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') copyFileSync(bench.journalPath(), kept);
  };
  const { entry } = await bench.upload();
  const uploads = join(bench.folder, 'state', 'v2', 'uploads');
  assert.deepEqual(readdirSync(uploads), []);
  const session = bench.session();
  const { uploadId, identity, plan, description, fingerprint } = entry;
  const startedAt = entry.archivedAt;
  const head = {
    uploadId,
    identity,
    connection: session.connection,
    plan,
    description,
    fingerprint,
    startedAt,
  };
  const journal = await session.state.create(head);
  await journal.close();
  copyFileSync(kept, journal.upload.journalPath);
  chmodSync(journal.upload.journalPath, 0o600);
  const before = { ...bench.calls };
  bench.vault.forgetEndings();
  const result = await bench.upload();
  assert.equal(result.entry.archiveId, entry.archiveId);
  assert.deepEqual(bench.calls, before);
  assert.deepEqual(readdirSync(uploads), []);
});

for (const command of ['upload', 'resume'] as const) {
  test(`an upload whose archive the catalogue has is over for ${command}, though its journal lost its end`, async (t) => {
    const bench = rig(t);
    await loseCompleteAnswer(bench);
    const path = bench.journalPath();
    const [head = ''] = readFileSync(path, 'utf8').split('\n');
    const { entry } = await bench.upload();
    writeFileSync(path, `${head}\n`, { mode: 0o600 });
    const { createUpload, listPartsPage } = bench.calls;
    const again = await bench[command]();
    assert.equal(again.entry.archiveId, entry.archiveId);
    assert.deepEqual([bench.calls.createUpload, bench.calls.listPartsPage], [createUpload, listPartsPage]);
    assert.deepEqual(bench.journals(), []);
  });
}

test('a begun upload whose journal cannot be written is aborted again', async (t) => {
  const bench = rig(t);
  bench.hooks.after = ({ operation }) => {
    if (operation !== 'createUpload') return;
    const uploads = join(bench.folder, 'state', 'v2', 'uploads');
    rmSync(uploads, { recursive: true, force: true });
    writeFileSync(uploads, 'not a folder');
  };
  await assert.rejects(bench.upload(), failsAs('state'));
  assert.deepEqual([bench.vault.uploads.size, bench.calls.abort, bench.calls.sendPart], [0, 1, 0]);
});

test('a file that another calve works on is busy, and nothing is asked of the service', async (t) => {
  const bench = rig(t);
  const session = bench.session();
  const source = { kind: 'file', path: bench.file } as const;
  const identity = { source, target: session.targetIdentity };
  const lock = await session.state.lockIdentity(identity, { waitMs: 0, signal: session.signal });
  await assert.rejects(bench.upload(), failsAs('busy'));
  assert.equal(bench.log.length, 0);
  await lock.release();
  await bench.upload();
  assertArchives(bench, bench.bytes);
});

test('a run for a file that another run is sending is busy', async (t) => {
  const bench = rig(t);
  let second: unknown = null;
  bench.hooks.before = async ({ operation, count }) => {
    if (operation !== 'sendPart' || count !== 1) return;
    second = await bench.upload().catch((error: unknown) => error);
  };
  await bench.upload();
  failsAs('busy')(second);
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
});

test('of several runs for one file at once exactly one begins', async (t) => {
  const bench = rig(t);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => bench.upload()));
  assert.ok(outcomes.some((outcome) => outcome.status === 'fulfilled'));
  for (const outcome of outcomes) {
    // Who came when the first was done already finds its archive.
    if (outcome.status === 'rejected') failsAs('busy')(outcome.reason);
  }
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
});

test('of two runs that wait for one another the second finds the archive of the first', async (t) => {
  const bench = rig(t);
  const wait = { lockWaitMs: 20_000 };
  const results = await Promise.all([bench.upload({}, wait), bench.upload({}, wait)]);
  assert.deepEqual(results.map(({ skipped }) => skipped).sort(), [false, true]);
  assert.equal(results[0]?.entry.archiveId, results[1]?.entry.archiveId);
  assert.equal(bench.calls.createUpload, 1);
});

test('a lock that was taken over is noticed before complete is sent', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation, count }) => {
    if (operation !== 'sendPart' || count !== 1) return;
    const locks = join(bench.folder, 'state', 'v2', 'locks');
    for (const folder of readdirSync(locks)) {
      for (const name of readdirSync(join(locks, folder))) rmSync(join(locks, folder, name));
    }
  };
  await assert.rejects(bench.upload(), failsAs('busy'));
  assert.equal(bench.calls.complete, 0);
});

test('answers lost after the work was done cost repeats, never a wrong archive', async (t) => {
  const bench = rig(t);
  const lost = new Set<string>();
  bench.hooks.after = ({ operation, index }) => {
    const key = `${operation} ${index}`;
    if (lost.has(key)) return;
    lost.add(key);
    throw unavailable();
  };
  await bench.upload();
  assertArchives(bench, bench.bytes);
  assert.deepEqual([bench.calls.createUpload, bench.calls.sendPart, bench.calls.complete], [2, 2 * PARTS, 2]);
  assert.equal(bench.vault.uploads.size, 1, 'the begin whose answer was lost');
  assert.equal(bench.notice('create-repeated').attempts, 2);
});

test('a run that is stopped keeps its journal, and the next one goes on', async (t) => {
  const bench = rig(t);
  const stop = new AbortController();
  const reason = new TransferError('stopped', { signal: 'SIGTERM' });
  bench.hooks.before = ({ operation, count }) => {
    if (operation !== 'sendPart' || count <= 2) return;
    setImmediate(() => stop.abort(reason));
    return new Promise(() => {});
  };
  await assert.rejects(bench.upload({}, { signal: stop.signal }), (error) => {
    assert.equal(error, reason);
    assert.equal(reason.context.uploadId, [...bench.vault.uploads.keys()][0]);
    assert.equal(reason.context.resumable, true);
    return true;
  });
  bench.hooks.before = null;
  const result = await bench.upload();
  assert.deepEqual([result.partsReused, result.partsSent], [2, PARTS - 2]);
  assertArchives(bench, bench.bytes);
});

test('every part is told once, and what is reused adds up with what is sent', async (t) => {
  const bench = rig(t);
  bench.hooks.after = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) throw new Died('before the part was recorded');
  };
  await assert.rejects(bench.upload({}, oneByOne), isDied);
  bench.hooks.after = null;
  bench.forgetEvents();
  await bench.upload();
  const begun = bench.events.flatMap((event) => (event.type === 'started' ? [event] : []));
  assert.deepEqual(
    begun.map(({ reusedParts, reusedBytes, resumed }) => [reusedParts, reusedBytes, resumed]),
    [[2, 2 * PART_BYTES, true]],
  );
  const told = bench.events.flatMap((event) => (event.type === 'part' ? [[event.index, event.reused]] : []));
  assert.deepEqual(
    told.toSorted((a, b) => Number(a[0]) - Number(b[0])),
    [
      [2, true],
      [3, false],
      [4, false],
    ],
  );
  assert.equal(bench.events.filter((event) => event.type === 'archived').length, 1);
});

test('no lock and no temporary file stays behind, however a run ends', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 1);
  appendFileSync(bench.file, 'x');
  await bench.upload();
  const left = readdirSync(join(bench.folder, 'state', 'v2', 'locks'));
  assert.deepEqual(left, []);
  assert.deepEqual(
    readdirSync(bench.catalogueFolder).filter((name) => !name.endsWith('.json')),
    [],
  );
  assert.ok(existsSync(bench.file));
  assert.equal(readFileSync(bench.file).subarray(0, bench.bytes.length).equals(bench.bytes), true);
});

test('files of every size around the part size become what they are', async (t) => {
  for (const sizeBytes of [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES]) {
    const bench = rig(t, sizeBytes);
    const { entry } = await bench.upload();
    assertArchives(bench, seededBytes(sizeBytes, 7));
    assert.equal(entry.plan.partCount, Math.ceil(sizeBytes / PART_BYTES));
  }
});
