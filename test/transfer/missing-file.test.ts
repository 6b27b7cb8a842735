import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TransferError } from '../../src/core/failures.js';
import { inspectFile } from '../../src/source/open-file.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { openStateStore } from '../../src/state/state-store.js';
import { checkFileExists } from '../../src/transfer/missing-file.js';
import type { Journal } from '../../src/transfer/ports/state.js';
import { hashOf, lockOptions, sampleEntry, sampleHead, sampleIdentity } from '../state/samples.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { failsAs } from './rig.js';

/** An unfinished upload whose file does not exist, and a function that checks it as `resume` does. */
async function lostFile(t: Cleanup, change: (journal: Journal) => Promise<void> = async () => {}) {
  const folder = tempFolder(t);
  const state = openStateStore(join(folder, 'state'));
  const catalogue = openCatalogue(join(folder, 'archives'));
  const path = join(folder, 'lost');
  const identity = sampleIdentity(path);
  const journal = await state.create(sampleHead({ identity }));
  await change(journal);
  await journal.close();
  const [upload] = await state.heads();
  assert.ok(upload);
  const failed: string[] = [];
  const tools = {
    state,
    catalogue,
    signal: new AbortController().signal,
    lockWaitMs: 0,
    report: (event: { type: string }) => void failed.push(event.type),
    inspectFile,
  };
  const check = () => checkFileExists(tools, upload);
  return { path, state, catalogue, identity, upload, failed, check };
}

test('an upload whose file is missing fails with the file, the target and the upload id', async (t) => {
  const { check, path, identity, failed } = await lostFile(t);
  await assert.rejects(check(), (error: TransferError) => {
    failsAs('source', { why: 'missing' })(error);
    const { file, target, uploadId } = error.context;
    assert.deepEqual([file, target, uploadId], [path, identity.target.url, '-upl0ad_id']);
    return true;
  });
  assert.deepEqual(failed, ['failed']);
});

test('an upload whose archive may exist needs no file', async (t) => {
  const completing = await lostFile(t, (journal) =>
    journal.recordCompleting({ sizeBytes: 100_000_000, treeHash: hashOf('whole') }),
  );
  await completing.check();
  const catalogued = await lostFile(t);
  await catalogued.catalogue.record(sampleEntry({ identity: catalogued.identity }));
  await catalogued.check();
  const superseded = await lostFile(t);
  await superseded.catalogue.record(sampleEntry({ identity: superseded.identity, uploadId: 'other' }));
  await superseded.check();
});

test('an upload that has ended since it was listed is left to resume', async (t) => {
  const { check, state, upload } = await lostFile(t);
  const locked = await state.openUpload(upload.head.uploadId, lockOptions());
  await locked.journal?.remove();
  await locked.close();
  await check();
});

test('an upload that another run works on is busy, although its file is missing', async (t) => {
  const { check, state, upload, identity } = await lostFile(t);
  for (const take of [
    () => state.lockIdentity(identity, lockOptions()),
    () => state.openUpload(upload.head.uploadId, lockOptions()),
  ]) {
    const held = await take();
    await assert.rejects(check(), failsAs('busy'));
    // Node 26 fails when it finds a journal that nobody has closed.
    await ('lock' in held ? held.close() : held.release());
  }
});
