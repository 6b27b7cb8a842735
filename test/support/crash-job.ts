/** One file and the line that uploads it, to be killed and run again, with all that must hold in the end. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Ended } from './calve.js';
import type { Env } from './home.js';
import { isComplete, isCreate, isPart, isPartList, type Passing } from './requests.js';
import type { VaultHome } from './vault-home.js';

export interface JobOptions {
  readonly sizeBytes: number;
  readonly concurrency: number;
}

/** Counts the requests that all runs of a job together sent. */
export interface Traffic {
  readonly creates: number;
  readonly partLists: number;
  readonly parts: number;
  readonly completes: number;
}

/** The front kills the run at a request before it is forwarded, or when its answer has come. */
export interface NetworkInstant {
  readonly moment: 'before' | 'after';
  readonly request: (passing: Passing) => boolean;
  /** Counts those requests in that run, from 1. */
  readonly nth?: number;
  /** Kills so long after it, and lets it pass. */
  readonly laterMs?: number;
}

export interface Job {
  readonly home: VaultHome;
  readonly file: string;
  readonly uploadLine: readonly string[];
  run(words: readonly string[], more?: Env): Promise<Ended>;
  /** Runs the line and ends it at that instant. */
  runKilledAt(words: readonly string[], instant: NetworkInstant): Promise<Ended>;
  traffic(): Traffic;
}

export const PART_BYTES = 1024 * 1024;

/** Writes the job's file. The home, its state and its vault belong to the job alone. */
export function openJob(home: VaultHome, { sizeBytes, concurrency }: JobOptions): Job {
  const file = home.file('job.bin', sizeBytes);
  const lanes = ['--concurrency', String(concurrency)];
  return {
    home,
    file,
    uploadLine: ['upload', file, home.target, '--part-size', '1M', ...lanes],
    run: (words, more) => home.run(words, more),
    async runKilledAt(words, instant) {
      const trap = setTrap(home, instant, () => running.child);
      const running = home.start(words);
      return await running.ended.finally(trap.remove);
    },
    traffic: () => trafficOf(home.passed()),
  };
}

function setTrap(home: VaultHome, instant: NetworkInstant, child: () => ChildProcess) {
  const { moment, request, nth = 1, laterMs } = instant;
  let timer: NodeJS.Timeout | undefined;
  let seen = 0;
  const spring = (passing: Passing): 'pass' | 'hold' => {
    if (!request(passing) || ++seen !== nth) return 'pass';
    if (laterMs === undefined) {
      child().kill('SIGKILL');
      return 'hold';
    }
    timer = setTimeout(() => child().kill('SIGKILL'), laterMs);
    return 'pass';
  };
  home.hook({ [moment]: spring });
  const remove = (): void => {
    home.hook({});
    clearTimeout(timer);
  };
  return { remove };
}

function trafficOf(passed: readonly Passing[]): Traffic {
  const count = (is: (passing: Passing) => boolean): number => passed.filter(is).length;
  return {
    creates: count(isCreate),
    partLists: count(isPartList),
    parts: count(isPart),
    completes: count(isComplete),
  };
}

/**
 * Asserts what holds after every crash: exit 0, one right archive under the printed id, recorded, nothing unfinished.
 * @param last the run that came through
 * @returns how many of the job's uploads are open on the service
 */
export async function assertOneArchive(job: Job, last: Ended): Promise<number> {
  const { home, file } = job;
  assert.equal(last.code, 0, `exit ${last.code ?? last.signal}: ${last.stderr}`);
  const archiveId = last.stdout.trimEnd();
  assert.deepEqual(await home.archives(), [{ archiveId, description: basename(file) }], 'one archive');
  assert.ok(readFileSync(file).equals(await home.readBack(archiveId)), 'its bytes are the file');
  assert.deepEqual(await home.cataloguedIds(), [archiveId], 'the catalogue has it, once');
  assert.deepEqual(await home.unfinishedIds(), [], 'no journal is left');
  return (await home.openIds()).length;
}
