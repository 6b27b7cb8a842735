/**
 * `npm run chaos [-- --seed N] [--minutes N] [--rounds N] [--trial N]
 * [--only killed|damaged|changed|full-disk|local] [--lanes N]`: the built program, ended at random
 * instants, over a bad line, on damaged state, with files that change. Ends with a line of figures, and with 1 if any
 * promise did not hold.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Cleanup } from '../support/temp.js';
import { closeSources } from '../transfer/rig.js';
import { isTrialKind, runCampaign } from './campaign.js';
import { everyByte } from './every-byte.js';
import { Figures } from './figures.js';
import { fuzzLonger } from './fuzz-longer.js';

const MINUTE_MS = 60_000;
/** The rest of the time is for every byte of the state, which takes as long as it takes. */
const TRIALS_SHARE = 0.65;
const FUZZ_SHARE = 0.1;

function readSettings() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '7' },
      rounds: { type: 'string' },
      trial: { type: 'string' },
      lanes: { type: 'string', default: '3' },
      only: { type: 'string' },
    },
  });
  const number = (text: string | undefined, otherwise: number): number => {
    const value = text === undefined ? otherwise : Number(text);
    if (!Number.isFinite(value) || value < 0) throw new Error(`not a number: ${text}`);
    return value;
  };
  const { only } = values;
  if (only !== undefined && !isTrialKind(only)) throw new Error(`there are no trials of kind ${only}`);
  return {
    only,
    seed: number(values.seed, Date.now() % 1_000_000),
    minutes: number(values.minutes, 7),
    rounds: number(values.rounds, Number.MAX_SAFE_INTEGER),
    trial: values.trial === undefined ? null : number(values.trial, 0),
    lanes: number(values.lanes, 3),
  };
}

async function main(): Promise<number> {
  const { seed, minutes, rounds, trial, lanes, only } = readSettings();
  const figures = new Figures(({ title, detail, again }) => {
    console.log(`\n${title}\n${detail}\nagain: ${again}`);
  });
  const cleanups: (() => unknown)[] = [];
  const t: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
  const startedMs = performance.now();
  console.log(`chaos --seed ${seed}${trial === null ? '' : ` --trial ${trial}`}`);
  const limitMs = minutes * MINUTE_MS;
  const stopping = new AbortController();
  // A second one ends it at once.
  process.once('SIGINT', () => stopping.abort());
  const { signal } = stopping;
  try {
    const campaign =
      trial === null ? { first: 0, trials: rounds, lanes } : { first: trial, trials: 1, lanes: 1 };
    await runCampaign(t, figures, { seed, only, signal, limitMs: limitMs * TRIALS_SHARE, ...campaign });
    if (trial === null && only === undefined && !signal.aborted) {
      await everyByte(t, figures, { seed, stride: 1 });
      await closeSources();
      await fuzzLonger(figures, { seed, limitMs: limitMs * FUZZ_SHARE });
    }
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
  const faults = [...figures.faults].map(([kind, count]) => `${kind} ${count}`).join(', ');
  console.log(`faults: ${faults}`);
  console.log(`seed ${seed}, ${Math.round((performance.now() - startedMs) / 1000)} s: ${figures.summary()}`);
  return figures.violations.length === 0 ? 0 : 1;
}

// The SDK would tell on stderr that it will want a newer Node some day.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
process.exitCode = await main();
