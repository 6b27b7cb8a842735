/** Lines about a transfer: for logs, and for a terminal when the bar is gone. */
import { formatDuration, formatSize } from '../../core/units.js';
import type { TransferEvent } from '../../transfer/events.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatSince } from '../text/timestamps.js';
import type { ArchivedFacts, Progress } from './progress-meter.js';
import type { ReadingProgress } from './reading-meter.js';

type Amount = Pick<Progress, 'doneBytes' | 'totalBytes'>;

/** Returns the share that is done, from 0 to 1; null if the total size is not known. */
export function doneShare({ doneBytes, totalBytes }: Amount): number | null {
  if (totalBytes === null) return null;
  return totalBytes === 0 ? 1 : doneBytes / totalBytes;
}

export function percent(progress: Amount): string | null {
  const share = doneShare(progress);
  // Rounded down, so that 100% means that nothing is missing.
  return share === null ? null : `${Math.floor(share * 100)}%`;
}

/** Returns `42%, 2.1 GiB of 5 GiB`; only the size if the total size is not known. */
function amountOf(progress: Amount): string {
  const { doneBytes, totalBytes } = progress;
  if (totalBytes === null) return formatSize(doneBytes);
  return `${percent(progress)}, ${formatSize(doneBytes)} of ${formatSize(totalBytes)}`;
}

/** Returns `134 of 320 parts`; `134 parts` for a stream. */
function partsOf(parts: number, partCount: number | null): string {
  if (partCount !== null) return `${parts} of ${partCount} parts`;
  return parts === 1 ? '1 part' : `${parts} parts`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(Math.round(bytesPerSecond))}/s`;
}

/** Returns `backup.tar: 42%, 2.1 GiB of 5 GiB, 134 of 320 parts, 38.2 MiB/s, 1 min 20 s left`. */
export function formatProgressLine(progress: Progress): string {
  const fields = [amountOf(progress), partsOf(progress.partsDone, progress.partCount), ...speedOf(progress)];
  return `${safeWhole(progress.fileName)}: ${fields.join(', ')}`;
}

/** Returns `reading backup.tar: 42%, 2.1 GiB of 5 GiB, 1.2 GiB/s, 3 s left`. */
export function formatReadingLine(progress: ReadingProgress): string {
  return `${safeWhole(progress.fileName)}: ${[amountOf(progress), ...speedOf(progress)].join(', ')}`;
}

function speedOf({ doneBytes, totalBytes, bytesPerSecond, leftMs }: ReadingProgress): string[] {
  return [
    ...(bytesPerSecond === null ? [] : [formatRate(bytesPerSecond)]),
    ...(leftMs === null || doneBytes === totalBytes ? [] : [`${formatDuration(leftMs)} left`]),
  ];
}

/**
 * Returns `backup.tar: stopped at 42%, 1.2 GiB of 2.85 GiB; 3 parts were sent in this run`, the last line of a transfer
 * that failed. The failure itself is printed after it.
 */
export function formatStoppedLine(progress: Progress): string {
  const { partsSent } = progress;
  const sent = partsSent === 1 ? '1 part was' : `${partsSent === 0 ? 'no' : partsSent} parts were`;
  return `${safeWhole(progress.fileName)}: stopped at ${amountOf(progress)}; ${sent} sent in this run`;
}

/** Returns `backup.tar: archived, 5 GiB in 2 min 14 s (38.2 MiB/s), 120 of 320 parts were there already`. */
export function formatArchivedLine(facts: ArchivedFacts): string {
  const { sizeBytes, durationMs, sentBytes, partCount, partsReused } = facts;
  const isMeasured = sentBytes > 0 && durationMs > 0;
  const rate = isMeasured ? ` (${formatRate((sentBytes * 1000) / durationMs)})` : '';
  const were = partCount === null && partsReused === 1 ? 'was' : 'were';
  const reused = partsReused === 0 ? '' : `, ${partsOf(partsReused, partCount)} ${were} there already`;
  return `${safeWhole(facts.fileName)}: archived, ${formatSize(sizeBytes)} in ${formatDuration(durationMs)}${rate}${reused}`;
}

type Waiting = Extract<TransferEvent, { type: 'waiting' }>;

/**
 * Returns `waiting up to 1 h 0 min for pid 123 on nas, which has worked on /backup/a.tar since 2026-11-20 10:04 UTC`;
 * `which works on /backup/a.tar` if the time is not known.
 */
export function formatWaitingLine({ what, holder, sinceMs, waitMs }: Waiting): string {
  const since = formatSince(sinceMs);
  const works = since === '' ? 'works' : 'has worked';
  return `waiting up to ${formatDuration(waitMs)} for ${safeText(holder)}, which ${works} on ${safeWhole(what)}${since}`;
}

type Retry = Extract<TransferEvent, { type: 'retry' }>;

/** @param heldBack the number of similar lines that were not printed since the last one */
export function formatRetryLine(retry: Retry, heldBack: number): string {
  const attempt =
    retry.attemptsMax === null
      ? `attempt ${retry.attempt}`
      : `attempt ${retry.attempt} of ${retry.attemptsMax}`;
  // The attempt is the one that has just failed.
  const more = heldBack === 0 ? '' : `; ${heldBack} more since the last such line`;
  // A shorter delay would be printed as 0.0 s.
  const when = retry.delayMs < 50 ? 'at once' : `in ${formatDuration(retry.delayMs)}`;
  return `could not ${safeText(retry.operation)}: ${safeText(retry.why)}; trying again ${when} (${attempt} failed${more})`;
}
