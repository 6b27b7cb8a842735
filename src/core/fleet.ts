/** Divides the parts of an upload into the shares of a fleet, and finds the share that a scheduler's task has. Pure. */
import { TransferError } from './failures.js';

/** The way in which a fleet divides its parts. */
export interface Division {
  /** The number of shares, at least 1. It may be larger than the number of parts. */
  readonly shards: number;
  /** True deals the parts out in turn; false makes shares of parts that follow each other. */
  readonly interleave: boolean;
}

/** More shares than any upload has parts would all be empty. */
export const SHARDS_MAX = 10_000;

/** Returns the share that a part belongs to, counted from 0. */
export function shardOf(index: number, partCount: number, { shards, interleave }: Division): number {
  return interleave ? index % shards : Math.floor(((index + 1) * shards - 1) / partCount);
}

/** Returns the indexes of the parts of one share, in the order of the file. It is empty if there are fewer parts than shares. */
export function indexesOf(shard: number, partCount: number, { shards, interleave }: Division): number[] {
  const first = interleave ? shard : Math.floor((shard * partCount) / shards);
  const end = interleave ? partCount : Math.floor(((shard + 1) * partCount) / shards);
  const indexes: number[] = [];
  for (let index = first; index < end; index += interleave ? shards : 1) indexes.push(index);
  return indexes;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A share that a variable of a scheduler names. */
interface Named {
  readonly variable: string;
  readonly shard: number;
}

/**
 * The variables by which schedulers number the tasks of one job. Sources: Slurm, "Job Array Support"; AWS Batch user
 * guide, "Array jobs"; Kubernetes, "Indexed Job"; GNU parallel manual, "PARALLEL_SEQ" (counted from 1).
 */
const SCHEDULERS: Readonly<Record<string, (task: number, env: Environment, shards: number) => number>> = {
  SLURM_ARRAY_TASK_ID: slurmShard,
  AWS_BATCH_JOB_ARRAY_INDEX: (task) => task,
  JOB_COMPLETION_INDEX: (task) => task,
  PARALLEL_SEQ: (task) => task - 1,
};

/**
 * Returns the share of a task of a Slurm array, whose numbers may start at any number. The smallest number of an array
 * that has only some of the tasks is not the first one of the fleet: such a task is refused, unless the array starts at 0.
 */
function slurmShard(task: number, env: Environment, shards: number): number {
  const first = wholeNumber(env['SLURM_ARRAY_TASK_MIN'] ?? '0', 'SLURM_ARRAY_TASK_MIN');
  const tasks = wholeNumber(env['SLURM_ARRAY_TASK_COUNT'] ?? String(shards), 'SLURM_ARRAY_TASK_COUNT');
  const last = wholeNumber(env['SLURM_ARRAY_TASK_MAX'] ?? String(first + shards - 1), 'SLURM_ARRAY_TASK_MAX');
  if (first === 0 || (tasks === shards && last - first + 1 === shards)) return task - first;
  throw new TransferError('usage', {
    what: `SLURM_ARRAY_TASK_ID=${task}`,
    why: `the array has ${tasks} tasks from ${first} to ${last}, and the fleet has ${shards} shares: it is not clear which one this task has`,
    hint: 'name it, for example: --shard "$SLURM_ARRAY_TASK_ID"',
  });
}

function wholeNumber(text: string, variable: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TransferError('usage', {
    what: `${variable}=${text}`,
    why: 'it is not the number of a task',
    hint: 'name the share with --shard',
  });
}

/**
 * Returns the share that this run has: the given one, else the one that a scheduler's variable names. A fleet of one share
 * needs neither.
 * @param given the value of --shard; null: absent
 * @throws TransferError `usage` if nothing names a share, if two schedulers do, or if there is no such share
 */
export function chooseShard(given: number | null, env: Environment, shards: number): number {
  if (given !== null) return checkShard({ variable: '--shard', shard: given }, shards);
  const set = Object.keys(SCHEDULERS).filter((variable) => (env[variable] ?? '') !== '');
  const [variable, ...others] = set;
  if (others.length > 0) {
    throw new TransferError('usage', {
      what: set.join(' and '),
      why: 'the variables of two schedulers are set, and either may mean the share',
      hint: 'name the share with --shard',
    });
  }
  if (variable === undefined) {
    if (shards === 1) return 0;
    throw new TransferError('usage', {
      what: 'fleet send',
      why: `no share is named, and the fleet has ${shards} of them`,
      hint: `name one from 0 to ${shards - 1} with --shard, or run it as a task of Slurm, AWS Batch, Kubernetes or GNU parallel`,
    });
  }
  const task = wholeNumber(env[variable] ?? '', variable);
  return checkShard({ variable, shard: SCHEDULERS[variable]?.(task, env, shards) ?? task }, shards);
}

function checkShard({ variable, shard }: Named, shards: number): number {
  if (shard >= 0 && shard < shards) return shard;
  throw new TransferError('usage', {
    what: variable === '--shard' ? `--shard ${shard}` : variable,
    why:
      shards === 1
        ? `it means share ${shard}, and the fleet has share 0 alone`
        : `it means share ${shard}, and the fleet has the shares 0 to ${shards - 1}`,
    hint: 'the manifest says how many shares there are; run as many tasks, or name the share with --shard',
  });
}
