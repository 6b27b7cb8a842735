/** A fleet of senders on capped lines, against one of them. */
import { LOAD } from '../simulate/check.js';
import { type Timed, timeSenders } from '../simulate/senders.js';
import { type Figure, type Row, seconds } from './figures.js';

/** From the start of the senders to the archive. */
function wallSeconds({ sendSeconds, finishSeconds }: Timed): number {
  return sendSeconds + finishSeconds;
}

/** The most that each number of senders may take of the time of one. */
const LIMITS = [
  { senders: 4, atLeast: 0.3, aim: 0.26 },
  { senders: 8, atLeast: 0.17, aim: 0.14 },
];

const fleet: Row = {
  name: 'fleet',
  async run() {
    const [one, ...others] = await timeSenders([1, ...LIMITS.map(({ senders }) => senders)], LOAD);
    if (one === undefined) throw new Error('nothing was measured');
    return others.map((timed, index): Figure => {
      const { atLeast, aim } = LIMITS[index] as (typeof LIMITS)[number];
      const what = `fleet of ${timed.senders} senders on lines of 4 MiB/s against one, 384 MiB`;
      const from = `${seconds(wallSeconds(timed))} and ${seconds(wallSeconds(one))}`;
      const value = wallSeconds(timed) / wallSeconds(one);
      return { what, value, unit: 'ratio', atLeast, aim, better: 'lower', from };
    });
  },
};

export const FLEET_ROWS: readonly Row[] = [fleet];
