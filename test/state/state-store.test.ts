import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { tempFolder } from '../support/temp.js';
import { hashOf, lockOptions, sampleHead, sampleIdentity, stateFailing, storeWithLocks } from './samples.js';

test('a recorded upload is found by identity, by upload id and in the list of all', async (t) => {
  const store = storeWithLocks(join(tempFolder(t), 'deep', 'state'));
  const head = sampleHead();
  const journal = await store.create(head);
  const part = { treeHash: hashOf(2), linearHash: hashOf('l2') };
  await journal.recordPart(2, part);
  await journal.recordPart(0, { treeHash: hashOf(0), linearHash: null });
  const touched = { ...head.fingerprint, ctimeNs: '-5' };
  await journal.recordFingerprint(touched);
  await journal.recordCompleting({ sizeBytes: 100_000_000, treeHash: hashOf('whole') });
  await journal.close();

  const [found, ...others] = await store.findByIdentity(sampleIdentity());
  assert.ok(found);
  assert.deepEqual(others, []);
  assert.deepEqual(found.head, head);
  assert.deepEqual(found.fingerprint, touched);
  assert.deepEqual(found.parts.get(2), part);
  assert.deepEqual([...found.parts.keys()].sort(), [0, 2]);
  assert.deepEqual(found.completing, { sizeBytes: 100_000_000, treeHash: hashOf('whole') });
  assert.equal(found.damagedLines, 0);
  assert.equal(found.completingUncertain, false);
  assert.equal(found.lastActivityAt, statSync(found.journalPath).mtime.toISOString());
  assert.deepEqual(await store.findByUploadId(head.uploadId), found);
  assert.deepEqual(await store.all(), [found]);
});

test('a reopened upload is no longer completing, and its newest part and fingerprint are used', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const journal = await store.create(sampleHead());
  await journal.recordPart(1, { treeHash: hashOf('old'), linearHash: null });
  await journal.recordCompleting({ sizeBytes: 100_000_000, treeHash: hashOf('whole') });
  await journal.close();
  const [before] = await store.all();
  assert.ok(before?.completing);
  const again = await store.reopen(before);
  assert.deepEqual(again.upload, before);
  await again.recordReopened();
  await again.recordPart(1, { treeHash: hashOf('new'), linearHash: null });
  await again.close();
  const after = await store.findByUploadId(before.head.uploadId);
  assert.equal(after?.completing, null);
  assert.equal(after?.parts.get(1)?.treeHash, hashOf('new'));
});

test('uploads are listed oldest first, and the uploads of one file newest first', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const starts = {
    b: '2026-01-03T00:00:00.000Z',
    a: '2026-01-01T00:00:00.000Z',
    c: '2026-01-02T00:00:00.000Z',
  };
  for (const [uploadId, startedAt] of Object.entries(starts)) {
    await (await store.create(sampleHead({ uploadId, startedAt }))).close();
  }
  const other = sampleHead({ uploadId: 'd', identity: sampleIdentity('/other') });
  await (await store.create(other)).close();
  const idsOf = (uploads: { head: { uploadId: string } }[]) =>
    uploads.map(({ head }) => head.uploadId).join('');
  assert.equal(idsOf(await store.all()), 'acdb'); // d was created at the sample's time, between c and b
  assert.equal(idsOf(await store.findByIdentity(sampleIdentity())), 'bca');
});

test('a difference in any field of the target makes another identity, a missing account included', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  await (await store.create(sampleHead())).close();
  const { source, target } = sampleIdentity();
  for (const change of [
    { url: 'glacier://b' },
    { region: null },
    { endpoint: 'http://x' },
    { account: null },
  ]) {
    assert.deepEqual(await store.findByIdentity({ source, target: { ...target, ...change } }), []);
  }
  assert.deepEqual(await store.findByIdentity(sampleIdentity('/data/photos.tar.old')), []);
});

test('a removed journal is gone, and removing it again changes nothing', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const journal = await store.create(sampleHead());
  await journal.remove();
  await journal.remove();
  assert.deepEqual(await store.all(), []);
  const { journal: gone, close } = await store.openUpload(journal.upload.head.uploadId, lockOptions());
  assert.equal(gone, null);
  await close();
});

test('reading a state folder that does not exist finds nothing and creates nothing', async (t) => {
  const folder = join(tempFolder(t), 'state');
  const store = storeWithLocks(folder);
  assert.deepEqual(await store.all(), []);
  assert.deepEqual(await store.findByIdentity(sampleIdentity()), []);
  assert.equal(await store.findByUploadId('x'), null);
  assert.equal(existsSync(folder), false);
});

test('a new journal never overwrites an older one of the same upload', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const journal = await store.create(sampleHead());
  await journal.recordCompleting({ sizeBytes: 1, treeHash: hashOf('whole') });
  await journal.close();
  await assert.rejects(store.create(sampleHead()), (error) => isFailure(error, 'bug'));
  assert.ok((await store.findByUploadId(sampleHead().uploadId))?.completing);
});

test('a record that could not be read again is not written', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const journal = await store.create(sampleHead());
  const isBug = (error: unknown) => isFailure(error, 'bug');
  await assert.rejects(journal.recordPart(6, { treeHash: hashOf(6), linearHash: null }), isBug);
  await assert.rejects(journal.recordPart(-1, { treeHash: hashOf(6), linearHash: null }), isBug);
  await assert.rejects(journal.recordPart(1, { treeHash: 'ABC', linearHash: null }), isBug);
  await assert.rejects(journal.recordCompleting({ sizeBytes: Number.NaN, treeHash: hashOf(1) }), isBug);
  await journal.close();
  await assert.rejects(store.create(sampleHead({ uploadId: '' })), isBug);
  await assert.rejects(store.create(sampleHead({ startedAt: 'yesterday' })), isBug);
  const [found] = await store.all();
  assert.deepEqual([found?.parts.size, found?.damagedLines], [0, 0]);
});

test('a folder of a newer calve is refused only when it may hold uploads', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const head = sampleHead();
  await (await store.create(head)).close();
  mkdirSync(join(folder, 'v3', 'uploads'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'v3', 'locks'));
  mkdirSync(join(folder, 'v0'));
  assert.equal((await store.findByIdentity(head.identity)).length, 1);
  assert.equal((await store.all()).length, 1);

  writeFileSync(join(folder, 'v3', 'uploads', 'something'), '');
  await assert.rejects(store.findByIdentity(head.identity), stateFailing('newer', 'v3'));
  await assert.rejects(store.all(), stateFailing('newer', 'v3'));
  await assert.rejects(store.openUpload('unknown here', lockOptions()), stateFailing('newer', 'v3'));
  await assert.rejects(store.heads(), stateFailing('newer', 'v3'));
  const known = await store.openUpload(head.uploadId, lockOptions());
  assert.ok(known.journal);
  await known.close();

  renameSync(join(folder, 'v3', 'uploads'), join(folder, 'v3', 'transfers'));
  await assert.rejects(store.findByIdentity(head.identity), stateFailing('newer', 'v3'));
});

test('a journal with a wrong name is reported and not ignored', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  await (await store.create(sampleHead())).close();
  const uploads = join(folder, 'v2', 'uploads');
  const [name] = readdirSync(uploads);
  assert.ok(name);
  const wrong = `${'0'.repeat(16)}${name.slice(16)}`;
  renameSync(join(uploads, name), join(uploads, wrong));
  await assert.rejects(store.all(), stateFailing('damaged', wrong));
});

test('other files between the journals are left alone', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const journal = await store.create(sampleHead());
  await journal.close();
  for (const name of ['.tmp-0123', 'notes.txt', '.nfs0001']) {
    writeFileSync(join(folder, 'v2', 'uploads', name), 'half');
  }
  assert.equal((await store.all()).length, 1);
});

test('a line after a torn line is separate from it', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const journal = await store.create(sampleHead());
  await journal.close();
  appendFileSync(journal.upload.journalPath, '{"type":"part","index":3,"tr');
  const [torn] = await store.all();
  assert.ok(torn);
  assert.deepEqual([torn.damagedLines, torn.completingUncertain], [1, false]);
  const again = await store.reopen(torn);
  await again.recordPart(4, { treeHash: hashOf(4), linearHash: null });
  await again.recordCompleting({ sizeBytes: 100_000_000, treeHash: hashOf('whole') });
  await again.close();
  const [found] = await store.all();
  assert.deepEqual([...(found?.parts.keys() ?? [])], [4]);
  assert.ok(found?.completing);
  assert.deepEqual([found.damagedLines, found.completingUncertain], [1, false]);
});

test('unfinished uploads of an older calve are reported, and left alone', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  await (await store.create(sampleHead())).close();
  mkdirSync(join(folder, 'v1', 'uploads'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'v1', 'locks'));
  assert.equal((await store.all()).length, 1);
  const old = join(folder, 'v1', 'uploads', '0123456789abcdef-0123456789abcdef.jsonl');
  writeFileSync(old, 'of another format');
  await assert.rejects(store.findByIdentity(sampleIdentity()), stateFailing('older', 'v1'));
  await assert.rejects(store.all(), stateFailing('older', 'v1'));
  await assert.rejects(store.heads(), stateFailing('older', 'v1'));
  assert.ok(existsSync(old));
});

test('heads are read without the parts, the oldest first', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const second = sampleHead({ uploadId: 'b', startedAt: '2026-01-03T00:00:00.000Z' });
  for (const head of [second, sampleHead()]) {
    const journal = await store.create(head);
    await journal.recordPart(0, { treeHash: hashOf(0), linearHash: null });
    await journal.close();
  }
  const heads = await store.heads();
  assert.deepEqual(
    heads.map(({ head }) => head),
    [sampleHead(), second],
  );
});
