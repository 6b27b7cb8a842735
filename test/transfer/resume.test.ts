import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import { adoptUpload, resumeUpload } from '../../src/transfer/resume.js';
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
  SIZE_BYTES,
} from './rig.js';

after(closeSources);

const never = new AbortController().signal;

/** An upload that some other machine began: this state folder knows nothing of it. */
async function foreignUpload(bench: Rig, bytes: Buffer, indexes: readonly number[], partBytes = PART_BYTES) {
  const partCount = Math.ceil(bytes.length / partBytes);
  const plan = { sizeBytes: bytes.length, partSizeBytes: partBytes, partCount };
  const { uploadId } = await bench.target.createUpload({ plan, description: 'from elsewhere' }, never);
  for (const index of indexes) {
    const part = bytes.subarray(index * partBytes, (index + 1) * partBytes);
    bench.vault.put(uploadId, index * partBytes, Buffer.from(part));
  }
  return uploadId;
}

function heldBytes(bench: Rig, uploadId: string): Buffer[] {
  return [...bench.vault.open(uploadId).parts.values()];
}

test('resume sends the missing parts, and needs only the state folder', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  const result = await bench.resume();
  assert.deepEqual(
    [result.partsSent, result.partsReused, result.resumed, result.entry.uploadId],
    [2, 3, true, uploadId],
  );
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('resume sends parts in parallel, as a first run does', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 1);
  bench.lanes.most = 0;
  // The first part waits for another one to come beside it: a single lane would wait for ever.
  let second = (): void => {};
  const came = new Promise<void>((resolve) => {
    second = resolve;
  });
  let begun = 0;
  bench.hooks.before = async ({ operation }) => {
    if (operation !== 'sendPart') return;
    begun += 1;
    if (begun > 1) second();
    await came;
  };
  await bench.resume();
  assert.ok(bench.lanes.most > 1, `${bench.lanes.most} at once`);
  assertArchives(bench, bench.bytes);
});

test('resume of a changed file fails, and the upload is kept', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  appendFileSync(bench.file, 'more');
  await assert.rejects(bench.resume(), failsAs('source', { why: 'changed' }));
  assert.deepEqual([bench.calls.createUpload, bench.journals().length, bench.vault.uploads.size], [1, 1, 1]);
});

test('resume of a deleted file reports that the file is missing', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  rmSync(bench.file);
  await assert.rejects(bench.resume(), failsAs('source', { why: 'missing' }));
});

test('resume of a touched file compares its recorded parts and sends the rest', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  chmodSync(bench.file, 0o640);
  assert.equal((await bench.resume()).partsReused, 3);
  assert.equal(bench.notice('comparing-again').parts, 3);
  assertArchives(bench, bench.bytes);
});

test('resume of a completed upload needs no file', async (t) => {
  const bench = rig(t);
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('the answer was lost');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.after = null;
  rmSync(bench.file);
  const result = await bench.resume();
  assert.equal(result.entry.archiveId, bench.vault.archives[0]?.archiveId);
  assert.deepEqual([result.partsSent, bench.journals()], [0, []]);
});

test('resume of an aborted upload ends as gone and creates no other upload', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  for (let n = 0; n < 2; n += 1) {
    await assert.rejects(bench.resume(), failsAs('gone', { completing: null }));
  }
  assert.deepEqual([bench.calls.createUpload, bench.journals().length], [1, 1]);
  await bench.upload();
  assert.deepEqual(bench.notices(), ['gone-created-again']);
  assertArchives(bench, bench.bytes);
});

test('resume of an expired upload creates it again once', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  assert.equal((await bench.resume()).partsSent, PARTS);
  assert.deepEqual(bench.notices(), ['expired-created-again']);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('resume of a touched file also creates its expired upload again', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  const idleSince = new Date(Date.now() - 25 * HOUR_MS);
  utimesSync(bench.journalPath(), idleSince, idleSince);
  chmodSync(bench.file, 0o640);
  await bench.resume();
  assertArchives(bench, bench.bytes);
});

test('if uploads never expire, a missing upload of any age counts as aborted', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(1000 * HOUR_MS);
  const { target } = bench.session();
  await assert.rejects(
    bench.resume({ target: { ...target, capabilities: { ...target.capabilities, idleExpiryMs: null } } }),
    failsAs('gone'),
  );
  assert.equal(bench.calls.createUpload, 1);
});

test('resume with the credentials of another account is refused before any request', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  const asked = bench.log.length;
  const targetIdentity = { ...bench.session().targetIdentity, account: '999988887777' };
  await assert.rejects(bench.resume({ targetIdentity }), failsAs('refused', { why: 'wrong-credentials' }));
  assert.equal(bench.log.length, asked);
});

test('resume of an upload that another calve process works on is busy', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  const session = bench.session();
  const locked = await session.state.openUpload(uploadId, { waitMs: 0, signal: never });
  await assert.rejects(bench.resume(), failsAs('busy'));
  await locked.close();
  await bench.resume();
  assertArchives(bench, bench.bytes);
});

test('resume of an upload that another calve process has just finished finds no unfinished upload', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 3);
  const session = bench.session();
  const [known] = await session.state.all();
  assert.ok(known);
  await bench.upload();
  const expected = { what: 'unfinished upload', name: known.head.uploadId } as const;
  await assert.rejects(resumeUpload(session, known.head), failsAs('not-found', expected));
  assert.equal(bench.vault.archives.length, 1);
});

test('an upload known only by its id is adopted: its parts are compared, and the rest is sent', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0, 3]);
  const result = await bench.adopt(uploadId);
  assert.deepEqual([result.partsSent, result.partsReused, result.resumed], [3, 2, true]);
  assert.equal(result.entry.description, 'from elsewhere');
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an adopted upload has the part size that the service lists', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [1], 2 * MIB_BYTES);
  const { entry } = await bench.adopt(uploadId);
  assert.deepEqual(entry.plan, {
    sizeBytes: SIZE_BYTES,
    partSizeBytes: 2 * MIB_BYTES,
    partCount: 3,
  });
  assertArchives(bench, bench.bytes);
});

test('an id that starts with a dash is adopted like any other', async (t) => {
  const bench = rig(t);
  await foreignUpload(bench, bench.bytes, []);
  const uploadId = await foreignUpload(bench, bench.bytes, [0]);
  assert.match(uploadId, /^-/);
  await bench.adopt(uploadId);
  assertArchives(bench, bench.bytes);
});

test('an upload without parts, and one with all of them, are adopted', async (t) => {
  for (const indexes of [[], [0, 1, 2, 3, 4]]) {
    const bench = rig(t);
    const result = await bench.adopt(await foreignUpload(bench, bench.bytes, indexes));
    assert.deepEqual([result.partsSent, result.partsReused], [PARTS - indexes.length, indexes.length]);
    assertArchives(bench, bench.bytes);
  }
});

test('an adopted part that differs is sent again if another part shows that the upload is of this file', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0, 1]);
  bench.vault.put(uploadId, PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.adopt(uploadId);
  assert.deepEqual([result.partsSent, result.partsReused], [4, 1]);
  assertArchives(bench, bench.bytes);
});

test('an interrupted adoption is resumed from its journal, without the id', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0, 1]);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'sendPart') throw new Died('interrupted');
  };
  await assert.rejects(bench.adopt(uploadId), isDied);
  bench.hooks.before = null;
  bench.forgetEvents();
  const [known] = await bench.session().state.all();
  assert.deepEqual([...(known?.parts.keys() ?? [])].sort(), [0, 1], 'compared once, and for good');
  const result = await bench.upload();
  assert.deepEqual([result.entry.uploadId, result.partsReused], [uploadId, 2]);
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
});

const strangers: Record<string, (bench: Rig) => Promise<string>> = {
  'whose parts are another file’s': (bench) => foreignUpload(bench, seededBytes(SIZE_BYTES, 99), [0, 1]),
  'with parts past this file’s end': (bench) =>
    foreignUpload(bench, Buffer.concat([bench.bytes, bench.bytes]), [0, 1, 7]),
  'whose only part has another length': (bench) => foreignUpload(bench, seededBytes(1000, 99), [0]),
};
for (const [which, make] of Object.entries(strangers)) {
  test(`an upload ${which} is not adopted, not changed, and not recorded for this file`, async (t) => {
    const bench = rig(t);
    const uploadId = await make(bench);
    const before = heldBytes(bench, uploadId);
    await assert.rejects(bench.adopt(uploadId), (error) => {
      failsAs('source', { why: 'other-upload' })(error);
      return (error as { context: { resumable?: boolean } }).context.resumable !== true;
    });
    assert.deepEqual(bench.journals(), []);
    await bench.upload();
    assert.deepEqual(heldBytes(bench, uploadId), before, 'the next upload of the file leaves it alone');
    assert.equal(bench.calls.createUpload, 2);
    assertArchives(bench, bench.bytes);
  });
}

test('an interrupted adoption is not resumed once its parts turn out to be of another file', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, seededBytes(SIZE_BYTES, 99), [0, 1]);
  const before = heldBytes(bench, uploadId);
  const { openSource } = bench.session();
  const dying: typeof openSource = async (path) => ({
    ...(await openSource(path)),
    prepare: async () => {
      throw new Died('while it compared');
    },
  });
  const session = bench.session({ openSource: dying });
  await assert.rejects(adoptUpload(session, bench.file, uploadId), isDied);
  assert.equal(bench.journals().length, 1);
  await assert.rejects(bench.upload(), failsAs('source', { why: 'other-upload' }));
  assert.deepEqual(heldBytes(bench, uploadId), before);
  await bench.upload();
  assert.deepEqual(heldBytes(bench, uploadId), before);
  assertArchives(bench, bench.bytes);
});

test('an id that the state folder knows is resumed from its journal', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  const result = await bench.adopt(uploadId);
  assert.deepEqual([result.partsReused, result.entry.uploadId], [3, uploadId]);
  const sent = bench.events.flatMap((event) => (event.type === 'part' ? [event.reused] : []));
  assert.deepEqual(sent, [false, false], 'what the journal vouches for was not read again');
});

test('an id that the state folder knows for another file is refused', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  const other = join(bench.folder, 'other.tar');
  writeFileSync(other, bench.bytes);
  await assert.rejects(bench.adopt(uploadId, other), failsAs('source', { why: 'other-upload' }));
  assert.equal(bench.journals().length, 1);
});

test('an id that the service does not know is not found, and nothing is created or recorded', async (t) => {
  const bench = rig(t);
  await assert.rejects(
    bench.adopt('-nobody-began-this'),
    failsAs('not-found', { what: 'upload', name: '-nobody-began-this' }),
  );
  assert.deepEqual([bench.calls.createUpload, bench.journals()], [0, []]);
});

test('an empty file cannot adopt an upload', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, []);
  writeFileSync(bench.file, '');
  await assert.rejects(bench.adopt(uploadId), failsAs('source', { why: 'empty' }));
  assert.deepEqual(bench.journals(), []);
});

test('an adopted upload that is aborted meanwhile ends as gone', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0]);
  bench.hooks.before = ({ operation, index }) => {
    if (operation === 'sendPart' && index === 2) bench.vault.drop(uploadId);
  };
  await assert.rejects(bench.adopt(uploadId), failsAs('gone', { completing: null }));
  assert.equal(bench.calls.createUpload, 1);
});

test('an adopted upload is completed, whatever format the service uses for times', async (t) => {
  for (const createdAt of ['2026-02-01T10:00:00Z', 'Sun, 01 Feb 2026 10:00:00 GMT', 'yesterday', null]) {
    const bench = rig(t);
    const uploadId = await foreignUpload(bench, bench.bytes, [0]);
    const { target } = bench.session();
    const listPartsPage: typeof target.listPartsPage = async (...asked) => ({
      ...(await target.listPartsPage(...asked)),
      createdAt,
    });
    await adoptUpload(bench.session({ target: { ...target, listPartsPage } }), bench.file, uploadId);
    assertArchives(bench, bench.bytes);
  }
});

test('an adopted upload with a part size that calve does not support is refused, and nothing is recorded', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0]);
  const { target } = bench.session();
  const listPartsPage: typeof target.listPartsPage = async (...asked) => ({
    ...(await target.listPartsPage(...asked)),
    partSizeBytes: 5_000_000,
  });
  const adoption = adoptUpload(bench.session({ target: { ...target, listPartsPage } }), bench.file, uploadId);
  await assert.rejects(adoption, failsAs('usage', { what: `upload ${uploadId}` }));
  assert.deepEqual(bench.journals(), []);
});

test('an adoption during another adoption of the same upload is busy', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0]);
  let second: unknown = null;
  bench.hooks.before = async ({ operation, count }) => {
    if (operation !== 'sendPart' || count !== 1) return;
    second = await bench.adopt(uploadId).catch((error: unknown) => error);
  };
  await bench.adopt(uploadId);
  failsAs('busy')(second);
  assertArchives(bench, bench.bytes);
});

test('an adoption that waited for one that died finishes its upload', async (t) => {
  const bench = rig(t);
  const uploadId = await foreignUpload(bench, bench.bytes, [0]);
  let second: Promise<unknown> = Promise.resolve();
  bench.hooks.before = async ({ operation, count }) => {
    if (operation !== 'sendPart' || count !== 1) return;
    // The second comes while the first holds the lock; then the first dies.
    second = adoptUpload(bench.session({ lockWaitMs: 20_000 }), bench.file, uploadId);
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Died('the first');
  };
  await assert.rejects(adoptUpload(bench.session(oneByOne), bench.file, uploadId), isDied);
  await second;
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
  assert.equal(vaultTreeHash(readFileSync(bench.file)), vaultTreeHash(bench.bytes));
});
