/**
 * Events as `--progress json` prints them. Keys have the names, and values the forms, of the objects that `--json` prints:
 * `size`, `partSize`, `parts`, `partsDone`; sizes are bytes, times ISO-8601 UTC, and a value that is not known is null.
 */
import type { TransferEvent } from '../../transfer/events.js';
import { summaryJson } from '../summary-json.js';
import { isoFromMs, isoMoment } from '../text/timestamps.js';
import { describeNotice } from '../wording/notices.js';
import type { WordingEnvironment } from '../wording/paste-line.js';
import type { FilesReading } from './files-meter.js';
import type { Progress } from './progress-meter.js';
import type { ReadingProgress } from './reading-meter.js';
import type { EventOf } from './reporter-parts.js';

interface TypedObject {
  readonly type: string;
}

/** The events for which lines with running totals are printed instead, once a second. */
type Running = 'progress' | 'reading' | 'files';

/** A new event does not compile until it has its keys here. */
const FORMS: {
  readonly [T in Exclude<TransferEvent['type'], Running>]: (
    event: EventOf<T>,
    env: WordingEnvironment,
  ) => object;
} = {
  started: ({ file, target, uploadId, plan, reusedParts, reusedBytes, resumed, orphan }) => ({
    file,
    target,
    uploadId,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    partsReused: reusedParts,
    bytesReused: reusedBytes,
    resumed,
    resumable: orphan === null && uploadId !== null,
  }),
  part: ({ index, sizeBytes, reused }) => ({ index, size: sizeBytes, reused }),
  sending: ({ index }) => ({ index }),
  retry: ({ operation, attempt, attemptsMax, delayMs, why }) => ({
    operation,
    attempt,
    attemptsMax,
    delayMs,
    why,
  }),
  completing: ({ uploadId }) => ({ uploadId }),
  archived: ({ file, archiveId, sizeBytes, durationMs }) => ({
    file,
    archiveId,
    size: sizeBytes,
    durationMs,
  }),
  failed: ({ file }) => ({ file }),
  waiting: ({ what, holder, sinceMs, waitMs }) => ({
    what,
    holder,
    since: sinceMs === null ? null : isoFromMs(sinceMs),
    waitMs,
  }),
  summary: (event) => summaryJson(event),
  notice: noticeFacts,
};

/** Returns the words, and the facts under their own names. An address is only the target: the words have the command line. */
function noticeFacts(event: EventOf<'notice'>, env: WordingEnvironment): object {
  const { type: _, notice, file, ...facts } = event;
  const { address, ...others } = { address: null, ...facts };
  return {
    notice,
    file: file ?? null,
    message: describeNotice(event, env),
    ...Object.fromEntries(Object.entries(others).map(([name, fact]) => [name, printedFact(name, fact)])),
    ...(address !== null && { target: address.target.url }),
  };
}

/** Returns a fact in the form that it has in every line: times are ISO-8601 UTC or null, and numbers are whole. */
function printedFact(name: string, fact: unknown): unknown {
  if (typeof fact === 'number') return Math.round(fact);
  return typeof fact === 'string' && name.endsWith('At') ? isoMoment(fact) : fact;
}

export function eventJson(
  event: Exclude<TransferEvent, EventOf<Running>>,
  env: WordingEnvironment,
): TypedObject {
  const form: (event: never, env: WordingEnvironment) => object = FORMS[event.type];
  return { type: event.type, ...form(event as never, env) };
}

/** @param file the path of the file, or `-` */
export function progressJson(file: string, progress: Progress) {
  const { partsDone, partCount: parts, partsInFlight } = progress;
  const { bytesDone, size, ...speed } = totals(progress);
  return { type: 'progress' as const, file, bytesDone, size, partsDone, parts, partsInFlight, ...speed };
}

/** @param file the path of the file, or `-` */
export function readingJson(file: string, progress: ReadingProgress) {
  return { type: 'reading' as const, file, ...totals(progress) };
}

/** The running totals of a run over several files. */
export function filesJson({ sent, skipped, failed, movedBytes, bytesPerSecond }: FilesReading) {
  return {
    type: 'files' as const,
    sent,
    skipped,
    failed,
    bytesSent: movedBytes,
    bytesPerSecond: bytesPerSecond === null ? null : Math.round(bytesPerSecond),
  };
}

function totals({ doneBytes, totalBytes, bytesPerSecond, leftMs }: ReadingProgress) {
  return {
    bytesDone: doneBytes,
    size: totalBytes,
    bytesPerSecond: bytesPerSecond === null ? null : Math.round(bytesPerSecond),
    secondsLeft: leftMs === null ? null : Math.round(leftMs / 1000),
  };
}

/** Returns the object with the time of day after its type, as every line of `--progress json` has it. */
export function timed<T extends TypedObject>({ type, ...facts }: T, nowMs: number) {
  return { type, time: isoFromMs(nowMs), ...facts };
}
