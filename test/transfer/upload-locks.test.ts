import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TransferError } from '../../src/core/failures.js';
import type { StateStore } from '../../src/transfer/ports/state.js';
import { entryFiles } from '../support/entry-files.js';
import { assertArchives, closeSources, Died, failsAs, interrupt, isDied, oneByOne, rig } from './rig.js';

after(closeSources);

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

test('a new upload whose journal cannot be written is aborted', async (t) => {
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

test('a file that another calve process works on is busy, and no request is sent', async (t) => {
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

test('a second run for a file that is being sent is busy', async (t) => {
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

test('only one of several simultaneous runs for a file creates an upload', async (t) => {
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

test('a run that waits for another run of the same file finds the archive of that run', async (t) => {
  const bench = rig(t);
  const wait = { lockWaitMs: 20_000 };
  const results = await Promise.all([bench.upload({}, wait), bench.upload({}, wait)]);
  assert.deepEqual(results.map(({ skipped }) => skipped).sort(), [false, true]);
  assert.equal(results[0]?.entry.archiveId, results[1]?.entry.archiveId);
  assert.equal(bench.calls.createUpload, 1);
});

test('a run that lost its lock to another process sends no complete request', async (t) => {
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

test('a run stops as soon as it learns that another process has its lock', async (t) => {
  const bench = rig(t);
  const { state } = bench.session();
  const losing = new AbortController();
  const lockIdentity: StateStore['lockIdentity'] = async (...words) => {
    const lock = await state.lockIdentity(...words);
    return { lost: losing.signal, assertHeld: () => lock.assertHeld(), release: () => lock.release() };
  };
  const holder = 'pid 7 on host-h';
  bench.hooks.before = ({ operation, count }) => {
    if (operation !== 'sendPart' || count !== 2) return;
    losing.abort(new TransferError('busy', { what: bench.file, holder, sinceMs: null }));
  };
  const change = { ...oneByOne, state: { ...state, lockIdentity } };
  await assert.rejects(bench.upload({}, change), failsAs('busy', { holder }));
  assert.deepEqual([bench.calls.sendPart, bench.calls.complete], [2, 0]);
});

test('an upload that was never completed stays so when another one has archived the same bytes since', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('complete was never sent');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.before = null;
  bench.clock.advance(1000);
  const { entry } = await bench.upload({ fresh: true });
  for (const again of [() => bench.upload(), () => bench.resume()]) {
    bench.forgetEvents();
    const { skipped, entry: found } = await again();
    assert.deepEqual([skipped, found.archiveId], [true, entry.archiveId]);
    assert.deepEqual(bench.notices(), ['already-archived', 'left-unfinished']);
  }
  assertArchives(bench, bench.bytes);
});

test('an upload without a complete is not resumed when another one has archived the file since', async (t) => {
  const bench = rig(t);
  await interrupt(bench);
  bench.clock.advance(1000);
  const { entry } = await bench.upload({ fresh: true });
  const { skipped, entry: found } = await bench.resume();
  assert.deepEqual([skipped, found.archiveId], [true, entry.archiveId]);
  assertArchives(bench, bench.bytes);
});

test('no lock and no temporary file is left after an interrupted run and a finished one', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 1);
  appendFileSync(bench.file, 'x');
  await bench.upload();
  const left = readdirSync(join(bench.folder, 'state', 'v2', 'locks'));
  assert.deepEqual(left, []);
  const all = readdirSync(bench.catalogueFolder, { recursive: true, withFileTypes: true });
  assert.equal(all.filter((each) => each.isFile()).length, entryFiles(bench.catalogueFolder).length);
  assert.ok(existsSync(bench.file));
  assert.equal(readFileSync(bench.file).subarray(0, bench.bytes.length).equals(bench.bytes), true);
});
