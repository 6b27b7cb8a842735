/** Damages calve's files between two runs: the next run continues correctly, or ends in 13 and says what to do. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ended } from '../support/calve.js';
import { isComplete, isPart } from '../support/requests.js';
import { damageOne, isCutBeforeCompleting } from './damages.js';
import type { Field } from './ground.js';
import { assertOneArchive, drawLoad, type Load, runThrough, type TrialOptions } from './killed-trial.js';
import { NEVER, runStopped } from './stops.js';

/** The run that leaves the state ends at one of these stages; its files differ. */
const STAGES = ['sending', 'completed', 'catalogued'] as const;
type Stage = (typeof STAGES)[number];

/** Longer than a lock is believed of a process that cannot be looked up (docs/design.md, Locks). */
const STALE_SECONDS = 180;

export async function damagedTrial(options: TrialOptions): Promise<void> {
  const { ground, random } = options;
  await ground.withField(async (field) => {
    const load = drawLoad(field, random, 8);
    field.write(load.bytes);
    const stage = STAGES[Math.floor(random() * STAGES.length)] as Stage;
    await leaveAt(options, field, load, stage);
    const paths = stateFiles(field);
    if (paths.length === 0) return; // The line was too bad to begin at all.
    const path = paths[Math.floor(random() * paths.length)] as string;
    const whole = readFileSync(path);
    const how = damageOne(path, whole, random);
    ground.figures.damages += 1;
    // Whatever stage was wanted: on a bad line a run may give up between complete and its answer, too.
    const isCompleted = (await field.archiveIds()).length > 0;
    const isForgotten = isCompleted && isCutBeforeCompleting(whole, readFileSync(path));
    const { begins } = field.ledger;
    const openBefore = (await field.openUploads()).size;
    const ended = await runStopped(field, load.line, NEVER, options.span);
    ground.figures.runs += 1;
    const where = `${stage}, ${path.slice(field.folder.length)} ${how}: exit ${ended.code}: ${ended.stderr}`;
    assert.doesNotMatch(ended.stderr, /^\s+at .*:\d+/m, `no stack: ${where}`);
    // No check can find this: the run reports that it creates a new upload (see every-byte.ts).
    if (isForgotten && (/creates a new one/.test(ended.stderr) || ended.code === 3 || ended.code === 14))
      return;
    await goOn(options, field, load, { ended, path, whole, where, isCompleted });
    // A new upload must not be created while the service has parts of this one.
    if (openBefore > 0 || stage !== 'sending')
      assert.equal(field.ledger.begins, begins, `another upload was created: ${where}`);
  });
}

/** Runs until the state of that stage is on disk, and kills it there. */
async function leaveAt(options: TrialOptions, field: Field, load: Load, stage: Stage): Promise<void> {
  const { ground, random, span } = options;
  if (stage === 'catalogued') {
    // The entry is there, the journal not yet gone.
    const crash = { when: 'before', matching: '^unlink .*jsonl$' } as const;
    await runStopped(field, load.line, { at: 'file', crash }, span);
  } else {
    const wanted = stage === 'sending' ? 1 + Math.floor(random() * load.parts) : 1;
    let seen = 0;
    field.hook({
      after: (passing, status) => {
        const counts = stage === 'sending' ? isPart(passing) : isComplete(passing) && status === 201;
        if (!counts || ++seen < wanted) return 'pass';
        running.child.kill('SIGKILL');
        return 'hold';
      },
    });
    const running = field.start(load.line);
    await running.ended;
    field.hook({});
  }
  ground.figures.runs += 1;
  ground.figures.kills += 1;
}

/** Returns every file of the state and the catalogue, without temporary files. */
function stateFiles(field: Field): string[] {
  return [field.stateDir, field.catalogueDir].flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [],
  );
}

interface Met {
  readonly ended: Ended;
  readonly path: string;
  readonly whole: Buffer;
  readonly where: string;
  /** True: the service had made the archive by then. */
  readonly isCompleted: boolean;
}

async function goOn(options: TrialOptions, field: Field, load: Load, met: Met): Promise<void> {
  const { ground } = options;
  const { ended, path, whole, where, isCompleted } = met;
  const upload = (): Promise<Ended> => runThrough({ ...options, random: () => 0 }, field, load.line, []);
  if (ended.code === 0) return assertOneArchive(ground, field, load.bytes, ended);
  if (ended.code === 3 || ended.code === 14)
    return assertOneArchive(ground, field, load.bytes, await upload());
  if (ended.code === 11) {
    assert.match(path, /\/locks\//, where);
    // Nobody can tell any more whose lock it was: it is believed for a while.
    const old = Date.now() / 1000 - STALE_SECONDS;
    utimesSync(path, old, old);
    return assertOneArchive(ground, field, load.bytes, await upload());
  }
  // An unreadable record may have been `completing`, and the service no longer has the upload: nothing is sent then.
  if (ended.code === 16 && isCompleted) return assertOnlyOnService(field, load, where);
  assert.equal(ended.code, 13, where);
  assert.match(ended.stderr, /^hint: \S/m, where);
  if (path.endsWith('.jsonl')) return adopt(options, field, load, met);
  // A catalogue entry: nothing may be sent while its content is unknown. Once it is repaired, the run prints the id again.
  writeFileSync(path, whole);
  return assertOneArchive(ground, field, load.bytes, await upload());
}

/** Does what the hint says: the journal goes aside, and the upload is adopted by its id. */
async function adopt(options: TrialOptions, field: Field, load: Load, met: Met): Promise<void> {
  const { ground, span } = options;
  const aside = join(field.folder, 'aside');
  mkdirSync(aside);
  renameSync(met.path, join(aside, 'journal'));
  const [uploadId] = field.ledger.addressed;
  assert.ok(uploadId !== undefined && existsSync(dirname(met.path)), met.where);
  const line = ['resume', field.file, field.target, `--upload-id=${uploadId}`];
  for (let tries = 0; tries < 10; tries++) {
    const ended = await runStopped(field, line, NEVER, span);
    ground.figures.runs += 1;
    if (ended.code === 0) return assertOneArchive(ground, field, load.bytes, ended);
    // It had been completed.
    if (ended.code === 10) return assertOnlyOnService(field, load, met.where);
    assert.ok(
      ended.code === 3 || ended.code === 14,
      `adopted: exit ${ended.code}: ${ended.stderr}; ${met.where}`,
    );
  }
  throw new Error(`not through: ${met.where}`);
}

/** The one archive is there and right, though nobody here knows its id any more. */
async function assertOnlyOnService(field: Field, load: Load, where: string): Promise<void> {
  const [archiveId = '', ...others] = await field.archiveIds();
  assert.deepEqual(others, [], where);
  assert.ok(load.bytes.equals(await field.readBack(archiveId)), where);
}
