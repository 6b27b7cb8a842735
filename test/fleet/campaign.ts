/** Plays rounds of fleets, some at a time, each with a seed of its own. */
import { seededRandom } from '../support/seed.js';
import type { Cleanup } from '../support/temp.js';
import { startVaultService } from '../support/vault-service.js';
import { type FleetFigures, newFigures, playRound } from './round.js';

export interface RoundsOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly lanes: number;
  /** Called with the words about a round that broke a promise. */
  readonly violate: (text: string) => void;
  /** Called after each round. */
  readonly onRound?: (figures: FleetFigures) => void;
}

export async function playRounds(t: Cleanup, options: RoundsOptions): Promise<FleetFigures> {
  const { seed, rounds, lanes, violate, onRound } = options;
  const service = await startVaultService(t);
  const figures = newFigures();
  const random = seededRandom(seed);
  // With one round, the seed is that of the round: a failure can be repeated.
  const seeds = Array.from({ length: rounds }, () => (rounds === 1 ? seed : Math.floor(random() * 1e9)));
  const lane = async (): Promise<void> => {
    for (let next = seeds.shift(); next !== undefined; next = seeds.shift()) {
      try {
        await playRound(t, service, { seed: next, figures });
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        violate(
          `round ${next}: ${detail}\nagain: npm run test:fleet -- --only rounds --seed ${next} --rounds 1`,
        );
      }
      onRound?.(figures);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return figures;
}

export function summaryOf(figures: FleetFigures): string {
  const { rounds, runs, kills, doubleStarts, lostReceipts, wrongFiles, archives, refused } = figures;
  return [
    `${rounds} rounds, ${runs} runs, ${kills} kills, ${doubleStarts} double starts, ${lostReceipts} receipts lost`,
    `${wrongFiles} with a wrong file; ${archives} right archives, ${refused} refused`,
    `${figures.parts} parts, ${figures.partsSent} sent`,
  ].join('; ');
}
