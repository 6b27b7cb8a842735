import type { TestContext } from 'node:test';
import type { TransferEvent } from '../../../src/transfer/events.js';
import { createReporter, type ReporterOptions } from '../../../src/ui/progress/reporter.js';
import type { Reporter } from '../../../src/ui/progress/reporter-parts.js';
import type { FakeStderr } from './fake-terminal.js';

export const MIB_BYTES = 1024 ** 2;

export interface Clockwork {
  nowMs: number;
}

/** A reporter on a fake stream, with a clock that moves when told; its timers end with the test. */
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
    ...options,
  });
  t.after(() => reporter.done());
  return { reporter, clock };
}

/** 100 parts of 16 MiB, 20 of which are there already. */
export const BEGUN: TransferEvent = {
  type: 'started',
  file: '/data/backup.tar',
  target: 'glacier://photos',
  uploadId: '-Xk3',
  plan: { sizeBytes: 1600 * MIB_BYTES, partSizeBytes: 16 * MIB_BYTES, partCount: 100 },
  reusedParts: 20,
  reusedBytes: 320 * MIB_BYTES,
  resumed: true,
  orphan: null,
};

export const ARCHIVED: TransferEvent = {
  type: 'archived',
  file: '/data/backup.tar',
  archiveId: 'arch-1',
  sizeBytes: 1600 * MIB_BYTES,
  durationMs: 80_000,
};

export const NOTICE: TransferEvent = { type: 'notice', notice: 'state-folder', path: '/state\x1b[2J' };

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
