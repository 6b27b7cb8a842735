/**
 * `npm run test:fleet [-- --only rounds|slurm|parallel|hosts] [--seed N] [--rounds N] [--lanes N]`: rounds of kills, double starts
 * and lost receipts; the examples of Slurm and GNU parallel with the real schedulers. Ends with 1 if anything failed.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Cleanup } from '../support/temp.js';
import { playRounds, summaryOf } from './campaign.js';
import { runParallel } from './parallel.js';
import type { FleetFigures } from './round.js';
import { runSlurm } from './slurm.js';
import { runTwoHosts } from './two-hosts.js';

function readSettings() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rounds: { type: 'string', default: '200' },
      lanes: { type: 'string', default: '2' },
    },
  });
  const { only, seed, rounds, lanes } = values;
  return { only, seed: Number(seed), rounds: Number(rounds), lanes: Number(lanes) };
}

async function main(): Promise<number> {
  const { only, seed, rounds, lanes } = readSettings();
  const cleanups: (() => unknown)[] = [];
  const t: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
  let failures = 0;
  const fail = (text: string): void => {
    failures += 1;
    console.log(text);
  };
  const step = async (name: string, work: () => Promise<string>): Promise<void> => {
    if (only !== undefined && only !== name) return;
    const startedMs = performance.now();
    try {
      const text = await work();
      console.log(`${name}: ${text} (${Math.round((performance.now() - startedMs) / 1000)} s)`);
    } catch (error) {
      fail(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
  };
  try {
    await step('slurm', () => runSlurm(t));
    await step('parallel', () => runParallel(t));
    await step('hosts', () => runTwoHosts(t));
    await step('rounds', async () => {
      console.log(`rounds --seed ${seed} --rounds ${rounds}`);
      const onRound = (figures: FleetFigures): void => {
        if (figures.rounds % 20 === 0) console.log(summaryOf(figures));
      };
      return summaryOf(await playRounds(t, { seed, rounds, lanes, violate: fail, onRound }));
    });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
