/** A file that changes while it is sent, or between two runs: never an archive of a mixture, never a silent one. */
import assert from 'node:assert/strict';
import { openStateStore } from '../../src/state/state-store.js';
import { seededBytes } from '../support/bytes.js';
import { isPart } from '../support/requests.js';
import type { Field } from './ground.js';
import { assertNothingNeedless, drawLoad, type Load, runThrough, type TrialOptions } from './killed-trial.js';
import { CHANGE_KINDS, CHANGES, type ChangeKind } from './source-changes.js';
import { NEVER, runStopped } from './stops.js';

export async function changedTrial(options: TrialOptions): Promise<void> {
  const { ground, random } = options;
  await ground.withField(async (field) => {
    const load = drawLoad(field, random, 12);
    field.write(load.bytes);
    const kind = CHANGE_KINDS[Math.floor(random() * CHANGE_KINDS.length)] as ChangeKind;
    const nth = 1 + Math.floor(random() * load.parts);
    const isWhileSent = random() < 0.6;
    ground.figures.sourceChanges += 1;
    if (isWhileSent) await changeWhileSent(options, field, load, { kind, nth });
    else await changeBetween(options, field, load, { kind, nth });
  });
}

interface Plan {
  readonly kind: ChangeKind;
  /** The part request at which it happens. */
  readonly nth: number;
}

/** The change is made before the nth part is let through, so nothing can have been completed yet. */
async function changeWhileSent(options: TrialOptions, field: Field, load: Load, plan: Plan): Promise<void> {
  let after: Buffer | null = load.bytes;
  let parts = 0;
  field.hook({
    before: (passing) => {
      if (isPart(passing) && ++parts === plan.nth) after = CHANGES[plan.kind](field.file, load.bytes);
      return 'pass';
    },
  });
  const running = field.start(load.line);
  const ended = await running.ended;
  field.hook({});
  options.ground.figures.runs += 1;
  // The line gave up before it came to that: then the change comes between two runs.
  if (parts < plan.nth) after = CHANGES[plan.kind](field.file, load.bytes);
  else if (plan.kind !== 'given other rights' && ended.code !== 3 && ended.code !== 14) {
    assert.equal(ended.code, 13, `${plan.kind} while it was sent: ${ended.code}: ${ended.stderr}`);
    assert.equal(ended.stdout, '');
    assert.deepEqual(await field.archiveIds(), [], 'no archive was made of it');
  }
  await goOnWith(options, field, load, after);
}

async function changeBetween(options: TrialOptions, field: Field, load: Load, plan: Plan): Promise<void> {
  const stop = { at: 'request', nth: 2 + plan.nth, moment: 'after' } as const;
  const { signal, code } = await runStopped(field, load.line, stop, options.span);
  options.ground.figures.runs += 1;
  if (signal === 'SIGKILL') options.ground.figures.kills += 1;
  if (code === 0) return; // Too few requests to be stopped at that one.
  const after = CHANGES[plan.kind](field.file, load.bytes);
  if (after === null) {
    const ended = await runStopped(field, load.line, NEVER, options.span);
    assert.equal(ended.code, 13, ended.stderr);
    assert.deepEqual(await field.archiveIds(), []);
  }
  await goOnWith(options, field, load, after);
}

/** The file stays as it is from now on: the same line ends in one archive of exactly that. */
async function goOnWith(
  options: TrialOptions,
  field: Field,
  load: Load,
  after: Buffer | null,
): Promise<void> {
  const bytes = after ?? seededBytes(load.bytes.length, 4711);
  if (after === null) field.write(bytes);
  const before = await field.archiveIds();
  const { ground } = options;
  const last = await runThrough({ ...options, random: () => 0 }, field, load.line, []);
  const archiveId = last.stdout.trimEnd();
  const ids = await field.archiveIds();
  assert.deepEqual(
    ids.toSorted(),
    [...new Set([...before, archiveId])].toSorted(),
    'one archive more at most',
  );
  assert.ok(bytes.equals(await field.readBack(archiveId)), 'its bytes are the file as it is now');
  assertNothingNeedless(field);
  await assertOlderKnown(field);
  ground.figures.uploads += 1;
  ground.figures.bytes += bytes.length;
}

/** An upload of an older version stays until somebody drops it; the state folder must know of it. */
async function assertOlderKnown(field: Field): Promise<void> {
  const known = (await openStateStore(field.stateDir).all()).map(({ head }) => head.uploadId);
  for (const [uploadId, parts] of await field.openUploads()) {
    const isForgotten = parts === 0 && !field.ledger.addressed.has(uploadId);
    assert.ok(isForgotten || known.includes(uploadId), `nobody knows of ${uploadId} with ${parts} parts`);
  }
}
