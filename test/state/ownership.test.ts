import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import type { Catalogue } from '../../src/transfer/ports/state.js';
import { allEntries } from '../support/all-entries.js';
import { entryFiles } from '../support/entry-files.js';
import { tempFolder } from '../support/temp.js';
import { lockOptions, sampleEntry, sampleHead, stateFailing, storeWithLocks, untrusted } from './samples.js';

interface Filled {
  readonly state: string;
  readonly journal: string;
  readonly archives: string;
  readonly entry: string;
  readonly store: ReturnType<typeof storeWithLocks>;
  readonly catalogue: Catalogue;
}

async function filled(t: TestContext): Promise<Filled> {
  const folder = tempFolder(t);
  const [state, archives] = [join(folder, 'state'), join(folder, 'archives')];
  const store = storeWithLocks(state);
  const catalogue = openCatalogue(archives);
  const journal = await store.create(sampleHead());
  await journal.close();
  await (await store.lockUpload('x', lockOptions())).release();
  await catalogue.record(sampleEntry());
  const entry = entryFiles(archives)[0] ?? '';
  return { state, journal: journal.upload.journalPath, archives, entry, store, catalogue };
}

async function assertStateForeign({ store }: Filled, path: string): Promise<void> {
  const isForeign = untrusted(path);
  await assert.rejects(store.all(), isForeign);
  await assert.rejects(store.findByIdentity(sampleHead().identity), isForeign);
  await assert.rejects(store.findByUploadId(sampleHead().uploadId), isForeign);
}

for (const below of ['', 'v2', 'v2/uploads']) {
  for (const mode of [0o770, 0o720, 0o702, 0o1777]) {
    test(`state/${below} of mode ${mode.toString(8)} is not trusted`, async (t) => {
      const at = await filled(t);
      chmodSync(join(at.state, below), mode);
      await assertStateForeign(at, join(at.state, below));
      await assert.rejects(at.store.create(sampleHead({ uploadId: 'b' })), untrusted());
    });
  }

  test(`state/${below} of another user is not trusted, not even by the superuser`, async (t) => {
    if (process.geteuid?.() !== 0) return t.skip('only the superuser can give a folder away');
    const at = await filled(t);
    chownSync(join(at.state, below), 65_534, 65_534);
    await assertStateForeign(at, join(at.state, below));
  });
}

test('a folder that others may only read is trusted', async (t) => {
  const at = await filled(t);
  for (const path of [at.state, join(at.state, 'v2'), at.archives]) chmodSync(path, 0o755);
  chmodSync(at.journal, 0o644);
  assert.equal((await at.store.all()).length, 1);
  assert.equal((await allEntries(at.catalogue)).length, 1);
});

test("one process may trust its own groups with one folder, and nobody else's with another", async (t) => {
  const at = await filled(t);
  const trust = { ownGroups: true };
  for (const path of [at.state, at.archives]) chmodSync(path, 0o770);
  assert.equal((await storeWithLocks(at.state, undefined, trust).all()).length, 1);
  assert.equal((await allEntries(openCatalogue(at.archives, trust))).length, 1);
  await assertStateForeign(at, at.state);
  await assert.rejects(allEntries(openCatalogue(at.archives)), untrusted(at.archives));
  for (const path of [at.state, at.archives]) chmodSync(path, 0o777);
  await assert.rejects(storeWithLocks(at.state, undefined, trust).all(), untrusted(at.state));
  await assert.rejects(allEntries(openCatalogue(at.archives, trust)), untrusted(at.archives));
});

test('a lock cannot be taken in a folder that others may write to', async (t) => {
  const at = await filled(t);
  chmodSync(join(at.state, 'v2', 'locks'), 0o777);
  await assert.rejects(at.store.lockUpload('x', lockOptions()), untrusted('locks'));
  await assert.rejects(at.store.lockIdentity(sampleHead().identity, lockOptions()), untrusted('locks'));
});

test('the given folder may be a link to a safe one, those below it may not be links', async (t) => {
  const at = await filled(t);
  const link = join(at.state, '..', 'link');
  symlinkSync(at.state, link);
  assert.equal((await storeWithLocks(link).all()).length, 1);
  chmodSync(at.state, 0o777);
  await assert.rejects(storeWithLocks(link).all(), untrusted(link));
  chmodSync(at.state, 0o700);
  const locking = () => at.store.lockUpload('x', lockOptions());
  for (const below of ['v2/locks', 'v2/uploads', 'v2']) {
    const [path, moved] = [join(at.state, below), join(at.state, 'moved')];
    renameSync(path, moved);
    symlinkSync(moved, path);
    if (below !== 'v2/locks') await assertStateForeign(at, path);
    if (below !== 'v2/uploads') await assert.rejects(locking(), untrusted(path));
    unlinkSync(path);
    renameSync(moved, path);
  }
});

test('a file in the place of a folder is reported as no-folder', async (t) => {
  const at = await filled(t);
  const store = storeWithLocks(at.journal);
  await assert.rejects(store.all(), stateFailing('no-folder', at.journal));
  await assert.rejects(store.lockUpload('x', lockOptions()), stateFailing('no-folder', at.journal));
});

test('a journal that is a link, a folder or a pipe, or that others may write to, is not trusted', async (t) => {
  const at = await filled(t);
  for (const mode of [0o620, 0o602]) {
    chmodSync(at.journal, mode);
    await assertStateForeign(at, at.journal);
    const { uploadId } = sampleHead();
    await assert.rejects(at.store.openUpload(uploadId, lockOptions()), untrusted(at.journal));
  }
  chmodSync(at.journal, 0o600);
  const aside = join(at.state, 'aside');
  renameSync(at.journal, aside);
  symlinkSync(aside, at.journal);
  await assertStateForeign(at, at.journal);
  unlinkSync(at.journal);
  mkdirSync(at.journal);
  await assertStateForeign(at, at.journal);
  execFileSync('rmdir', [at.journal]);
  execFileSync('mkfifo', ['-m', '600', at.journal]);
  await assertStateForeign(at, at.journal);
  unlinkSync(at.journal);
  linkSync(aside, at.journal);
  assert.equal((await at.store.all()).length, 1);
});

test('a journal of another user is not trusted', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only the superuser can give a file away');
  const at = await filled(t);
  chownSync(at.journal, 65_534, 65_534);
  await assertStateForeign(at, at.journal);
});

test('the same rules of trust apply to the catalogue', async (t) => {
  const at = await filled(t);
  const reads = () => [
    () => allEntries(at.catalogue),
    () => at.catalogue.findByIdentity(sampleEntry().identity),
    () => at.catalogue.forget('archive-1'),
  ];
  const writes = [() => at.catalogue.record(sampleEntry()), () => at.catalogue.proveWritable()];
  for (const folder of [at.archives, join(at.archives, 'v2'), dirname(at.entry)]) {
    chmodSync(folder, 0o770);
    // The file that proves the folder writable is above those of the entries.
    const refused = folder === dirname(at.entry) ? writes.slice(0, 1) : writes;
    for (const call of [...reads(), ...refused]) await assert.rejects(call(), untrusted(folder));
    chmodSync(folder, 0o700);
  }
  chmodSync(at.entry, 0o666);
  for (const call of reads()) await assert.rejects(call(), untrusted(at.entry));
  chmodSync(at.entry, 0o600);
  renameSync(at.entry, join(dirname(at.entry), 'aside'));
  symlinkSync('aside', at.entry);
  for (const call of reads()) await assert.rejects(call(), untrusted(at.entry));
});

for (const mask of [0, 0o022, 0o077, 0o177, 0o777]) {
  test(`under umask ${mask.toString(8).padStart(3, '0')} folders are 0700 and files 0600`, async (t) => {
    const folder = tempFolder(t);
    const script = `
      process.umask(${mask});
      const { openCatalogue } = await import(process.argv[1] + '/src/state/catalogue.js');
      const { sampleHead, sampleEntry, storeWithLocks, lockOptions } = await import(process.argv[1] + '/test/state/samples.js');
      const store = storeWithLocks(process.argv[2] + '/a/b');
      const journal = await store.create(sampleHead());
      await journal.recordReopened();
      await store.lockUpload('x', lockOptions());
      const catalogue = openCatalogue(process.argv[2] + '/c/d');
      await catalogue.proveWritable();
      await catalogue.record(sampleEntry());`;
    const dist = join(import.meta.dirname, '..', '..');
    execFileSync(process.execPath, ['--input-type=module', '-e', script, dist, folder], { stdio: 'pipe' });
    const modes = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
      const { mode } = statSync(join(entry.parentPath, entry.name));
      return `${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o7777).toString(8)}`;
    });
    assert.equal(modes.length, 12 + 256, 'the catalogue has 256 folders for entries');
    assert.deepEqual([...new Set(modes)].sort(), ['file 600', 'folder 700']);
  });
}

test('no file of the state holds more than the port names', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const head = { ...sampleHead(), secretAccessKey: 'TOPSECRET' };
  const journal = await store.create(head);
  await journal.close();
  assert.equal(readFileSync(journal.upload.journalPath, 'utf8').includes('TOPSECRET'), false);
});
