import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { tempFolder } from '../support/temp.js';
import { hashOf, sampleHead, storeWithLocks } from './samples.js';

test('ten thousand parts stay under 4 MB, each appended in constant time', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const plan = { sizeBytes: 10_000 * 1_048_576, partSizeBytes: 1_048_576, partCount: 10_000 };
  const journal = await store.create(sampleHead({ plan }));
  const path = journal.upload.journalPath;
  const inode = statSync(path).ino;
  const before = statSync(path).size;
  await journal.recordPart(9_999, { treeHash: hashOf(9_999), linearHash: hashOf(0) });
  const lineBytes = statSync(path).size - before;
  await Promise.all(
    Array.from({ length: 9_999 }, (_, i) =>
      journal.recordPart(i, { treeHash: hashOf(i), linearHash: hashOf(-i) }),
    ),
  );
  await journal.close();
  const { size, ino } = statSync(path);
  assert.ok(size < 4_000_000, `${size} bytes`);
  assert.ok(size <= before + 10_000 * lineBytes);
  assert.equal(ino, inode, 'the journal was rewritten');
  const [found] = await store.all();
  assert.equal(found?.parts.size, 10_000);
  assert.equal(found?.damagedLines, 0);
  const inOrder = [9_999, ...Array.from({ length: 9_999 }, (_, i) => i)];
  assert.deepEqual(
    [...(found?.parts.keys() ?? [])],
    inOrder,
    'lines stand in another order than they were recorded',
  );
  assert.equal(found?.parts.get(4_321)?.linearHash, hashOf(-4_321));
});
