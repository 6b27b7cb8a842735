import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { TransferError } from '../../src/core/failures.js';
import { abortUpload } from '../../src/transfer/abort.js';
import { chooseUploads, sortUploads, withActivity } from '../../src/transfer/choose-uploads.js';
import { type JoinedUpload, joiner, listUploads } from '../../src/transfer/list.js';
import type { UnfinishedUpload } from '../../src/transfer/ports/state.js';
import type { OpenUpload, Target } from '../../src/transfer/ports/target.js';
import type { Session } from '../../src/transfer/session.js';
import { sampleHead } from '../state/samples.js';
import { DAY_MS } from '../support/memory-target.js';
import {
  closeSources,
  Died,
  failsAs,
  HOUR_MS,
  interrupt,
  isDied,
  type Rig,
  rig,
  unavailable,
} from './rig.js';

after(closeSources);

const never = new AbortController().signal;

function abort(bench: Rig, uploadId: string, listed = false) {
  return abortUpload(bench.session(), uploadId, { listed, forget: false });
}

async function completedButUnknown(bench: Rig): Promise<string> {
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('the answer was lost');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.after = null;
  return bench.vault.archives[0]?.uploadId ?? '';
}

test('abort ends the upload on the service and deletes its journal', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  const aborted = await abort(bench, uploadId);
  assert.deepEqual(aborted, {
    uploadId,
    answer: { httpStatus: 204, requestId: 'request-204', hostId: null },
  });
  assert.deepEqual([bench.vault.uploads.size, bench.journals()], [0, []]);
});

test('abort also ends an upload that the state folder does not know', async (t) => {
  const bench = rig(t);
  const plan = { sizeBytes: 5, partSizeBytes: 1_048_576, partCount: 1 };
  const { uploadId } = await bench.target.createUpload({ plan, description: '' }, never);
  await abort(bench, uploadId);
  assert.equal(bench.vault.uploads.size, 0);
});

test('an upload that another running calve process works on is not aborted', async (t) => {
  const bench = rig(t);
  let refusal: unknown = null;
  bench.hooks.before = async ({ operation, count, uploadId }) => {
    if (operation !== 'sendPart' || count !== 1) return;
    refusal = await abort(bench, String(uploadId)).catch((error: unknown) => error);
  };
  await bench.upload();
  failsAs('busy')(refusal);
  assert.equal(bench.calls.abort, 0);
  assert.equal(bench.vault.archives.length, 1);
});

test('an id that neither the service nor the state folder knows is not found', async (t) => {
  const bench = rig(t);
  await assert.rejects(
    abort(bench, '-unknown'),
    failsAs('not-found', { what: 'upload', name: '-unknown', detail: null }),
  );
});

test('an upload that was listed just now and is already missing counts as aborted', async (t) => {
  const bench = rig(t);
  const { answer } = await abort(bench, '-unknown', true);
  assert.deepEqual(answer, { httpStatus: 404, requestId: 'request-404', hostId: null });
});

test('a missing upload with a journal counts as aborted, and the journal is deleted', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.vault.drop(uploadId);
  assert.equal((await abort(bench, uploadId)).answer.httpStatus, 404);
  assert.deepEqual(bench.journals(), []);
});

test('a missing upload that was completed is not found, and the message names its archive', async (t) => {
  const bench = rig(t);
  const { entry } = await bench.upload();
  await assert.rejects(abort(bench, String(entry.uploadId)), (error) => {
    failsAs('not-found', {
      what: 'upload',
      detail: `it was completed on ${entry.archivedAt} as archive ${entry.archiveId}`,
    })(error);
    return true;
  });
});

test('a missing upload whose archive may exist ends as gone, listed or not, and its journal stays', async (t) => {
  const bench = rig(t);
  const uploadId = await completedButUnknown(bench);
  for (const listed of [false, true]) {
    await assert.rejects(abort(bench, uploadId, listed), failsAs('gone', { uploadId }));
    assert.equal(bench.journals().length, 1);
  }
  await bench.upload();
  assert.equal(bench.calls.createUpload, 1);
});

test('a missing upload with a damaged line that may record a complete request ends as gone, and its journal stays', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  appendFileSync(bench.journalPath(), '{"type":"comp\n');
  bench.vault.drop(uploadId);
  const completing = { sizeBytes: bench.bytes.length, treeHash: null };
  await assert.rejects(abort(bench, uploadId), failsAs('gone', { completing }));
  assert.equal(bench.journals().length, 1);
});

test('the journal of a missing upload whose archive may exist is deleted if the user asks for it', async (t) => {
  const bench = rig(t);
  const uploadId = await completedButUnknown(bench);
  const forgetting = { listed: false, forget: true };
  await assert.rejects(abortUpload(bench.session(), 'unknown', forgetting), failsAs('not-found'));
  assert.equal(bench.journals().length, 1);
  await abortUpload(bench.session(), uploadId, forgetting);
  assert.equal(bench.journals().length, 0);
});

test('an upload that was being completed and is still open is aborted', async (t) => {
  const bench = rig(t);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'complete') throw new Died('never sent');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.before = null;
  const [uploadId = ''] = bench.vault.uploads.keys();
  await abort(bench, uploadId);
  assert.deepEqual([bench.vault.uploads.size, bench.journals()], [0, []]);
});

test('an abort whose response was lost succeeds', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.hooks.after = ({ operation, count }) => {
    if (operation !== 'abort' || count > 1) return;
    bench.vault.forgetEndings();
    throw unavailable();
  };
  await abort(bench, uploadId);
  assert.deepEqual([bench.calls.abort, bench.journals()], [2, []]);
});

test('an abort that fails keeps the journal', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'abort') throw unavailable();
  };
  await assert.rejects(abort(bench, uploadId), (error) => {
    failsAs('unreachable', { attempts: 3 })(error);
    const { context } = error as { context: unknown };
    assert.deepEqual(context, { target: 'glacier://photos', uploadId });
    return true;
  });
  assert.equal(bench.journals().length, 1);
  bench.hooks.before = null;
  await abort(bench, uploadId);
});

test('abort in another region keeps the journal of an upload with the same id', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  const elsewhere = { ...bench.session().targetIdentity, region: 'us-east-1' };
  bench.hooks.before = () => {
    bench.vault.exists = false;
  };
  await assert.rejects(
    abortUpload(bench.session({ targetIdentity: elsewhere }), uploadId, { listed: false, forget: false }),
    failsAs('not-found', { what: 'vault' }),
  );
  bench.hooks.before = () => {
    bench.vault.exists = true;
    bench.vault.drop(uploadId);
    bench.hooks.before = null;
  };
  await assert.rejects(
    abortUpload(bench.session({ targetIdentity: elsewhere }), uploadId, { listed: false, forget: false }),
    failsAs('not-found', { what: 'upload' }),
  );
  assert.equal(bench.journals().length, 1);
  const join = await joiner(bench.session({ targetIdentity: elsewhere }));
  const [open] = bench.vault.list('');
  const seen = { ...open, uploadId } as OpenUpload;
  assert.equal(join(seen).local, null);
});

test('a sweep takes the record of an upload that is gone, but not of another place or of one that may be an archive', async (t) => {
  const taken = async (change: Partial<Session> = {}) =>
    (await chooseUploads(bench.session(change), { olderThanMs: null })).take.map(({ open }) => open.uploadId);
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.vault.drop(uploadId);
  assert.deepEqual(await taken(), [uploadId]);
  const { targetIdentity } = bench.session();
  assert.deepEqual(await taken({ targetIdentity: { ...targetIdentity, region: 'us-east-1' } }), []);
  assert.deepEqual(await taken({ targetIdentity: { ...targetIdentity, account: '444455556666' } }), []);
  assert.deepEqual(await taken({ targetIdentity: { ...targetIdentity, url: 'glacier://another' } }), []);
  await abort(bench, uploadId);
  await completedButUnknown(bench);
  assert.equal(bench.journals().length, 1);
  assert.deepEqual(await taken(), []);
});

test('a sweep of a key or of a prefix takes no record of another key', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.vault.drop(uploadId);
  const [recorded] = await bench.session().state.all();
  const { targetIdentity } = bench.session();
  const at = (url: string) => ({ ...targetIdentity, url });
  const ofObject = {
    ...recorded,
    head: { ...recorded?.head, identity: { ...recorded?.head.identity, target: at('s3://photos/a/b') } },
  } as UnfinishedUpload;
  const state = { ...bench.session().state, all: async () => [ofObject] };
  for (const [url, isTaken] of [
    ['s3://photos', true],
    ['s3://photos/a/', true],
    ['s3://photos/a/b', true],
    ['s3://photos/a', false],
    ['s3://photos/b/', false],
    ['s3://other', false],
    ['obs://photos', false],
  ] as const) {
    const session = bench.session({ targetIdentity: at(url), state });
    const { take } = await chooseUploads(session, { olderThanMs: null });
    assert.deepEqual(
      take.map(({ open }) => open.key),
      isTaken ? ['a/b'] : [],
      url,
    );
  }
});

test('a listed upload shows the parts that its journal records', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  const plan = { sizeBytes: 5, partSizeBytes: 1_048_576, partCount: 1 };
  for (let n = 0; n < 4; n += 1) await bench.target.createUpload({ plan, description: `${n}` }, never);
  const joined: [boolean, number | undefined][] = [];
  for await (const { open, local } of listUploads(bench.session())) {
    joined.push([open.uploadId === uploadId, local?.parts.size]);
  }
  assert.deepEqual(joined, [
    [true, 2],
    ...Array.from({ length: 4 }, (): [boolean, undefined] => [false, undefined]),
  ]);
});

const nowMs = Date.parse('2026-03-10T00:00:00.000Z');

function joined(createdAgoMs: number, localIdleMs: number | null): JoinedUpload {
  const isoAgo = (ms: number): string => new Date(nowMs - ms).toISOString();
  const open = {
    uploadId: `${createdAgoMs}/${localIdleMs}`,
    key: null,
    description: null,
    partSizeBytes: null,
    createdAt: isoAgo(createdAgoMs),
    vaultArn: null,
    storageClass: null,
  };
  if (localIdleMs === null) return { open, local: null };
  const head = sampleHead();
  const local = {
    head,
    fingerprint: head.fingerprint,
    parts: new Map(),
    completing: null,
    mismatch: null,
    damagedLines: 0,
    completingUncertain: false,
    hasAllRecords: true,
    lastActivityAt: isoAgo(localIdleMs),
    journalPath: '',
  };
  return { open, local };
}

const table: [string, JoinedUpload, number, 'take' | 'inUse' | 'left'][] = [
  [
    'known here, with a journal that is idle for a long time',
    joined(10 * DAY_MS, 4 * DAY_MS),
    3 * DAY_MS,
    'take',
  ],
  ['known here, created long ago but active yesterday', joined(10 * DAY_MS, DAY_MS), 3 * DAY_MS, 'left'],
  ['known here, exactly as old as asked', joined(10 * DAY_MS, 3 * DAY_MS), 3 * DAY_MS, 'take'],
  ['known here, a millisecond younger', joined(10 * DAY_MS, 3 * DAY_MS - 1), 3 * DAY_MS, 'left'],
  ['unknown, older than a vault keeps idle uploads', joined(4 * DAY_MS, null), 3 * DAY_MS, 'inUse'],
  ['unknown, a day old', joined(DAY_MS, null), HOUR_MS, 'inUse'],
  ['unknown, not yet a day old', joined(DAY_MS - 1, null), HOUR_MS, 'take'],
  ['unknown, younger than asked', joined(HOUR_MS, null), 2 * HOUR_MS, 'left'],
  ['unknown, with a time that cannot be read', unreadableTime(), HOUR_MS, 'left'],
];

const shifted = (upload: JoinedUpload, serviceAheadMs: number): JoinedUpload => {
  const createdAt = new Date(Date.parse(upload.open.createdAt) + serviceAheadMs).toISOString();
  return { ...upload, open: { ...upload.open, createdAt }, listedMs: nowMs + serviceAheadMs };
};

for (const ahead of [-13 * HOUR_MS, 13 * HOUR_MS]) {
  const byClock: [string, JoinedUpload, 'take' | 'left' | 'inUse'][] = [
    ['an upload of a minute is left', joined(60_000, null), 'left'],
    ['an upload of 12 hours is taken', joined(12 * HOUR_MS, null), 'take'],
    ['an upload of a day is in use', joined(DAY_MS, null), 'inUse'],
  ];
  for (const [which, upload, expected] of byClock) {
    const side = ahead < 0 ? 'behind' : 'ahead';
    test(`if the clock of the service is 13 hours ${side}, its own time counts: ${which}`, () => {
      assert.equal(sorted(shifted(upload, ahead), 12 * HOUR_MS), expected);
    });
  }
}

test('an upload that the service created a minute ago was not idle for 12 hours, whatever the journal says', () => {
  const upload = { ...joined(60_000, 13 * HOUR_MS), listedMs: nowMs };
  assert.equal(sorted(upload, 12 * HOUR_MS), 'left');
});

function sorted(upload: JoinedUpload, olderThanMs: number): 'take' | 'left' | 'inUse' {
  const { take, inUse } = sortUploads([upload], { olderThanMs }, nowMs, DAY_MS);
  assert.ok(take.length + inUse.length <= 1);
  return take.length === 1 ? 'take' : inUse.length === 1 ? 'inUse' : 'left';
}

function unreadableTime(): JoinedUpload {
  const upload = joined(5 * DAY_MS, null);
  return { ...upload, open: { ...upload.open, createdAt: 'long ago' } };
}

for (const [which, upload, olderThanMs, expected] of table) {
  test(`abort by age: ${which}: ${expected}`, () => {
    assert.equal(sorted(upload, olderThanMs), expected);
  });
}

test('if uploads never expire, abort by age takes an old upload that is unknown here', () => {
  const upload = joined(400 * DAY_MS, null);
  assert.deepEqual(sortUploads([upload], { olderThanMs: DAY_MS }, nowMs, null), {
    take: [upload],
    inUse: [],
    inFleet: [],
  });
});

test('abort of all uploads takes all of them, and abort by age never takes one that is younger or in use', () => {
  const age = fc.integer({ min: 0, max: 5 * DAY_MS });
  const uploads = fc.array(fc.tuple(age, fc.option(age)).map(([created, idle]) => joined(created, idle)));
  fc.assert(
    fc.property(uploads, age, (all, olderThanMs) => {
      assert.deepEqual(sortUploads(all, { olderThanMs: null }, nowMs, DAY_MS), {
        take: all,
        inUse: [],
        inFleet: [],
      });
      const { take, inUse } = sortUploads(all, { olderThanMs }, nowMs, DAY_MS);
      for (const { open, local } of take) {
        const idleMs = nowMs - Date.parse(local?.lastActivityAt ?? open.createdAt);
        assert.ok(idleMs >= olderThanMs && (local !== null || idleMs < DAY_MS));
      }
      assert.ok(inUse.every((each) => each.local === null && !take.includes(each)));
    }),
  );
});

/** A service that bills what is left, and may still take a part that was in flight. */
function billing(bench: Rig, target: Partial<Target> = {}): Session {
  const vault = bench.session().target;
  const capabilities = { ...vault.capabilities, billsParts: true, partsOutliveAbort: true };
  return bench.session({ target: { ...vault, capabilities, ...target } });
}

test('if parts may outlive an abort, it is repeated until no part is listed', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  let lists = 0;
  const { target } = bench.session();
  const session = billing(bench, {
    // The first list still shows the upload, the second finds it gone.
    listPartsPage: async (id, page, signal) => {
      lists += 1;
      if (lists > 1) return target.listPartsPage(id, page, signal);
      return { partSizeBytes: 1, description: null, createdAt: null, parts: [], marker: null };
    },
  });
  await abortUpload(session, uploadId, { listed: false, forget: false });
  assert.deepEqual([bench.calls.abort, lists, bench.notices()], [2, 2, []]);
  assert.equal(bench.journals().length, 0);
});

test('parts that are still listed after every abort are reported, and the journal is deleted', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  const held = { startByte: 0, endByte: 0, treeHash: null, etag: 'e' };
  const session = billing(bench, {
    listPartsPage: async () => ({
      partSizeBytes: 1,
      description: null,
      createdAt: null,
      parts: [held, held],
      marker: null,
    }),
  });
  await abortUpload(session, uploadId, { listed: false, forget: false });
  assert.deepEqual(bench.notice('parts-may-remain').parts, 2);
  assert.equal(bench.journals().length, 0);
});

test('if listing the parts is refused after an abort, a notice reports that they were not checked', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  const facts = { why: 'denied', operation: 'ListParts', detail: null } as const;
  const session = billing(bench, {
    listPartsPage: async () => Promise.reject(new TransferError('refused', facts)),
  });
  await abortUpload(session, uploadId, { listed: false, forget: false });
  const notice = bench.notice('parts-may-remain');
  assert.equal(notice.parts, null);
});

test('if uploads never expire, an upload that is unknown here is as old as its newest part', async (t) => {
  const bench = rig(t);
  const nowMs = bench.clock.nowMs();
  const ago = (ms: number): string => new Date(nowMs - ms).toISOString();
  const open = {
    ...bench.vault.list('')[0],
    uploadId: 'up-1',
    key: 'k',
    createdAt: ago(5 * DAY_MS),
  } as OpenUpload;
  const part = { startByte: 0, endByte: 0, treeHash: null, etag: 'e' };
  const session = billing(bench, {
    at: () => session.target,
    listPartsPage: async () => ({
      partSizeBytes: 1,
      description: null,
      createdAt: null,
      parts: [2, 1, 3].map((days) => ({ ...part, modifiedAt: ago(days * DAY_MS) })),
      marker: null,
    }),
  });
  const targetIdentity = { ...session.targetIdentity, url: 's3://photos' };
  const seen = await withActivity(
    { ...session, targetIdentity },
    { open, local: null },
    { olderThanMs: 2 * DAY_MS },
  );
  assert.equal(seen.newestPartAt, ago(DAY_MS));
  assert.deepEqual(sortUploads([seen], { olderThanMs: 2 * DAY_MS }, nowMs, null).take, []);
  assert.equal(sortUploads([seen], { olderThanMs: DAY_MS }, nowMs, null).take.length, 1);
});
