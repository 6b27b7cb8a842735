/** The options for the speed of a transfer, and for the time that a run waits for another one. */
import { value, withVariables } from './declare.js';
import { optionGroup } from './group.js';
import { rare } from './headings.js';
import { durationMs, sizeBytes, wholeNumber } from './parsers.js';

export interface TransferOptions {
  readonly concurrency: number;
  /** The number of processors that calve may use; null: all. */
  readonly threads: number | null;
  readonly lockWaitMs: number;
  /** Bytes a second over all parts; null: no limit. */
  readonly limitRate: number | null;
}

/** For commands that send no part. */
export const DEFAULT_TRANSFER: TransferOptions = {
  concurrency: 4,
  threads: null,
  lockWaitMs: 0,
  limitRate: null,
};

const LOCK_WAIT = {
  lockWait: value('--lock-wait <time>', 'wait for another calve (default: exit 11)', durationMs),
};

export const lockOptions = optionGroup(withVariables(LOCK_WAIT), ({ lockWait }) => ({
  lockWaitMs: lockWait ?? DEFAULT_TRANSFER.lockWaitMs,
}));

const THREADS = withVariables({
  threads: value('--threads <n>', 'processors to use, 1 to 256 (default: all)', wholeNumber(1, 256)),
});

export const transferOptions = optionGroup(
  {
    ...withVariables({
      concurrency: value(
        '--concurrency <n>',
        'parts in flight, 1 to 64',
        wholeNumber(1, 64),
        String(DEFAULT_TRANSFER.concurrency),
      ),
      limitRate: value('--limit-rate <rate>', 'most bytes a second, for example 5M', sizeBytes),
      ...LOCK_WAIT,
    }),
    ...rare(THREADS),
  },
  ({ lockWait, ...values }): TransferOptions => ({
    ...values,
    lockWaitMs: lockWait ?? DEFAULT_TRANSFER.lockWaitMs,
  }),
);
