/** One file and the line that uploads it, to be killed and run again, with all that must hold in the end. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import { openStateStore } from '../../src/state/state-store.js';
import { seededBytes } from './bytes.js';
import type { Ended, Running } from './calve.js';
import { type Front, isBegin, isComplete, isPart, isPartList, type Passing, startFront } from './front.js';
import { TARGET, type VaultBench } from './vault.js';

export interface JobOrder {
  /** The file's name, and so the archive's description: one job's own in its vault. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly concurrency: number;
}

/** What a job's runs sent to the service, all together. */
export interface Traffic {
  readonly begins: number;
  readonly partLists: number;
  readonly parts: number;
  readonly completes: number;
}

/** Where the front kills the run: at a request before it is forwarded, or with its answer in hand. */
export interface NetworkInstant {
  readonly moment: 'before' | 'after';
  readonly request: (passing: Passing) => boolean;
  /** Of those requests in that run, from 1. */
  readonly nth?: number;
  /** Kills so long after it, and lets it pass. */
  readonly laterMs?: number;
}

export interface Outcome {
  readonly archiveId: string;
  /** This job's, on the service. */
  readonly openUploads: number;
}

export interface Job {
  readonly file: string;
  readonly bytes: Buffer;
  readonly front: Front;
  /** The job's own: its state and catalogue are its alone. */
  readonly home: string;
  readonly uploadLine: readonly string[];
  start(words: readonly string[], more?: Readonly<Record<string, string>>): Running;
  run(words: readonly string[], more?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Runs the line and ends it there. */
  runKilledAt(words: readonly string[], instant: NetworkInstant): Promise<Ended>;
  traffic(): Traffic;
}

export const PART_BYTES = 1024 * 1024;

export async function openJob(t: TestContext, vault: VaultBench, request: JobOrder): Promise<Job> {
  const { name, sizeBytes, concurrency } = request;
  const home = join(vault.folder, `home of ${name}`);
  mkdirSync(home);
  const file = join(vault.folder, name);
  const bytes = seededBytes(sizeBytes, Number.parseInt(hash('sha256', name).slice(0, 7), 16));
  writeFileSync(file, bytes);
  let timer: NodeJS.Timeout | undefined;
  let trap: (NetworkInstant & { child: () => ChildProcess; seen: number }) | null = null;

  function spring(moment: NetworkInstant['moment'], passing: Passing): 'pass' | 'hold' {
    if (trap === null || trap.moment !== moment || !trap.request(passing)) return 'pass';
    trap.seen += 1;
    if (trap.seen < (trap.nth ?? 1)) return 'pass';
    const { child, laterMs } = trap;
    trap = null;
    if (laterMs === undefined) {
      child().kill('SIGKILL');
      return 'hold';
    }
    timer = setTimeout(() => child().kill('SIGKILL'), laterMs);
    return 'pass';
  }

  const front = await startFront(t, vault.emulator.url, {
    before: (passing) => spring('before', passing),
    after: (passing) => spring('after', passing),
  });
  const own = { HOME: home, AWS_ENDPOINT_URL_GLACIER: front.url };
  const start: Job['start'] = (words, more = {}) => vault.start(words, { ...own, ...more });
  return {
    file,
    bytes,
    front,
    home,
    uploadLine: ['upload', file, TARGET, '--part-size', '1M', '--concurrency', String(concurrency)],
    start,
    run: (words, more) => start(words, more).ended,
    async runKilledAt(words, instant) {
      trap = { ...instant, seen: 0, child: () => running.child };
      const running = start(words);
      return await running.ended.finally(() => {
        trap = null;
        clearTimeout(timer);
      });
    },
    traffic: () => trafficOf(front.passed),
  };
}

function trafficOf(passed: readonly Passing[]): Traffic {
  const count = (is: (passing: Passing) => boolean): number => passed.filter(is).length;
  return {
    begins: count(isBegin),
    partLists: count(isPartList),
    parts: count(isPart),
    completes: count(isComplete),
  };
}

/**
 * What holds after every crash: exit 0, one right archive under the printed id, recorded, and nothing unfinished.
 * @param last the run that came through
 */
export async function assertOneArchive(vault: VaultBench, job: Job, last: Ended): Promise<Outcome> {
  assert.equal(last.code, 0, `exit ${last.code ?? last.signal}: ${last.stderr}`);
  const archiveId = last.stdout.trimEnd();
  const name = job.file.slice(vault.folder.length + 1);
  const archives = await vault.archives();
  const mine = archives.filter((archive) => archive.description === name);
  assert.deepEqual(
    mine.map((archive) => archive.archiveId),
    [archiveId],
    'the vault has this one archive of the file, and its id was printed',
  );
  assert.ok(job.bytes.equals(await vault.readBack(archiveId)), 'its bytes are the file');
  const recorded = await openCatalogue(join(job.home, '.local/share/calve/archives')).all();
  assert.deepEqual(
    recorded.map((entry) => entry.archiveId),
    [archiveId],
    'the catalogue has it, once',
  );
  const unfinished = await openStateStore(join(job.home, '.local/state/calve')).all();
  assert.deepEqual(unfinished, [], 'no journal is left');
  const open = (await vault.openUploads()).filter((description) => description === name);
  return { archiveId, openUploads: open.length };
}
