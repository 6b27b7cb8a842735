import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import { allEntries } from '../support/all-entries.js';
import { entryFiles } from '../support/entry-files.js';
import { tempFolder } from '../support/temp.js';
import { hashOf, lockOptions, sampleEntry, sampleHead, stateFailing, storeWithLocks } from './samples.js';
import { remountReadOnly, smallDisk } from './small-disk.js';

const completing = { sizeBytes: 100_000_000, treeHash: hashOf('whole') };

test('a line that the system writes only in part is a failure, and the next line is still separate', async (t) => {
  const folder = tempFolder(t);
  const script = join(import.meta.dirname, 'limited.js');
  // POSIX: ulimit -f counts blocks of 512 bytes.
  const line = `ulimit -f 8 && exec "$0" "$1" "$2"`;
  const output = execFileSync('sh', ['-c', line, process.execPath, script, folder], { encoding: 'utf8' });
  const [first, second] = JSON.parse(output);
  assert.equal(first.why, 'not-writable');
  assert.match(first.path, /v2\/uploads\/.*\.jsonl$/);
  assert.match(first.detail, /^EFBIG: file too large$/);
  assert.equal(second.why, 'not-writable');

  const store = storeWithLocks(folder);
  const [torn] = await store.all();
  assert.ok(torn && torn.parts.size > 5 && torn.parts.size < 40);
  assert.deepEqual([torn.damagedLines, torn.completingUncertain], [1, false]);
  const journal = await store.reopen(torn);
  await journal.recordCompleting(completing);
  await journal.close();
  const [after] = await store.all();
  assert.deepEqual(after?.completing, completing);
  assert.deepEqual(after.parts, torn.parts);
  assert.deepEqual([after.damagedLines, after.completingUncertain], [1, false]);
});

/** Fills the disk, but leaves this number of bytes free. */
function fill(disk: string, freeBytes: number): void {
  const path = join(disk, 'filler');
  for (let chunk = 65_536; chunk >= 4_096; chunk /= 2) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(chunk), { flag: 'a' });
    } catch {}
  }
  const { length } = readFileSync(path);
  rmSync(path);
  writeFileSync(path, Buffer.alloc(Math.max(0, length - freeBytes)));
}

const DISK_BYTES = 256 * 1024;

test('a full disk refuses a new journal, and leaves no partial file', async (t) => {
  const disk = smallDisk(t, DISK_BYTES);
  if (disk === null) return;
  const store = storeWithLocks(join(disk, 'state'));
  await (await store.create(sampleHead())).close();
  fill(disk, 0);
  await assert.rejects(store.create(sampleHead({ uploadId: 'b' })), (error) => {
    stateFailing('not-writable', '.jsonl')(error);
    assert.match(String(error), /ENOSPC/);
    return true;
  });
  assert.equal(readdirSync(join(disk, 'state', 'v2', 'uploads')).length, 1);
  assert.equal((await store.all()).length, 1);
});

test('a journal on a disk that was full and has room again continues with complete lines', async (t) => {
  const disk = smallDisk(t, DISK_BYTES);
  if (disk === null) return;
  const store = storeWithLocks(join(disk, 'state'));
  const plan = { sizeBytes: 1_000 * 1_048_576, partSizeBytes: 1_048_576, partCount: 1_000 };
  const journal = await store.create(sampleHead({ plan }));
  fill(disk, 4_096);
  const part = { treeHash: hashOf(1), linearHash: hashOf(2) };
  let refused = -1;
  for (let index = 0; index < 100 && refused < 0; index++) {
    await journal.recordPart(index, part).catch((error) => {
      stateFailing('not-writable', '.jsonl')(error);
      refused = index;
    });
  }
  assert.ok(refused > 0);
  rmSync(join(disk, 'filler'));
  await journal.recordPart(refused, part);
  await journal.recordCompleting(completing);
  await journal.close();
  const [found] = await store.all();
  assert.equal(found?.parts.size, refused + 1);
  assert.deepEqual(found.completing, completing);
  assert.ok(found.damagedLines <= 1);
  assert.equal(found.completingUncertain, false);
});

test('proving the catalogue writable fails on a full disk, and its entries stay unchanged', async (t) => {
  const disk = smallDisk(t, DISK_BYTES);
  if (disk === null) return;
  const folder = join(disk, 'archives');
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  await catalogue.proveWritable();
  fill(disk, 4_096);
  await assert.rejects(catalogue.proveWritable(), stateFailing('not-writable', 'archives'));
  fill(disk, 0);
  await assert.rejects(
    catalogue.record(sampleEntry({ description: 'b' })),
    stateFailing('not-writable', '.json'),
  );
  const many = Array.from({ length: 20 }, (_, i) => sampleEntry({ archiveId: `many-${i}` }));
  await assert.rejects(catalogue.recordAll(many), stateFailing('not-writable', 'archives'));
  assert.deepEqual(
    readdirSync(join(folder, 'v2')).filter((name) => name.startsWith('.')),
    [],
  );
  assert.equal(entryFiles(folder).length, 1);
  assert.deepEqual(await allEntries(catalogue), [sampleEntry()]);
});

test('a lock cannot be taken on a full disk', async (t) => {
  const disk = smallDisk(t, DISK_BYTES);
  if (disk === null) return;
  const store = storeWithLocks(join(disk, 'state'));
  await (await store.lockUpload('a', lockOptions())).release();
  fill(disk, 0);
  await assert.rejects(store.lockUpload('a', lockOptions()), stateFailing('not-writable', 'locks'));
});

test('a read-only disk can be read, and every change fails with EROFS', async (t) => {
  const disk = smallDisk(t, 1024 * 1024);
  if (disk === null) return;
  const store = storeWithLocks(join(disk, 'state'));
  const catalogue = openCatalogue(join(disk, 'archives'));
  const journal = await store.create(sampleHead());
  await journal.close();
  await catalogue.record(sampleEntry());
  remountReadOnly(disk);

  assert.equal((await store.all()).length, 1);
  assert.equal((await store.findByIdentity(sampleHead().identity)).length, 1);
  assert.deepEqual(await allEntries(catalogue), [sampleEntry()]);
  assert.deepEqual(await allEntries(openCatalogue(join(disk, 'none'))), []);
  const refusals = [
    () => store.create(sampleHead({ uploadId: 'b' })),
    () => store.reopen(journal.upload),
    () => store.lockUpload('a', lockOptions()),
    () => journal.remove(),
    () => catalogue.proveWritable(),
    () => catalogue.record(sampleEntry({ archiveId: 'b' })),
    () => catalogue.forget('archive-1'),
    () => openCatalogue(join(disk, 'none')).proveWritable(),
  ];
  for (const refusal of refusals) {
    await assert.rejects(refusal(), (error) => {
      stateFailing('not-writable', disk)(error);
      assert.match(String(error), /EROFS/);
      return true;
    });
  }
});
