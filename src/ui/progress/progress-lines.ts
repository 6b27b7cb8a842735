/** Lines about a transfer in plain words: for logs, and for what stays on a terminal when the bar is gone. */
import { formatDuration, formatSize } from '../../core/units.js';
import type { TransferEvent } from '../../transfer/events.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatTimestamp } from '../text/timestamps.js';
import type { ArchivedFacts, Progress } from './progress-meter.js';

/** From 0 to 1; null where nobody knows the whole. */
export function doneShare({ doneBytes, totalBytes }: Progress): number | null {
  if (totalBytes === null) return null;
  return totalBytes === 0 ? 1 : doneBytes / totalBytes;
}

export function percent(progress: Progress): string | null {
  const share = doneShare(progress);
  // Rounded down: 100% is said when nothing is missing, not before.
  return share === null ? null : `${Math.floor(share * 100)}%`;
}

/** `134 of 320 parts`; `134 parts` of a stream. */
function partsOf({ partsDone, partCount }: Progress): string {
  if (partCount !== null) return `${partsDone} of ${partCount} parts`;
  return partsDone === 1 ? '1 part' : `${partsDone} parts`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(Math.round(bytesPerSecond))}/s`;
}

/** `backup.tar: 42%, 2.1 GiB of 5 GiB, 134 of 320 parts, 38.2 MiB/s, 1 min 20 s left` */
export function formatProgressLine(progress: Progress): string {
  const { doneBytes, totalBytes, bytesPerSecond, leftMs } = progress;
  const amount =
    totalBytes === null
      ? [formatSize(doneBytes)]
      : [percent(progress), `${formatSize(doneBytes)} of ${formatSize(totalBytes)}`];
  const fields = [
    ...amount,
    partsOf(progress),
    ...(bytesPerSecond === null ? [] : [formatRate(bytesPerSecond)]),
    ...(leftMs === null || doneBytes === totalBytes ? [] : [`${formatDuration(leftMs)} left`]),
  ];
  return `${safeWhole(progress.fileName)}: ${fields.join(', ')}`;
}

/** `backup.tar: ended at 42%, 134 of 320 parts`: the last word of a transfer of which the failure follows. */
export function formatStoppedLine(progress: Progress): string {
  const where = percent(progress) ?? formatSize(progress.doneBytes);
  return `${safeWhole(progress.fileName)}: ended at ${where}, ${partsOf(progress)}`;
}

/** `backup.tar: archived, 5 GiB in 2 min 14 s (38.2 MiB/s), 120 of 320 parts were there already` */
export function formatArchivedLine(facts: ArchivedFacts): string {
  const { sizeBytes, durationMs, sentBytes, partCount, partsReused } = facts;
  const isMeasured = sentBytes > 0 && durationMs > 0;
  const rate = isMeasured ? ` (${formatRate((sentBytes * 1000) / durationMs)})` : '';
  const reused = partsReused === 0 ? '' : `, ${partsReused} of ${partCount} parts were there already`;
  return `${safeWhole(facts.fileName)}: archived, ${formatSize(sizeBytes)} in ${formatDuration(durationMs)}${rate}${reused}`;
}

type Retry = Extract<TransferEvent, { type: 'retry' }>;

/** @param heldBack how many like it were not printed since the last one that was */
export function formatRetryLine(retry: Retry, heldBack: number): string {
  const attempt =
    retry.attemptsMax === null
      ? `attempt ${retry.attempt}`
      : `attempt ${retry.attempt} of ${retry.attemptsMax}`;
  // The attempt is the one that has just failed.
  const more = heldBack === 0 ? '' : `; ${heldBack} more since the last such line`;
  // Less than what is shown of a second would read as nothing.
  const when = retry.delayMs < 50 ? 'at once' : `in ${formatDuration(retry.delayMs)}`;
  return `could not ${safeText(retry.operation)}: ${safeText(retry.why)}; trying again ${when} (${attempt} failed${more})`;
}

/** Returns what the run waits for: `waiting up to 1h for pid 123 on host, which has worked on FILE since 12:30`. */
export function formatWaitingLine({
  what,
  holder,
  sinceMs,
  waitMs,
}: Extract<TransferEvent, { type: 'waiting' }>): string {
  const since =
    sinceMs !== null && Number.isFinite(sinceMs) ? formatTimestamp(new Date(sinceMs).toISOString()) : null;
  const work =
    since === null ? `works on ${safeWhole(what)}` : `has worked on ${safeWhole(what)} since ${since}`;
  return `waiting up to ${formatDuration(waitMs)} for ${safeText(holder)}, which ${work}`;
}
