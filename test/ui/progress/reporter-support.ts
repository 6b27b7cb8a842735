import type { TestContext } from 'node:test';
import type { TransferEvent } from '../../../src/transfer/events.js';
import { createReporter, type ReporterOptions } from '../../../src/ui/progress/reporter.js';
import type { Reporter } from '../../../src/ui/progress/reporter-parts.js';
import type { FakeStderr } from './fake-terminal.js';

export const MIB_BYTES = 1024 ** 2;

export interface Clockwork {
  nowMs: number;
}

/** Returns a reporter on a fake stream, with a clock that the test moves; its timers end with the test. */
export async function reporterOn(
  t: TestContext,
  stderr: FakeStderr,
  options: Partial<ReporterOptions> & Pick<ReporterOptions, 'mode'>,
): Promise<{ reporter: Reporter; clock: Clockwork }> {
  const clock: Clockwork = { nowMs: 1_000_000 };
  const reporter = await createReporter({
    stderr,
    quiet: false,
    color: false,
    unicode: true,
    debug: false,
    env: { stateDirectory: null, stateDirectoryGiven: false, isTerminal: true },
    nowMs: () => clock.nowMs,
    timeMs: () => clock.nowMs,
    ...options,
  });
  t.after(() => reporter.done());
  return { reporter, clock };
}

/** 100 parts of 16 MiB, of which 20 are on the service already. */
export const STARTED = {
  type: 'started',
  file: '/data/backup.tar',
  target: 'glacier://photos',
  uploadId: '-Xk3',
  plan: { sizeBytes: 1600 * MIB_BYTES, partSizeBytes: 16 * MIB_BYTES, partCount: 100 },
  reusedParts: 20,
  reusedBytes: 320 * MIB_BYTES,
  resumed: true,
  orphan: null,
} satisfies TransferEvent;

export const ARCHIVED: TransferEvent = {
  type: 'archived',
  file: '/data/backup.tar',
  archiveId: 'arch-1',
  sizeBytes: 1600 * MIB_BYTES,
  durationMs: 80_000,
};

export const NOTICE: TransferEvent = { type: 'notice', notice: 'state-folder', path: '/state\x1b[2J' };

/** A wait for the lock of a process whose text would clear the screen. */
export const WAITING: Extract<TransferEvent, { type: 'waiting' }> = {
  type: 'waiting',
  what: '/data/backup.tar',
  holder: 'pid 123 on nas\x1b[2J',
  sinceMs: Date.UTC(2026, 10, 20, 10, 4),
  waitMs: 3_600_000,
};

export const WAITING_LINE =
  'waiting up to 1 h 0 min for pid 123 on nas\\x1b[2J, which has worked on /data/backup.tar since 2026-11-20 10:04 UTC';

export function sentPart(index: number): TransferEvent {
  return { type: 'part', index, sizeBytes: 16 * MIB_BYTES, reused: false };
}

export function retryOf(index: number): TransferEvent {
  return {
    type: 'retry',
    operation: `send part ${index}`,
    attempt: 2,
    attemptsMax: 10,
    delayMs: 4000,
    why: 'connection reset\x07',
  };
}
