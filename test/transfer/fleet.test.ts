/** Fleets: many machines send the parts of one upload, and nothing wrong is completed. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { openFleetFolder, receiptsFolderOf } from '../../src/state/fleet/fleet-folder.js';
import { readManifest, removeManifest } from '../../src/state/fleet/manifest.js';
import { manifestPlace } from '../../src/state/fleet/manifest-place.js';
import { abortFleet } from '../../src/transfer/fleet/abort.js';
import { type CreateFleetOptions, createFleet } from '../../src/transfer/fleet/create.js';
import { type FinishOptions, finishFleet } from '../../src/transfer/fleet/finish.js';
import type { Fleet } from '../../src/transfer/fleet/fleet.js';
import { type SendOptions, type ShareResult, sendShare } from '../../src/transfer/fleet/send.js';
import { fleetStatus } from '../../src/transfer/fleet/status.js';
import type { FleetManifest } from '../../src/transfer/ports/fleet.js';
import type { Session } from '../../src/transfer/session.js';
import { seededBytes } from '../support/bytes.js';
import { tempFolder } from '../support/temp.js';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  isDied,
  oneByOne,
  PART_BYTES,
  PARTS,
  type Rig,
  rig,
  SIZE_BYTES,
} from './rig.js';

after(closeSources);

/** A fleet over a rig: five parts in three shares of 1, 2 and 2 parts. */
interface Bench {
  readonly rig: Rig;
  readonly manifestPath: string;
  create(options?: Partial<CreateFleetOptions>, change?: Partial<Session>): Promise<FleetManifest>;
  /** @param receipts the folder of this machine's receipts */
  send(shard: number, options?: Partial<SendOptions>, change?: Partial<Session>): Promise<ShareResult>;
  sendAll(): Promise<void>;
  finish(options?: Partial<FinishOptions>, change?: Partial<Session>): ReturnType<typeof finishFleet>;
  fleet(): Promise<Fleet>;
  loseReceipts(): void;
}

function bench(t: Parameters<typeof rig>[0]): Bench {
  const ground = rig(t);
  const manifestPath = join(ground.folder, 'my fleet.json');
  const fleet = async (): Promise<Fleet> => {
    const manifest = await readManifest(manifestPath);
    const path = receiptsFolderOf(manifestPath);
    const folder = openFleetFolder({ path, others: [], uploadId: manifest.uploadId });
    return {
      manifest,
      manifestPath,
      folder,
      words: { manifest: manifestPath, receipts: [], endpoint: null },
    };
  };
  const send: Bench['send'] = async (shard, options = {}, change = {}) =>
    sendShare(ground.session(change), await fleet(), {
      ...{ shard, file: null, ignoreMtime: false, replace: false, host: 'node' },
      ...options,
    });
  return {
    rig: ground,
    manifestPath,
    fleet,
    send,
    async create(options = {}, change = {}) {
      const asked: CreateFleetOptions = {
        ...{ file: ground.file, partSizeBytes: PART_BYTES, description: null, hash: false },
        ...{ shards: 3, interleave: false },
        ...options,
      };
      return (await createFleet(ground.session(change), manifestPlace(manifestPath), asked)).manifest;
    },
    async sendAll() {
      for (const shard of [0, 1, 2]) await send(shard);
    },
    finish: async (options = {}, change = {}) =>
      finishFleet(ground.session(change), await fleet(), {
        file: null,
        ignoreMtime: false,
        verify: false,
        ...options,
      }),
    loseReceipts: () => rmSync(receiptsFolderOf(manifestPath), { recursive: true }),
  };
}

/** Writes another file with the same size and, unless `isTouched` is true, the same modification time. */
function otherFile({ rig: { file, folder } }: Bench, at = 0, isTouched = false): string {
  const path = join(folder, 'other.tar');
  copyFileSync(file, path);
  const bytes = readFileSync(path);
  if (at >= 0) bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const { atime, mtime } = statSync(file);
  // The exact nanoseconds: utimes takes milliseconds with a fraction, which lose the last digits.
  utimesSync(path, atime, isTouched ? new Date(mtime.getTime() + 5000) : mtime);
  return path;
}

/** Gives the file a time of whole seconds, which a copy can have exactly. */
function roundTime({ rig: { file } }: Bench): void {
  utimesSync(file, 1_700_000_000, 1_700_000_000);
}

test('three machines send their shares, and finish makes one archive of the bytes of the file', async (t) => {
  const run = bench(t);
  const { uploadId } = await run.create();
  const results = await Promise.all([0, 1, 2].map((shard) => run.send(shard)));
  assert.deepEqual(
    results.map(({ parts, partsSent, partsReused }) => [parts, partsSent, partsReused]),
    [
      [1, 1, 0],
      [2, 2, 0],
      [2, 2, 0],
    ],
  );
  const { entry, partsReused } = await run.finish();
  assertArchives(run.rig, run.rig.bytes);
  assert.deepEqual([entry.uploadId, entry.plan.sizeBytes, partsReused], [uploadId, SIZE_BYTES, PARTS]);
  assert.equal(run.rig.calls.sendPart, PARTS);
  assert.deepEqual(run.rig.journals(), [], 'no other command would continue it');
});

test('parts that are dealt out in turn make the same archive', async (t) => {
  const run = bench(t);
  await run.create({ interleave: true, shards: 7 });
  for (const shard of [6, 5, 4, 3, 2, 1, 0]) await run.send(shard);
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('a share that is sent again sends nothing, also by a machine that has no receipt', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  const again = await run.send(1);
  assert.deepEqual([again.partsSent, again.partsReused], [0, 2]);
  run.loseReceipts();
  const compared = await run.send(1);
  assert.deepEqual([compared.partsSent, compared.partsReused], [0, 2]);
  assert.equal(run.rig.calls.sendPart, PARTS);
  const { byIndex } = await (await run.fleet()).folder.readReceipts(null);
  assert.deepEqual([...byIndex.keys()].sort(), [1, 2], 'the receipts are written again');
});

test('a share that was killed in between sends only the parts that the service does not hold', async (t) => {
  const run = bench(t);
  await run.create({ shards: 1 });
  run.rig.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count > 2) throw new Died('killed');
  };
  await assert.rejects(run.send(0, {}, oneByOne), isDied);
  run.rig.hooks.before = null;
  const again = await run.send(0);
  assert.deepEqual([again.partsSent, again.partsReused], [3, 2]);
});

test('two runs of one share at once end with the right archive', async (t) => {
  const run = bench(t);
  await run.create({ shards: 1 });
  await Promise.all([run.send(0), run.send(0)]);
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('finish names the shares that lack parts, and completes nothing', async (t) => {
  const run = bench(t);
  await run.create();
  await run.send(1);
  const facts = { shards: [0, 2], missing: 3, unreceipted: 0, partCount: PARTS };
  await assert.rejects(run.finish(), failsAs('fleet-incomplete', facts));
  assert.equal(run.rig.calls.complete, 0);
  await run.sendAll();
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('without receipts finish completes nothing, unless it reads the file', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  run.loseReceipts();
  await assert.rejects(run.finish(), failsAs('fleet-incomplete', { shards: [0, 1, 2], unreceipted: PARTS }));
  assert.equal(run.rig.calls.complete, 0);
  await run.finish({ verify: true });
  assertArchives(run.rig, run.rig.bytes);
});

test('a machine with another size or modification time sends nothing', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create();
  const touched = otherFile(run, -1, true);
  await assert.rejects(run.send(0, { file: touched }), failsAs('fleet-differs', { why: 'file' }));
  writeFileSync(touched, 'short');
  await assert.rejects(
    run.send(0, { file: touched, ignoreMtime: true }),
    failsAs('fleet-differs', { why: 'size' }),
  );
  assert.equal(run.rig.calls.sendPart, 0);
});

test('a machine whose file differs in a part that the service holds is refused before it sends anything', async (t) => {
  const run = bench(t);
  roundTime(run);
  const { uploadId } = await run.create();
  const start = 3 * PART_BYTES;
  run.rig.vault.put(uploadId, start, Buffer.from(run.rig.bytes.subarray(start, start + PART_BYTES)));
  const file = otherFile(run, start);
  await assert.rejects(run.send(2, { file }), failsAs('fleet-differs', { why: 'held', index: 3, shard: 2 }));
  assert.equal(run.rig.calls.sendPart, 0);
  const replaced = await run.send(2, { file, replace: true });
  assert.equal(replaced.partsSent, 2);
});

test('a receipt of another file is not believed: the machine reads its own file and compares', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create();
  await run.send(1);
  const file = otherFile(run, PART_BYTES);
  await assert.rejects(run.send(1, { file }), failsAs('fleet-differs', { why: 'held', index: 1, shard: 1 }));
  const copy = otherFile(run, -1);
  assert.deepEqual((await run.send(1, { file: copy })).partsSent, 0);
});

test('machines that sent different bytes of one share end in no archive; finish --verify names the part', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create();
  const file = otherFile(run, PART_BYTES);
  await run.sendAll();
  await run.send(1, { file, replace: true });
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'receipts', index: 1, shard: 1 }));
  await assert.rejects(
    run.finish({ verify: true }),
    failsAs('fleet-differs', { why: 'held', index: 1, shard: 1 }),
  );
  assert.equal(run.rig.calls.complete, 0);
  await run.send(1, { replace: true });
  await run.finish({ verify: true });
  assertArchives(run.rig, run.rig.bytes);
});

test('a machine that found other bytes on the service keeps finish from completing, whoever is right', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create();
  const file = otherFile(run, PART_BYTES);
  await run.send(1, { file });
  await run.send(0);
  await run.send(2);
  await assert.rejects(run.send(1), failsAs('fleet-differs', { why: 'held', index: 1 }));
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'receipts', index: 1, shard: 1 }));
  assert.equal(run.rig.calls.complete, 0);
  const { shares } = await fleetStatus(run.rig.session(), await run.fleet());
  assert.deepEqual(
    shares.map(({ different }) => different),
    [0, 1, 0],
    'status counts the part about which the machines disagree',
  );
  await run.send(1, { replace: true });
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'receipts' }));
  await run.finish({ verify: true });
  assertArchives(run.rig, run.rig.bytes);
});

test('a wrong file that shares no part with another machine ends in no archive if create has read the file', async (t) => {
  const run = bench(t);
  roundTime(run);
  const { treeHash } = await run.create({ hash: true });
  assert.match(treeHash ?? '', /^[0-9a-f]{64}$/);
  await run.send(1, { file: otherFile(run, PART_BYTES) });
  await run.send(0);
  await run.send(2);
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'whole' }));
  assert.equal(run.rig.calls.complete, 0);
  await run.send(1, { replace: true });
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('another file of the same size and time is found by finish, if it has the file and the copies differ in every part', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create();
  const file = join(run.rig.folder, 'other.tar');
  writeFileSync(file, seededBytes(SIZE_BYTES, 9));
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  await run.send(1, { file });
  await run.send(0);
  await run.send(2);
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'held', shard: 1 }));
  assert.equal(run.rig.calls.complete, 0);
  await run.send(1, { replace: true });
  await run.finish({ verify: true });
  assertArchives(run.rig, run.rig.bytes);
});

test('finish needs no file', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  rmSync(run.rig.file);
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('a machine that ignored the modification time proves nothing, until the file is read', async (t) => {
  const run = bench(t);
  await run.create();
  await run.send(0, { file: otherFile(run, -1, true), ignoreMtime: true });
  await run.send(1);
  await run.send(2);
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'unproven', index: 0, shard: 0 }));
  // On a machine whose copy has another modification time, its bytes count if that is ignored.
  const copy = otherFile(run, -1, true);
  const verifyCopy = { file: copy, verify: true };
  await assert.rejects(run.finish(verifyCopy), failsAs('fleet-differs', { why: 'file' }));
  await run.finish({ ...verifyCopy, ignoreMtime: true });
  assertArchives(run.rig, run.rig.bytes);
});

test('a fleet whose file was read by create accepts copies with another modification time', async (t) => {
  const run = bench(t);
  await run.create({ hash: true });
  const file = otherFile(run, -1, true);
  for (const shard of [0, 1, 2]) await run.send(shard, { file, ignoreMtime: true });
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('a file that changes while it is sent gets no receipt for what was read since', async (t) => {
  const run = bench(t);
  await run.create({ shards: 1 });
  run.rig.hooks.after = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 2) writeFileSync(run.rig.file, seededBytes(SIZE_BYTES, 9));
  };
  await assert.rejects(run.send(0, {}, oneByOne), failsAs('source', { why: 'changed' }));
  run.rig.hooks.after = null;
  const { byIndex } = await (await run.fleet()).folder.readReceipts(null);
  assert.deepEqual([...byIndex.keys()], [0]);
  await assert.rejects(run.finish({ verify: true }), failsAs('fleet-differs', { why: 'file' }));
  assert.equal(run.rig.calls.complete, 0);
});

test('finish that dies after complete, before its answer, records the same archive when it runs again', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  run.rig.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('killed');
  };
  await assert.rejects(run.finish(), isDied);
  run.rig.hooks.after = null;
  const { entry } = await run.finish();
  assert.equal(entry.archiveId, run.rig.vault.archives[0]?.archiveId);
  assertArchives(run.rig, run.rig.bytes);
  const again = await run.finish();
  assert.deepEqual([again.entry.archiveId, again.skipped], [entry.archiveId, true]);
});

test('finish that dies before complete is sent completes when it runs again', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  run.rig.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('killed');
  };
  await assert.rejects(run.finish(), isDied);
  run.rig.hooks.before = null;
  assert.equal((await run.send(0)).partsSent, 0, 'the upload is still open');
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('finish on a machine that sees only the receipts gets the archive that another one has made', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  const [first] = [await run.finish()];
  rmSync(join(receiptsFolderOf(run.manifestPath), 'end.jsonl'));
  rmSync(run.rig.catalogueFolder, { recursive: true });
  const { entry } = await run.finish();
  assert.equal(entry.archiveId, first?.entry.archiveId);
  assertArchives(run.rig, run.rig.bytes);
});

test('the record of the end puts the archive into the catalogue of another machine', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  const { entry } = await run.finish();
  rmSync(run.rig.catalogueFolder, { recursive: true });
  run.rig.vault.forgetEndings();
  assert.equal((await run.finish()).entry.archiveId, entry.archiveId);
  const session = run.rig.session();
  assert.equal((await session.catalogue.findByArchiveId(entry.archiveId)).length, 1);
});

test('a share of an upload that was finished has nothing to do, and succeeds', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  await run.finish();
  const { isFinished, partsSent, partsReused } = await run.send(2);
  assert.deepEqual([isFinished, partsSent, partsReused], [true, 0, 2]);
  run.rig.notice('fleet-finished');
});

test('finish that died after complete chooses the right receipts, where machines disagreed and create had read the file', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create({ hash: true });
  await run.sendAll();
  await assert.rejects(run.send(1, { file: otherFile(run, PART_BYTES) }), failsAs('fleet-differs'));
  await run.send(1, { file: otherFile(run, PART_BYTES), replace: true });
  await run.send(1, { replace: true });
  const wrong = otherFile(run, PART_BYTES);
  const { byIndex } = await (await run.fleet()).folder.readReceipts(1);
  const other = byIndex.get(1)?.find(({ treeHash }) => treeHash !== byIndex.get(1)?.[0]?.treeHash);
  assert.ok(other && wrong, 'the receipts disagree');
  const writer = await (await run.fleet()).folder.openReceipts(1);
  await writer.record({ ...other, at: new Date(run.rig.clock.nowMs()).toISOString() });
  await writer.close();
  run.rig.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('killed');
  };
  await assert.rejects(run.finish(), isDied);
  run.rig.hooks.after = null;
  await run.finish();
  assertArchives(run.rig, run.rig.bytes);
});

test('a share of an upload that is gone fails if finish died before its archive was known', async (t) => {
  const run = bench(t);
  const { uploadId } = await run.create();
  await run.sendAll();
  run.rig.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('killed');
  };
  await assert.rejects(run.finish(), isDied);
  run.rig.hooks.before = null;
  run.rig.vault.drop(uploadId);
  const failed = run.send(0);
  await assert.rejects(failed, (error) => isFailure(error, 'gone') && error.facts.completing !== null);
});

test('finish --verify that died after complete gets its archive, although a machine disagrees', async (t) => {
  const run = bench(t);
  roundTime(run);
  await run.create();
  const file = otherFile(run, PART_BYTES);
  await run.send(1, { file });
  await run.send(1, { replace: true });
  await run.send(0);
  await run.send(2);
  run.rig.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('killed');
  };
  await assert.rejects(run.finish({ verify: true }), isDied);
  run.rig.hooks.after = null;
  assert.equal((await run.finish()).entry.archiveId, run.rig.vault.archives[0]?.archiveId);
  assertArchives(run.rig, run.rig.bytes);
});

test('an upload that somebody aborted is gone for every command, and is not created again', async (t) => {
  const run = bench(t);
  const { uploadId } = await run.create();
  await run.sendAll();
  run.rig.vault.drop(uploadId);
  for (const command of [() => run.send(0), () => run.finish(), () => run.finish({ verify: true })]) {
    await assert.rejects(command(), failsAs('gone', { uploadId, completing: null }));
  }
  const status = fleetStatus(run.rig.session(), await run.fleet());
  await assert.rejects(status, failsAs('gone', { uploadId }));
  assert.equal(run.rig.calls.createUpload, 1);
});

test('a part that another machine replaces just before complete is found, and nothing is completed', async (t) => {
  const run = bench(t);
  const { uploadId } = await run.create();
  await run.sendAll();
  run.rig.hooks.before = ({ operation, count }) => {
    if (operation !== 'complete' || count > 1) return;
    run.rig.vault.put(uploadId, PART_BYTES, seededBytes(PART_BYTES, 9));
  };
  await assert.rejects(run.finish(), failsAs('fleet-differs', { why: 'held', index: 1, shard: 1 }));
  assert.deepEqual(run.rig.vault.archives, []);
  assert.equal((await (await run.fleet()).folder.readEnd()).completing, null, 'it is open again');
});

test('a catalogue that cannot be written is found before complete is sent', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  const { catalogue } = run.rig.session();
  const broken = { ...catalogue, proveWritable: () => Promise.reject(new Died('full')) };
  await assert.rejects(run.finish({}, { catalogue: broken }), isDied);
  assert.equal(run.rig.calls.complete, 0);
});

test('create with a manifest that exists creates no second upload', async (t) => {
  const run = bench(t);
  const first = await run.create();
  assert.deepEqual(await run.create(), first);
  run.rig.notice('fleet-created-already');
  assert.equal(run.rig.vault.uploads.size, 1);
});

test('of two runs that create one fleet at once, both end with the same upload, or one is busy', async (t) => {
  const run = bench(t);
  const results = await Promise.allSettled([run.create(), run.create()]);
  assert.equal(run.rig.vault.uploads.size, 1);
  for (const result of results) {
    const isBusy = result.status === 'rejected' && isFailure(result.reason, 'busy');
    assert.ok(isBusy || result.status === 'fulfilled', String(result.status));
  }
  assert.ok(results.some(({ status }) => status === 'fulfilled'));
  const waiting = await Promise.all([run.create({}, { lockWaitMs: 10_000 }), run.create()]);
  assert.equal(waiting[0].uploadId, waiting[1].uploadId);
});

test('create that dies before the manifest is on disk reports the upload that it may have left', async (t) => {
  const run = bench(t);
  const stranger = run.rig.vault.createUpload(
    { plan: { partSizeBytes: PART_BYTES }, description: 'another.tar' },
    new Date(run.rig.clock.nowMs()).toISOString(),
  );
  run.rig.hooks.after = ({ operation }) => {
    if (operation === 'createUpload') throw new Died('killed');
  };
  await assert.rejects(run.create(), isDied);
  run.rig.hooks.after = null;
  const [orphan] = [...run.rig.vault.uploads.keys()].filter((id) => id !== stranger);
  const { uploadId } = await run.create();
  assert.equal(run.rig.notice('fleet-orphan').address.uploadId, orphan);
  assert.equal(run.rig.vault.uploads.size, 3, 'an upload that only looks like ours is left alone');
  run.rig.forgetEvents();
  assert.equal((await run.create()).uploadId, uploadId);
  assert.deepEqual(run.rig.notices(), ['fleet-created-already']);
});

test('create aborts its upload if the manifest cannot be written', async (t) => {
  const run = bench(t);
  const place = manifestPlace(run.manifestPath);
  const full = { ...place, write: () => Promise.reject(new Died('full')) };
  const asked = { file: run.rig.file, partSizeBytes: PART_BYTES, description: null, hash: false };
  const created = createFleet(run.rig.session(), full, { ...asked, shards: 1, interleave: false });
  await assert.rejects(created, isDied);
  assert.equal(run.rig.vault.uploads.size, 0);
  await run.create();
  assert.deepEqual(run.rig.notices(), [], 'nothing is left that a later run would report');
});

test('create refuses a manifest of another upload, and a file that has changed since', async (t) => {
  const run = bench(t);
  await run.create();
  const other = { ...run.rig.session().targetIdentity, url: 'glacier://other' };
  await assert.rejects(run.create({}, { targetIdentity: other }), failsAs('usage'));
  await assert.rejects(run.create({ shards: 4 }), failsAs('usage'));
  await assert.rejects(run.create({ interleave: true }), failsAs('usage'));
  await assert.rejects(run.create({ file: otherFile(run) }), failsAs('usage'));
  await assert.rejects(run.create({ partSizeBytes: 2 * PART_BYTES }), failsAs('usage'));
  writeFileSync(run.rig.file, seededBytes(SIZE_BYTES, 9));
  await assert.rejects(run.create(), failsAs('fleet-differs', { why: 'earlier' }));
  assert.equal(run.rig.calls.createUpload, 1);
});

test('abort removes the upload and its manifest, so that a new fleet starts from nothing', async (t) => {
  const run = bench(t);
  const { uploadId } = await run.create();
  await run.send(0);
  const session = { ...run.rig.session(), catalogue: null };
  const remove = () => removeManifest(run.manifestPath);
  const fleet = await run.fleet();
  await abortFleet(session, fleet, remove);
  assert.equal(run.rig.vault.uploads.size, 0);
  await abortFleet(session, fleet, remove);
  const next = await run.create();
  assert.notEqual(next.uploadId, uploadId);
  await assert.rejects(run.finish(), failsAs('fleet-incomplete', { missing: PARTS }));
});

test('abort of a fleet whose archive was made says so, and aborts nothing', async (t) => {
  const run = bench(t);
  await run.create();
  await run.sendAll();
  await run.finish();
  const session = { ...run.rig.session(), catalogue: null };
  await assert.rejects(
    abortFleet(session, await run.fleet(), async () => true),
    failsAs('not-found'),
  );
  assert.equal(run.rig.calls.abort, 0);
});

test('status counts the parts and the receipts of each share', async (t) => {
  const run = bench(t);
  const { uploadId } = await run.create();
  await run.send(1);
  run.rig.vault.put(uploadId, 0, Buffer.from(run.rig.bytes.subarray(0, PART_BYTES)));
  const { shares, archive } = await fleetStatus(run.rig.session(), await run.fleet());
  assert.deepEqual(
    shares.map(({ indexes, held, confirmed, heldBytes }) => [
      indexes.length,
      held.size,
      confirmed,
      heldBytes,
    ]),
    [
      [1, 1, 0, PART_BYTES],
      [2, 2, 2, 2 * PART_BYTES],
      [2, 0, 0, 0],
    ],
  );
  assert.equal(archive, null);
});

test('a manifest with another part size than the upload is refused before anything is sent', async (t) => {
  const run = bench(t);
  await run.create();
  const { manifest, ...others } = await run.fleet();
  const plan = { sizeBytes: SIZE_BYTES, partSizeBytes: 2 * PART_BYTES, partCount: 3 };
  const edited = { ...others, manifest: { ...manifest, plan } };
  const options = { shard: 0, file: null, ignoreMtime: false, replace: true, host: 'node' };
  await assert.rejects(
    sendShare(run.rig.session(), edited, options),
    failsAs('fleet-differs', { why: 'held' }),
  );
  assert.equal(run.rig.calls.sendPart, 0);
});

test('credentials of another account are refused', async (t) => {
  const run = bench(t);
  await run.create();
  const targetIdentity = { ...run.rig.session().targetIdentity, account: '999999999999' };
  await assert.rejects(run.send(0, {}, { targetIdentity }), failsAs('refused', { why: 'wrong-credentials' }));
  const unknown = { ...targetIdentity, account: null };
  assert.equal((await run.send(0, {}, { targetIdentity: unknown })).partsSent, 1);
});

test('machines with folders of their own are counted together', async (t) => {
  const run = bench(t);
  await run.create();
  const { manifest, ...others } = await run.fleet();
  const folders = [tempFolder(t), tempFolder(t), tempFolder(t)];
  const of = (path: string, more: readonly string[] = []): Fleet => ({
    ...others,
    manifest,
    folder: openFleetFolder({ path, others: more, uploadId: manifest.uploadId }),
  });
  for (const [shard, path] of folders.entries()) {
    const options = { shard, file: null, ignoreMtime: false, replace: false, host: `node-${shard}` };
    await sendShare(run.rig.session(), of(path), options);
  }
  const [first = '', ...more] = folders;
  await finishFleet(run.rig.session(), of(first, more), { file: null, ignoreMtime: false, verify: false });
  assertArchives(run.rig, run.rig.bytes);
});
