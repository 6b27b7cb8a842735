import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, statSync, utimesSync } from 'node:fs';
import { after, test } from 'node:test';
import { parseTargetUrl } from '../../src/core/target-url.js';
import { GLACIER_CAPABILITIES } from '../../src/targets/glacier/capabilities.js';
import {
  type Forecast,
  type ForecastSession,
  forecastFile,
  knownPlaces,
} from '../../src/transfer/forecast.js';
import type { UploadOptions } from '../../src/transfer/upload.js';
import { seededBytes } from '../support/bytes.js';
import {
  closeSources,
  Died,
  failsAs,
  interrupt,
  isDied,
  loseCompleteAnswer,
  PART_BYTES,
  type Rig,
  rig,
} from './rig.js';

after(closeSources);

const URL = parseTargetUrl('glacier://photos');
const RESOLVED = { region: 'eu-west-1', endpoint: null };

function sessionOf(bench: Rig): ForecastSession {
  return { ...bench.session(), capabilities: GLACIER_CAPABILITIES };
}

async function forecast(
  bench: Rig,
  wish: Partial<UploadOptions> = {},
  resolved: typeof RESOLVED | null = RESOLVED,
): Promise<Forecast> {
  const session = sessionOf(bench);
  const wanted = { url: URL.url, places: await knownPlaces(session, URL, resolved) };
  const before = bench.log.length;
  const options = { file: bench.file, partSizeBytes: null, description: null, fresh: false, ...wish };
  try {
    return await forecastFile(session, options, wanted);
  } finally {
    assert.equal(bench.log.length, before, 'the service was asked');
  }
}

test('a file that is not known is new, and without folders every file is', async (t) => {
  const bench = rig(t);
  assert.deepEqual(await forecast(bench), { action: 'new' });
  const session = { ...sessionOf(bench), state: null, catalogue: null };
  assert.deepEqual(await knownPlaces(session, URL, RESOLVED), []);
});

test('an unfinished upload is found without its account, and without a region', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench);
  for (const resolved of [RESOLVED, null]) {
    const found = await forecast(bench, {}, resolved);
    assert.ok(found.action === 'continue');
    assert.deepEqual([found.upload.head.uploadId, found.upload.parts.size], [uploadId, 2]);
  }
  assert.deepEqual(await forecast(bench, { fresh: true }), { action: 'new' });
});

test('an upload in another region, or in another vault, is not this one', async (t) => {
  const bench = rig(t);
  await interrupt(bench);
  const session = sessionOf(bench);
  assert.deepEqual(await knownPlaces(session, URL, { region: 'eu-west-3', endpoint: null }), []);
  assert.deepEqual(await knownPlaces(session, parseTargetUrl('glacier://photo'), RESOLVED), []);
});

test('a file that is archived is skipped, also if it was touched, and not if it changed', async (t) => {
  const bench = rig(t);
  const { entry } = await bench.upload();
  const found = await forecast(bench);
  assert.ok(found.action === 'skip');
  assert.equal(found.entry.archiveId, entry.archiveId);
  chmodSync(bench.file, 0o600);
  chmodSync(bench.file, 0o400);
  assert.equal((await forecast(bench)).action, 'skip');
  const [kept] = await bench.session().catalogue.findByArchiveId(entry.archiveId);
  assert.deepEqual(kept, entry, 'the catalogue stays as it is');
  chmodSync(bench.file, 0o600);
  appendFileSync(bench.file, 'more');
  assert.deepEqual(await forecast(bench), { action: 'new' });
});

test('the recorded parts of a touched file are read again: other bytes make it new', async (t) => {
  const bench = rig(t);
  await interrupt(bench);
  const { atime, mtime } = statSync(bench.file);
  chmodSync(bench.file, 0o600);
  assert.equal((await forecast(bench)).action, 'continue');
  appendFileSync(bench.file, seededBytes(9, 1));
  utimesSync(bench.file, atime, mtime);
  assert.equal((await forecast(bench)).action, 'new');
});

test('an upload whose complete was sent is continued, and one that is recorded is skipped', async (t) => {
  const bench = rig(t);
  await loseCompleteAnswer(bench);
  const found = await forecast(bench);
  assert.ok(found.action === 'continue' && found.upload.completing !== null);
  await bench.upload();
  assert.equal((await forecast(bench)).action, 'skip');
});

test('an archive of other bytes is the failure that the upload would end with', async (t) => {
  const bench = rig(t);
  const run = bench.session();
  await interrupt(bench);
  const [known] = await run.state.heads();
  const locked = await run.state.openUpload(known?.head.uploadId ?? '', {
    waitMs: 0,
    signal: run.signal,
  });
  await locked.journal?.recordMismatch({ expected: 'a', got: 'b' });
  await locked.close();
  await assert.rejects(forecast(bench), failsAs('checksum', { what: 'archive' }));
});

test('another part size than that of the unfinished upload is the failure that the upload would end with', async (t) => {
  const bench = rig(t);
  await interrupt(bench);
  assert.equal((await forecast(bench, { partSizeBytes: PART_BYTES })).action, 'continue');
  await assert.rejects(forecast(bench, { partSizeBytes: 4 * PART_BYTES }), failsAs('usage'));
});

test('a lock that another run holds is the failure that the upload would end with, unless it waits', async (t) => {
  const bench = rig(t);
  bench.hooks.before = async ({ operation }) => {
    if (operation !== 'sendPart') return;
    await assert.rejects(forecast(bench), failsAs('busy'));
    const waiting = { ...sessionOf(bench), lockWaitMs: 1000 };
    const wanted = { url: URL.url, places: await knownPlaces(waiting, URL, RESOLVED) };
    const options = { file: bench.file, partSizeBytes: null, description: null, fresh: false };
    assert.equal((await forecastFile(waiting, options, wanted)).action, 'continue');
    throw new Died('the run ends');
  };
  await assert.rejects(bench.upload({}, { concurrency: 1 }), isDied);
  bench.hooks.before = null;
  assert.equal((await forecast(bench)).action, 'continue');
});
