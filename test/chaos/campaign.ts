/** Runs trials of several kinds, drawn by a seed, some at a time, until the time or their number is over. */
import { seededRandom } from '../support/seed.js';
import type { Cleanup } from '../support/temp.js';
import { changedTrial } from './changed-trial.js';
import { damagedTrial } from './damaged-trial.js';
import type { Figures } from './figures.js';
import { fullDiskTrial } from './full-disk-trial.js';
import { openGround } from './ground.js';
import { killedTrial, type TrialOptions } from './killed-trial.js';
import { localTrial } from './local-trial.js';
import { Span } from './stops.js';

const TRIALS = {
  killed: killedTrial,
  damaged: damagedTrial,
  changed: changedTrial,
  'full-disk': fullDiskTrial,
  local: localTrial,
} satisfies Record<string, (options: TrialOptions) => Promise<void>>;

type TrialKind = keyof typeof TRIALS;

export function isTrialKind(word: string): word is TrialKind {
  return Object.hasOwn(TRIALS, word);
}

/** Twenty trials in a row, by their share; each kind is among the first ten. */
const MIX: readonly TrialKind[] = [
  ...(['killed', 'damaged', 'killed', 'changed', 'killed'] as const),
  ...(['full-disk', 'killed', 'damaged', 'killed', 'local'] as const),
  ...(['killed', 'damaged', 'killed', 'changed', 'killed'] as const),
  ...(['damaged', 'killed', 'damaged', 'changed', 'killed'] as const),
];

export interface CampaignOptions {
  readonly seed: number;
  /** The first trial's number: with `trials` 1, to see one again. */
  readonly first: number;
  readonly trials: number;
  /** No trial begins after so long. */
  readonly limitMs: number;
  readonly lanes: number;
  /** No trial begins after it is aborted; those under way clear up after themselves. */
  readonly signal: AbortSignal;
  /** Trials of this kind alone. */
  readonly only?: TrialKind | undefined;
}

/** Runs the trials; what does not hold is written into the figures, and the others go on. */
export async function runCampaign(t: Cleanup, figures: Figures, options: CampaignOptions): Promise<void> {
  const { seed, first, trials, limitMs, lanes, signal, only } = options;
  const endMs = performance.now() + limitMs;
  const ground = await openGround(t, figures, seed);
  const span = new Span();
  let next = first;
  const lane = async (): Promise<void> => {
    const isOver = (): boolean => signal.aborted || next >= first + trials || performance.now() >= endMs;
    while (!isOver()) {
      const number = next++;
      const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ number);
      const kind = only ?? MIX[number % MIX.length] ?? 'killed';
      try {
        await TRIALS[kind]({ ground, random, span });
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        const again = `npm run chaos -- --seed ${seed} --trial ${number}${only ? ` --only ${only}` : ''}`;
        figures.violate({ title: `trial ${number} (${kind})`, detail, again });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
