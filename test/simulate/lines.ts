/** The lines of the simulation's table. */
import { formatDuration } from '../../src/core/units.js';
import { type Fleet, type Forecast, type Losses, simulate } from './model.js';

/** A number of machines, and how the upload goes with them. */
export interface Line {
  readonly fleet: Fleet;
  readonly seconds: number;
  readonly speedUp: number;
  readonly efficiency: number;
  readonly failures: number;
  /** The name of what costs the most time, and its share of the whole time. */
  readonly mostLost: { readonly name: keyof Losses; readonly share: number };
}

/** Returns the averages of several uploads, whose failures differ. */
export function average(fleet: Fleet, rounds: number): Forecast {
  const all = Array.from({ length: rounds }, (_, round) => simulate({ ...fleet, seed: fleet.seed + round }));
  const mean = (figure: (one: Forecast) => number): number =>
    all.reduce((sum, one) => sum + figure(one), 0) / rounds;
  const names = Object.keys(all[0]?.losses ?? {}) as (keyof Losses)[];
  return {
    seconds: mean((one) => one.seconds),
    efficiency: mean((one) => one.efficiency),
    failures: mean((one) => one.failures),
    losses: Object.fromEntries(
      names.map((name) => [name, mean((one) => one.losses[name])]),
    ) as unknown as Losses,
  };
}

export function lineOf({
  fleet,
  rounds,
  oneSeconds,
}: {
  fleet: Fleet;
  rounds: number;
  oneSeconds: number;
}): Line {
  const { seconds, efficiency, failures, losses } = average(fleet, rounds);
  const [name, lostSeconds] = Object.entries(losses).reduce((a, b) => (b[1] > a[1] ? b : a));
  const mostLost = { name: name as keyof Losses, share: lostSeconds / seconds };
  return { fleet, seconds, speedUp: oneSeconds / seconds, efficiency, failures, mostLost };
}

export const HEADINGS = ['machines', 'time', 'speed-up', 'efficiency', 'failures', 'most time lost by'];

export function cellsOf({ fleet, seconds, speedUp, efficiency, failures, mostLost }: Line): string[] {
  const lost = mostLost.share < 0.005 ? '' : `${mostLost.name} (${(mostLost.share * 100).toFixed(0)}%)`;
  return [
    String(fleet.machines),
    formatDuration(seconds * 1000),
    speedUp.toFixed(1),
    `${(efficiency * 100).toFixed(0)}%`,
    failures.toFixed(1),
    lost,
  ];
}

/** More machines are worth little from here on: twice as many save less than a third of the time. */
const WORTH_LITTLE = 1.5;

/** Returns a sentence that says from which number of machines on more of them save little, and why. */
export function limitOf(lines: readonly Line[]): string {
  const at = lines.findIndex((line, index) => {
    const before = lines[index - 1];
    return before !== undefined && before.seconds / line.seconds < WORTH_LITTLE;
  });
  const [before, line] = [lines[at - 1], lines[at]];
  if (before === undefined || line === undefined) return 'More machines save time up to the last line.';
  const { sizeBytes, partSizeBytes, concurrency } = line.fleet;
  const parts = Math.ceil(sizeBytes / partSizeBytes);
  const lanes = line.fleet.machines * concurrency;
  const few = lanes > parts ? `; ${parts} parts are fewer than the ${lanes} that could be in flight` : '';
  const { name, share } = line.mostLost;
  return (
    `From ${before.fleet.machines} to ${line.fleet.machines} machines saves less than a third of the time: ` +
    `${(share * 100).toFixed(0)}% goes to ${name}${few}.`
  );
}
