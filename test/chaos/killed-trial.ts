/** One file, killed again and again on its way up, until it is through; then everything is looked at. */
import assert from 'node:assert/strict';
import { openCatalogue } from '../../src/state/catalogue.js';
import { openStateStore } from '../../src/state/state-store.js';
import { allEntries } from '../support/all-entries.js';
import { seededBytes } from '../support/bytes.js';
import type { Ended } from '../support/calve.js';
import type { Field, Ground } from './ground.js';
import { drawStop, judgeEnd, NEVER, runStopped, type Span, type Stop } from './stops.js';

const MIB_BYTES = 1024 * 1024;
const STOPS_MAX = 6;
/** Runs in which nobody stops it, until one is through: each may give up by itself where the line is bad. */
const FREE_RUNS_MAX = 12;

export interface TrialOptions {
  readonly ground: Ground;
  readonly random: () => number;
  readonly span: Span;
}

/** Bytes in parts and the line that sends them. */
export interface Load {
  readonly bytes: Buffer;
  readonly parts: number;
  readonly line: readonly string[];
}

export function drawLoad(field: Field, random: () => number, partsMax: number): Load {
  const parts = 1 + Math.floor(random() * partsMax);
  // Sending threads start after 16 MiB, so some parts are large enough to need them.
  const partBytes = MIB_BYTES * ([1, 1, 1, 2, 4][Math.floor(random() * 5)] ?? 1);
  const lastBytes = random() < 0.3 ? partBytes : 1 + Math.floor(random() * partBytes);
  const bytes = seededBytes((parts - 1) * partBytes + lastBytes, Math.floor(random() * 2 ** 31));
  const concurrency = 1 + Math.floor(random() * 8);
  const words = [`--part-size=${partBytes}`, `--concurrency=${concurrency}`, '--description=chaos'];
  // Few attempts, so that runs give up by themselves, too.
  if (random() < 0.3) words.push('--max-attempts=3');
  return { bytes, parts, line: ['upload', field.file, field.target, ...words] };
}

export async function killedTrial({ ground, random, span }: TrialOptions): Promise<void> {
  await ground.withField(async (field) => {
    const load = drawLoad(field, random, 20);
    field.write(load.bytes);
    const stops = Array.from({ length: 1 + Math.floor(random() * STOPS_MAX) }, () =>
      drawStop(random, load.parts),
    );
    const last = await runThrough({ ground, random, span }, field, load.line, stops);
    await assertOneArchive(ground, field, load.bytes, last);
    if (random() < 0.2) await assertNothingAgain(field, load.line, last, span);
  });
}

/** Stops run after run, then lets it run until one is through. @returns that one */
export async function runThrough(
  { ground, random, span }: TrialOptions,
  field: Field,
  line: readonly string[],
  stops: readonly Stop[],
): Promise<Ended> {
  const all = [...stops, ...Array.from({ length: FREE_RUNS_MAX }, () => NEVER)];
  let words = line;
  for (const stop of all) {
    const ended = await runStopped(field, words, stop, span);
    ground.figures.runs += 1;
    if (ended.signal === 'SIGKILL') ground.figures.kills += 1;
    else if (stop.at === 'time' && stop.signal !== 'SIGKILL' && ended.stoppedMs !== null) {
      ground.figures.signals += 1;
      ground.figures.slowestStopMs = Math.max(ground.figures.slowestStopMs, ended.stoppedMs);
    }
    if (ended.code === 0 && ended.stdout !== '') return ended;
    // `resume` finds no record: no upload was created, or the file is archived already.
    const nothingKnown = words !== line && (ended.code === 0 || ended.code === 10);
    const wrong = nothingKnown ? null : judgeEnd(ended, stop);
    assert.equal(wrong, null, `${wrong} (${words.join(' ')}; ${JSON.stringify(stop)}): ${ended.stderr}`);
    words = nothingKnown ? line : nextWords(field, line, random());
  }
  throw new Error(`not through after ${all.length} runs`);
}

/** Mostly the same line again, as cron does; sometimes what the hint says. */
function nextWords(field: Field, line: readonly string[], draw: number): readonly string[] {
  if (draw < 0.7) return line;
  return draw < 0.9 ? ['resume', field.file] : ['resume'];
}

/** The run that made the archive, and what an earlier one printed if it could neither record its upload nor abort it. */
type LastRun = Ended & { readonly told?: string };

/** The whole promise, for one file that was sent by any number of runs. */
export async function assertOneArchive(
  ground: Ground,
  field: Field,
  bytes: Buffer,
  last: LastRun,
): Promise<void> {
  const archiveId = last.stdout.trimEnd();
  assert.deepEqual(
    await field.archiveIds(),
    [archiveId],
    'the vault has one archive, and its id was printed',
  );
  assert.ok(bytes.equals(await field.readBack(archiveId)), 'its bytes are the file');
  const recorded = await allEntries(openCatalogue(field.catalogueDir));
  assert.deepEqual(
    recorded.map((entry) => entry.archiveId),
    [archiveId],
    'the catalogue has it, once',
  );
  assert.deepEqual(await openStateStore(field.stateDir).all(), [], 'no journal is left');
  assertNothingNeedless(field);
  await assertOnlyForgottenLeft(field, last.told ?? '');
  ground.figures.uploads += 1;
  ground.figures.bytes += bytes.length;
}

export function assertNothingNeedless({ ledger }: Field): void {
  assert.deepEqual(ledger.needless, [], 'what the service had confirmed was never sent again');
}

/**
 * An upload is left behind only where its id never reached the disk: then it is empty, and nobody addressed it, unless the
 * run says that it could not abort it.
 */
async function assertOnlyForgottenLeft(field: Field, told: string): Promise<void> {
  const open = await field.openUploads();
  for (const [uploadId, parts] of open) {
    assert.equal(parts, 0, `${uploadId} was left behind with ${parts} parts`);
    const isNamed = told.includes(`abort it with: calve abort`) && told.includes(`--upload-id=${uploadId} `);
    assert.ok(
      isNamed || !field.ledger.addressed.has(uploadId),
      `${uploadId} was worked on, and then left behind`,
    );
  }
  assert.ok(open.size < field.ledger.begins, `${open.size} are open after ${field.ledger.begins} begins`);
}

async function assertNothingAgain(
  field: Field,
  line: readonly string[],
  last: Ended,
  span: Span,
): Promise<void> {
  const { begins, partsSent } = field.ledger;
  const again = await runStopped(field, line, NEVER, span);
  if (again.code === 3) return; // The account could not be asked.
  assert.deepEqual([again.code, again.stdout], [0, last.stdout], again.stderr);
  assert.deepEqual(
    [field.ledger.begins, field.ledger.partsSent],
    [begins, partsSent],
    'nothing is sent again',
  );
}
