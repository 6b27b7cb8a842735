/** A disk without room for the state: exit 13 at whatever write it is; once there is room, the upload goes on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { enlarge, mountSmallDisk, remountReadOnly } from '../state/small-disk.js';
import { CALVE_BIN, type Ended } from '../support/calve.js';
import { pasteIntoShell } from '../support/shell.js';
import type { Field } from './ground.js';
import { assertOneArchive, drawLoad, type Load, runThrough, type TrialOptions } from './killed-trial.js';
import { runStopped } from './stops.js';

const PAGE_BYTES = 4096;
const ROOMY_BYTES = 4 * 1024 * 1024;

export async function fullDiskTrial(options: TrialOptions): Promise<void> {
  const { ground, random } = options;
  await ground.withField(async (field) => {
    const load = drawLoad(field, random, 16);
    field.write(load.bytes);
    const cleanups: (() => unknown)[] = [];
    try {
      const pages = 1 + Math.floor(random() * 12);
      const disk = mountSmallDisk(
        { after: (work) => void cleanups.push(work as () => unknown) },
        pages * PAGE_BYTES,
      );
      const draw = random();
      const onDisk = disk instanceof Error ? field : { ...field, stateDir: join(disk, 'state') };
      if (disk instanceof Error || draw < 0.3) await limitFiles(options, field, load);
      else if (draw < 0.5) await closeDisk(options, onDisk, load, disk);
      else await fillDisk(options, onDisk, load, disk);
    } finally {
      for (const cleanup of cleanups) cleanup();
    }
  });
}

function assertRefused(ended: Ended, field: Field): void {
  if (ended.code === 0 || ended.code === 3 || ended.code === 14) return;
  assert.equal(ended.code, 13, ended.stderr);
  assert.match(ended.stderr, /^calve: .*(calve cannot write there|could not record it)/m);
  assert.match(ended.stderr, /^hint: \S/m);
  assert.equal(field.ledger.needless.length, 0);
}

/** Only the state is on the small disk, so that it fills up at any of its writes, and the catalogue's proof holds. */
async function fillDisk(options: TrialOptions, field: Field, load: Load, disk: string): Promise<void> {
  const line = [...load.line, `--state-dir=${field.stateDir}`];
  const ended = await field.start(line).ended;
  options.ground.figures.runs += 1;
  options.ground.figures.fullDisks += 1;
  assertRefused(ended, field);
  enlarge(disk, ROOMY_BYTES);
  const last = ended.code === 0 ? ended : await runThrough({ ...options, random: () => 0 }, field, line, []);
  await assertOneArchive(options.ground, field, load.bytes, { ...last, told: ended.stderr });
}

/** The disk with the state turns read-only between two runs, as after an error of its own. */
async function closeDisk(options: TrialOptions, field: Field, load: Load, disk: string): Promise<void> {
  const line = [...load.line, `--state-dir=${field.stateDir}`];
  enlarge(disk, ROOMY_BYTES);
  const stop = { at: 'request', nth: 3, moment: 'after' } as const;
  const first = await runStopped(field, line, stop, options.span);
  remountReadOnly(disk);
  const ended = await field.start(line).ended;
  options.ground.figures.runs += 2;
  options.ground.figures.fullDisks += 1;
  assertRefused(ended, field);
  // An earlier archive is found in the catalogue, but not without its lock.
  if (first.code !== 0) assert.notEqual(ended.code, 0, 'nothing is sent without state');
  enlarge(disk, ROOMY_BYTES);
  const last = await runThrough({ ...options, random: () => 0 }, field, line, []);
  await assertOneArchive(options.ground, field, load.bytes, { ...last, told: ended.stderr });
}

/** Limits the size of every file, where mounting is not allowed. */
async function limitFiles(options: TrialOptions, field: Field, load: Load): Promise<void> {
  const blocks = 1 + Math.floor(options.random() * 40);
  const words = load.line.map((word) => `'${word}'`).join(' ');
  const line = `ulimit -f ${blocks} && exec '${process.execPath}' '${CALVE_BIN}' ${words}`;
  const ended = await pasteIntoShell(line, field.folder, field.env);
  options.ground.figures.runs += 1;
  options.ground.figures.fullDisks += 1;
  assertRefused(ended, field);
  const last =
    ended.code === 0 ? ended : await runThrough({ ...options, random: () => 0 }, field, load.line, []);
  await assertOneArchive(options.ground, field, load.bytes, { ...last, told: ended.stderr });
}
