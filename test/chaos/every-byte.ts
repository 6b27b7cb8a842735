/**
 * Every byte of what calve keeps on disk, torn off and flipped, one at a time: real journals, catalogue entries and
 * locks, written and read by the program's own code over a vault in memory (a process for each of thousands would take
 * hours).
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { isFailure } from '../../src/core/failures.js';
import { fakeProcesses, lockOptions, storeWithLocks } from '../state/samples.js';
import { entryFiles } from '../support/entry-files.js';
import type { VaultUpload } from '../support/memory-vault.js';
import { seededRandom } from '../support/seed.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { assertArchives, Died, interrupt, oneByOne, type Rig, rig } from '../transfer/rig.js';
import { isCutBeforeCompleting } from './damages.js';
import type { Figures } from './figures.js';

const MIB_BYTES = 1024 * 1024;
const STALE_SECONDS = 180;

export interface EveryByteOptions {
  readonly seed: number;
  /** One byte of so many, from one that the seed draws. */
  readonly stride: number;
}

export async function everyByte(t: Cleanup, figures: Figures, options: EveryByteOptions): Promise<void> {
  const attempts = [
    ...(['sending', 'completing', 'catalogued', 'archived'] as const).map(
      (stage) => [`state of an upload: ${stage}`, () => everyByteOf(t, figures, options, stage)] as const,
    ),
    ['a lock', () => everyByteOfLock(t, figures, options)] as const,
  ];
  for (const [title, attempt] of attempts) {
    try {
      await attempt();
    } catch (error) {
      const detail = inspect(error);
      figures.violate({ title, detail, again: `npm run chaos -- --seed ${options.seed} --rounds 0` });
    }
  }
}

/** Both ways at every place: torn off there, and one bit of that byte flipped. */
function* damagesOf(whole: Buffer, { seed, stride }: EveryByteOptions): Generator<[string, Buffer]> {
  const random = seededRandom(seed);
  for (let at = Math.floor(random() * stride); at < whole.length; at += stride) {
    yield [`torn at ${at}`, whole.subarray(0, at)];
    const bit = Math.floor(random() * 8);
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
    yield [`bit ${bit} of byte ${at} flipped`, flipped];
  }
}

/** `sending`: a part is recorded. `completing`: the answer was lost. `catalogued`: only the journal's end is missing. */
type Stage = 'sending' | 'completing' | 'catalogued' | 'archived';

async function leaveAt(bench: Rig, stage: Stage): Promise<void> {
  if (stage === 'sending') {
    await interrupt(bench, 1);
    return;
  }
  if (stage === 'archived') {
    await bench.upload();
    return;
  }
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('after the work was done');
  };
  await assert.rejects(bench.upload({}, oneByOne), Died);
  bench.hooks.after = null;
  if (stage === 'completing') return;
  const journal = readFileSync(bench.journalPath());
  const path = bench.journalPath();
  await bench.upload();
  writeFileSync(path, journal, { mode: 0o600 });
}

/** All files below the folders, to be put back as they were. */
function snapshot(folders: readonly string[]): () => void {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const contents = files.map((path) => [path, readFileSync(path)] as const);
  return () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    for (const folder of folders) mkdirSync(folder, { mode: 0o700 });
    for (const [path, bytes] of contents) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, bytes, { mode: 0o600 });
    }
  };
}

/** The vault as it is now, to be put back: parts that were sent since are gone, and so are archives. */
function vaultSnapshot({ vault }: Rig): () => void {
  const copy = (upload: VaultUpload): VaultUpload => ({ ...upload, parts: new Map(upload.parts) });
  const uploads = [...vault.uploads.values()].map(copy);
  const archives = [...vault.archives];
  return () => {
    vault.uploads.clear();
    for (const upload of uploads) vault.uploads.set(upload.uploadId, copy(upload));
    vault.archives.splice(0, vault.archives.length, ...archives);
  };
}

async function everyByteOf(
  t: Cleanup,
  figures: Figures,
  options: EveryByteOptions,
  stage: Stage,
): Promise<void> {
  const bench = rig(t, MIB_BYTES + 4711);
  await leaveAt(bench, stage);
  const uploads = join(bench.folder, 'state/v2/uploads');
  const restoreFiles = snapshot([uploads, bench.catalogueFolder]);
  const restoreVault = vaultSnapshot(bench);
  const journals = readdirSync(uploads).map((name) => join(uploads, name));
  const paths = [...journals, ...entryFiles(bench.catalogueFolder)];
  assert.equal(paths.length, stage === 'catalogued' ? 2 : 1);
  for (const path of paths) {
    const whole = readFileSync(path);
    for (const [how, bytes] of damagesOf(whole, options)) {
      restoreFiles();
      restoreVault();
      writeFileSync(path, bytes);
      figures.damages += 1;
      bench.forgetEvents();
      const where = `${stage}: ${path} ${how}`;
      if (stage === 'completing' && isCutBeforeCompleting(whole, bytes)) await assertSaid(bench, where);
      else await assertRight(bench, stage, where);
    }
    restoreFiles();
  }
}

/**
 * No check can find a journal that a disk cut off before a record which it had promised to keep. The rest looks as after
 * a crash while parts were sent, so that calve assumes that somebody aborted an upload which the service no longer has.
 * The file may be archived twice, correctly each time, and the run reports it.
 */
async function assertSaid(bench: Rig, where: string): Promise<void> {
  try {
    await bench.upload();
  } catch (error) {
    if (!isFailure(error, 'state') && !isFailure(error, 'gone')) throw new Error(where, { cause: error });
  }
  const copies = bench.vault.archives.length;
  assertArchives(bench, ...Array<Buffer>(copies).fill(bench.bytes));
  assert.ok(copies === 1 || bench.notices().includes('gone-created-again'), where);
}

/** One right archive, or a refusal that leaves everything as it is; never a second beginning. */
async function assertRight(bench: Rig, stage: Stage, where: string): Promise<void> {
  const { createUpload } = bench.calls;
  const [uploadsBefore, archivesBefore] = [bench.vault.uploads.size, bench.vault.archives.length];
  try {
    const { entry } = await bench.upload();
    assertArchives(bench, bench.bytes);
    assert.equal(entry.archiveId, bench.vault.archives[0]?.archiveId, where);
    assert.equal(bench.vault.uploads.size, 0, where);
  } catch (error) {
    const isDamaged = isFailure(error, 'state') && ['damaged', 'newer'].includes(error.facts.why);
    const isGone = stage === 'completing' && isFailure(error, 'gone') && error.facts.completing !== null;
    if (!isDamaged && !isGone) throw new Error(where, { cause: error });
    assert.deepEqual(
      [bench.vault.uploads.size, bench.vault.archives.length],
      [uploadsBefore, archivesBefore],
    );
  }
  assert.equal(bench.calls.createUpload, createUpload, `begun anew: ${where}`);
}

/** A lock that a dead process left: taken over, or (where nobody can tell whose it was) only once it is old. */
async function everyByteOfLock(t: Cleanup, figures: Figures, options: EveryByteOptions): Promise<void> {
  const memory = existsSync('/dev/shm') ? '/dev/shm' : undefined;
  const folder = join(tempFolder(t, memory), 'state');
  const dead = storeWithLocks(folder, fakeProcesses({ pid: 200, startTime: 'start-200' }));
  await dead.lockUpload('x', lockOptions());
  const locks = join(folder, 'v2/locks');
  const restore = snapshot([locks]);
  const [name = ''] = readdirSync(locks, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const alive = storeWithLocks(folder, fakeProcesses());
  for (const [how, bytes] of damagesOf(readFileSync(name), options)) {
    restore();
    writeFileSync(name, bytes);
    figures.damages += 1;
    try {
      await (await alive.lockUpload('x', lockOptions())).release();
    } catch (error) {
      if (!isFailure(error, 'busy')) throw new Error(`lock ${how}`, { cause: error });
      const old = Date.now() / 1000 - STALE_SECONDS;
      utimesSync(name, old, old);
      await (await alive.lockUpload('x', lockOptions())).release();
    }
  }
}
