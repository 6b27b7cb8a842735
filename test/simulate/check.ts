/** Compares the model with real runs. */
import { MIB_BYTES } from '../../src/core/units.js';
import { simulate } from './model.js';
import { type Load, timeSenders } from './senders.js';

const COUNTS = [1, 2, 4, 8];
/** So large that one sender takes a minute and a half: starting eight of them on two cores must not be what is measured. */
export const LOAD: Load = {
  sizeBytes: 384 * MIB_BYTES,
  partSizeBytes: MIB_BYTES,
  bytesPerSecond: 4 * MIB_BYTES,
  concurrency: 4,
};
/** The model is right if it is so close to the measured time. */
const TOLERANCE = 0.1;

export interface Check {
  readonly senders: number;
  readonly measuredSeconds: number;
  readonly simulatedSeconds: number;
  readonly isGood: boolean;
}

/** Runs 1, 2, 4 and 8 senders on capped lines. The model gets the measured times of starting and of finishing. */
export async function checkModel(): Promise<Check[]> {
  const timed = await timeSenders(COUNTS, LOAD);
  return timed.map(({ senders, sendSeconds, startSeconds, finishSeconds }) => {
    const { seconds } = simulate({
      ...LOAD,
      machines: senders,
      sharesPerMachine: 1,
      answerSeconds: 0.005,
      startSeconds,
      finishSeconds,
      failuresPerHour: 0,
      restartSeconds: 0,
      rereadBytesPerSecond: Number.POSITIVE_INFINITY,
      requestsPerSecond: Number.POSITIVE_INFINITY,
      seed: 1,
    });
    const measuredSeconds = sendSeconds + finishSeconds;
    const isGood = Math.abs(seconds / measuredSeconds - 1) <= TOLERANCE;
    return { senders, measuredSeconds, simulatedSeconds: seconds, isGood };
  });
}

/** Returns a table with its headings; none if there is nothing in it. */
export function checkRows(checks: readonly Check[]): string[][] {
  if (checks.length === 0) return [];
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const [one] = checks;
  return [
    ['senders', 'measured', 'simulated', 'measured / one sender'],
    ...checks.map(({ senders, measuredSeconds, simulatedSeconds }) => [
      String(senders),
      seconds(measuredSeconds),
      seconds(simulatedSeconds),
      (measuredSeconds / (one?.measuredSeconds ?? measuredSeconds)).toFixed(2),
    ]),
  ];
}
