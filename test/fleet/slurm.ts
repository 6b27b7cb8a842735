/** Runs the example of Slurm on a real one: a task is killed and requeued, and one runs twice at once. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { indexesOf } from '../../src/core/fleet.js';
import { isPart, rangeOf } from '../support/requests.js';
import type { Cleanup } from '../support/temp.js';
import { EXAMPLES, needPrograms, openSchedulerHome, type SchedulerHome } from './scheduler-home.js';
import { startSlurm } from './slurm-cluster.js';

const MIB_BYTES = 1024 * 1024;
const PARTS = 24;
const SHARDS = { shards: 8, interleave: false };
const KILLED = 3;
const TWICE = 5;
const LIMIT_MS = 240_000;

/** Resolves when the condition holds. @throws after the time limit */
async function until(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!(await isTrue())) {
    assert.ok(performance.now() < endMs, `${what} takes too long`);
    await sleep(500);
  }
}

/** Holds back the first part of two shares: one until its task was requeued, the other until two runs send it. */
class Gate {
  #isRequeued = false;
  killedWaits = false;
  #twice = 0;
  sent = 0;

  async pass(index: number): Promise<'pass' | 'hold'> {
    this.sent += 1;
    const [killed] = indexesOf(KILLED, PARTS, SHARDS);
    const [twice] = indexesOf(TWICE, PARTS, SHARDS);
    if (index === killed && !this.#isRequeued) {
      this.killedWaits = true;
      return 'hold';
    }
    if (index === twice) {
      this.#twice += 1;
      while (this.#twice < 2) await sleep(100);
    }
    return 'pass';
  }

  requeued(): void {
    this.#isRequeued = true;
  }
}

/** @returns what was done */
export async function runSlurm(t: Cleanup): Promise<string> {
  needPrograms(['sbatch', 'slurmctld', 'slurmd', 'munged'], ['slurm-wlm', 'munge']);
  const home = await openSchedulerHome(t, 'slurm');
  const slurm = await startSlurm(t);
  const env = { ...slurm, PATH: `${home.pathEnv['PATH']}:${slurm['PATH']}`, CALVE_PART_SIZE: '1M' };
  const run = (name: string, ...words: readonly string[]) => home.command(name, words, env);
  await until('the node', async () => /idle/.test(await run('sinfo', '-h').catch(() => '')));
  const gate = new Gate();
  home.hook({
    before: (passing) => {
      if (!isPart(passing)) return 'pass';
      return gate.pass(Number(/bytes (\d+)-/.exec(rangeOf(passing) ?? '')?.[1] ?? 0) / MIB_BYTES);
    },
  });
  const file = home.file('disk image', (PARTS - 1) * MIB_BYTES + 5);
  const manifest = join(home.folder, 'the fleet');
  await run(join(EXAMPLES, 'slurm/submit.sh'), file, home.target, manifest);
  await run('sbatch', '--wrap', `calve fleet send '${manifest}' --shard ${TWICE} --concurrency 1`);
  await until('the task that is killed', () => gate.killedWaits);
  await run('scontrol', 'requeue', await jobOfTask(run, KILLED));
  gate.requeued();
  await until('the jobs', async () => (await run('squeue', '-h')) === '');
  await assertArchived(home, file);
  return `${PARTS} parts in 8 tasks, one killed and requeued, one twice at once; ${gate.sent} parts sent`;
}

/** Returns the id of a task of the array. */
async function jobOfTask(
  run: (name: string, ...words: readonly string[]) => Promise<string>,
  task: number,
): Promise<string> {
  const jobs = await run('squeue', '-h', '-r', '-o', '%i');
  const job = jobs.split('\n').find((id) => id.endsWith(`_${task}`));
  assert.ok(job, jobs);
  return job;
}

async function assertArchived(home: SchedulerHome, file: string): Promise<void> {
  const outputs = readdirSync(home.folder).filter((name) => /^slurm-.*\.out$/.test(name));
  const texts = outputs.map((name) => `${name}: ${readFileSync(join(home.folder, name), 'utf8')}`).join('\n');
  const ids = await home.archiveIds();
  assert.equal(ids.length, 1, texts);
  const [archiveId = ''] = ids;
  assert.ok(texts.includes(archiveId), texts);
  assert.deepEqual(await home.readBack(archiveId), readFileSync(file));
  assert.deepEqual(await home.cataloguedIds(), ids);
}
