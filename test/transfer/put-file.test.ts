/** Tests files that become objects by a single request, without a service: the file and the catalogue. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import type { OpenSource, PreparedPart } from '../../src/transfer/ports/source.js';
import type { Target } from '../../src/transfer/ports/target.js';
import type { Session } from '../../src/transfer/session.js';
import type { Cleanup } from '../support/temp.js';
import { closeSources, HOUR_MS, type Rig, rig } from './rig.js';

after(closeSources);

const url = 's3://photos/k';
const OBJECT = { object: { storageClass: null, noOverwrite: false } };

interface Bench extends Rig {
  /** The bytes of each request. */
  readonly puts: Buffer[];
  readonly change: Partial<Session>;
}

/** Makes a rig whose target takes objects. */
function bench(t: Cleanup, onPut: (own: Bench) => void | Promise<void> = () => undefined): Bench {
  const own = rig(t, 10_000);
  const puts: Buffer[] = [];
  const target: Target = {
    ...own.target,
    capabilities: { ...own.target.capabilities, storesObjects: true, putsObjects: true },
    async putObject(part: PreparedPart) {
      puts.push(Buffer.from(part.body() as Uint8Array));
      await onPut(all);
      const object = { etag: 'e', versionId: null, storageClass: 'STANDARD' };
      return { archiveId: url, location: null, treeHash: null, object };
    },
  };
  const targetIdentity = { url, region: 'eu-west-1', endpoint: null, account: null };
  const all = { ...own, puts, change: { target, targetIdentity } };
  return all;
}

/** Does something with the file when it was read, and before it is compared. */
function whenRead(own: Rig, act: () => void): OpenSource {
  let isDone = false;
  return async (path) => {
    const source = await own.session().openSource(path);
    return {
      ...source,
      async prepare(...args) {
        const part = await source.prepare(...args);
        if (!isDone) act();
        isDone = true;
        return part;
      },
    };
  };
}

test('a small file is one request without a journal, and takes two syncs', async (t) => {
  const own = bench(t);
  await own.upload(OBJECT, own.change);
  const other = join(own.folder, 'other');
  writeFileSync(other, 'other');
  const handle = await open(other);
  const prototype = Object.getPrototypeOf(handle) as { sync(): Promise<void> };
  await handle.close();
  const { sync } = prototype;
  let syncs = 0;
  prototype.sync = function counted(): Promise<void> {
    syncs += 1;
    return sync.call(this);
  };
  t.after(() => {
    prototype.sync = sync;
  });
  const session = own.session(own.change);
  await own.upload(OBJECT, session);
  const first = syncs;
  const { entry } = await own.upload({ ...OBJECT, file: other }, session);
  assert.equal(syncs - first, 4, 'the first write of a run is a proof, with two syncs of its own');
  const third = join(own.folder, 'third');
  writeFileSync(third, 'third');
  syncs = 0;
  await own.upload({ ...OBJECT, file: third }, session);
  assert.equal(syncs, 2);
  assert.deepEqual([entry.uploadId, entry.object?.etag], [null, 'e']);
  assert.deepEqual(own.journals(), []);
  const types = own.events.filter(({ type }) => type !== 'notice').map(({ type }) => type);
  assert.deepEqual(types.slice(0, 4), ['started', 'sending', 'part', 'archived']);
});

test('a file that changes while it is read ends in 13, and nothing is sent', async (t) => {
  const own = bench(t);
  const openSource = whenRead(own, () => writeFileSync(own.file, 'other bytes'));
  await assert.rejects(
    own.upload(OBJECT, { ...own.change, openSource }),
    (error) => isFailure(error, 'source') && error.facts.why === 'changed',
  );
  assert.deepEqual(own.puts, []);
});

test('a file that is touched while it is read is compared, and recorded as it is then', async (t) => {
  const own = bench(t);
  const openSource = whenRead(own, () => chmodSync(own.file, 0o400));
  await own.upload(OBJECT, { ...own.change, openSource });
  assert.deepEqual(own.puts, [own.bytes]);
  assert.equal((await own.upload(OBJECT, own.change)).skipped, true, 'its entry fits');
});

test('other bytes behind the same times are found by their hash, and nothing is sent', async (t) => {
  const own = bench(t);
  const anHourAgo = new Date(Date.now() - HOUR_MS);
  utimesSync(own.file, anHourAgo, anHourAgo);
  const openSource = whenRead(own, () => {
    writeFileSync(own.file, Buffer.alloc(own.bytes.length));
    utimesSync(own.file, anHourAgo, anHourAgo);
  });
  await assert.rejects(own.upload(OBJECT, { ...own.change, openSource }), (error) =>
    isFailure(error, 'source'),
  );
  assert.deepEqual(own.puts, []);
});

test('a change while the object is sent does not matter: what was read is sent and recorded', async (t) => {
  const own = bench(t, () => writeFileSync(own.file, 'newer'));
  await own.upload(OBJECT, own.change);
  assert.deepEqual(own.puts, [own.bytes]);
  const again = await own.upload(OBJECT, own.change);
  assert.equal(again.skipped, false, 'the newer version is sent by the next run');
  assert.equal(own.puts[1]?.toString(), 'newer');
});

test('a run that another run overtook with a newer version sends the newer version, too', async (t) => {
  const own = bench(t, async (all) => {
    if (all.puts.length > 1) return;
    writeFileSync(all.file, 'newer');
    all.clock.advance(1000);
    await all.upload(OBJECT, all.change);
  });
  const result = await own.upload(OBJECT, own.change);
  assert.deepEqual(own.puts.map(String), [String(own.bytes), 'newer', 'newer']);
  assert.equal(result.entry.plan.sizeBytes, 'newer'.length);
  assert.equal((await own.upload(OBJECT, own.change)).skipped, true);
});

test('a file with an unfinished upload is sent under its lock', async (t) => {
  const own = bench(t);
  const held = own.session(own.change);
  let locks = 0;
  const state: Session['state'] = {
    ...held.state,
    async lockIdentity(...args) {
      locks += 1;
      return held.state.lockIdentity(...args);
    },
  };
  await own.upload(OBJECT, { ...held, state });
  assert.equal(locks, 0);
  const { target } = own.change;
  const failing = { ...own.target, capabilities: { ...own.target.capabilities, storesObjects: true } };
  const sendPart: Target['sendPart'] = async () => assert.fail('the line is down');
  const change = { ...own.change, target: { ...failing, sendPart } };
  await assert.rejects(own.upload({ ...OBJECT, fresh: true }, change), /the line is down/);
  assert.equal(own.journals().length, 1);
  await own.upload(OBJECT, { ...held, state, ...(target !== undefined && { target }) });
  assert.equal(locks, 1);
});

test('an object that cannot be recorded is reported as such, and the next run records it', async (t) => {
  const own = bench(t);
  const session = own.session(own.change);
  const catalogue: Session['catalogue'] = {
    ...session.catalogue,
    record: async () => assert.fail('the disk is full'),
  };
  await assert.rejects(own.upload(OBJECT, { ...session, catalogue }), (error) => {
    assert.ok(isFailure(error, 'unrecorded'));
    assert.deepEqual([error.context.uploadId, error.context.resumable], [undefined, undefined]);
    return true;
  });
  assert.equal((await own.upload(OBJECT, own.change)).skipped, false);
  assert.ok(existsSync(own.catalogueFolder) && readFileSync(own.file).equals(own.bytes));
});

test('--no-overwrite, several parts and a vault take an upload', async (t) => {
  const own = bench(t);
  await own.upload({ object: { storageClass: null, noOverwrite: true } }, own.change);
  await own.upload({ fresh: true }, {});
  assert.deepEqual([own.puts.length, own.calls.createUpload], [0, 2]);
});
