/**
 * `upload -`: bytes that come once become one archive. They can't be read again, so an upload that stops before its
 * stream has ended is of no use to anybody, and is dropped; once it has ended well, everything is recorded, and from
 * then on the upload goes on like any other.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import { type OpenPlan, type PartRange, planParts, planStream, streamRange } from '../core/part-plan.js';
import { abortUpload } from './abort.js';
import { canGoOn, finishUpload, goneFailure } from './complete-upload.js';
import { foldInOrder, recordOf } from './parts/send.js';
import {
  type ByteStream,
  type CatalogueEntry,
  type CreatedUpload,
  type FilledPart,
  type Journal,
  type JournalHead,
  type Lock,
  type ObjectOptions,
  type PreparedPart,
  type RecordedPart,
  STANDARD_INPUT,
  type StreamSource,
} from './ports.js';
import { noticeClass } from './run-upload.js';
import { type ArchiveResult, abortLine, isoNow, lockOptions, type Session, sentResult } from './session.js';

/** What a vault's archive is called when nobody names it. */
const STREAM_DESCRIPTION = 'standard input';
/** How long it is tried to drop an upload that came to nothing … */
const DROP_WITHIN_MS = 10_000;
/** … and how long when a signal wants us gone. */
const DROP_WITHIN_STOPPED_MS = 1200;

export interface StreamOptions {
  /** `auto`, or a size that the user named; null: auto. */
  readonly partSizeBytes: number | 'auto' | null;
  /** Null: `standard input`. */
  readonly description: string | null;
  /** How long the stream is said to be: fewer bytes are a failure. Null: nobody knows. */
  readonly expectedSizeBytes: number | null;
  /** Of targets that make objects. */
  readonly object?: ObjectOptions;
}

/** What was sent of a stream that has ended. */
interface SentStream {
  readonly sizeBytes: number;
  readonly parts: ReadonlyMap<number, RecordedPart>;
}

/**
 * Sends a stream. Nothing is begun on the service before its first part is here.
 * @throws TransferError of any kind, with target filled in: `source` (`short`, `command`, `no-command`, `empty`,
 * `unreadable`), `limit`; the upload is then dropped, unless it was being completed
 */
export async function uploadStream(
  session: Session,
  options: StreamOptions,
  stream: ByteStream,
): Promise<ArchiveResult> {
  const startedMs = session.clock.nowMs();
  let source: StreamSource | null = null;
  let lock: Lock | null = null;
  try {
    const plan = planStream(
      options.expectedSizeBytes,
      options.partSizeBytes ?? 'auto',
      session.target.limits,
    );
    await session.catalogue.proveWritable();
    lock = await lockTarget(session);
    source = await session.openStream(stream, plan.partSizeBytes);
    const first = await firstPart(session, options, source, plan);
    const head = await begin(session, options, first, plan);
    const entry = await carry(session, options, { source, first, plan, head, startedMs, lock });
    const sent = { partsSent: entry.plan.partCount, partsReused: 0, resumed: false };
    return sentResult(session, entry, startedMs, sent);
  } catch (error) {
    throw withContext(error, { file: STANDARD_INPUT, target: session.place.url });
  } finally {
    await (source ?? stream).close();
    await lock?.release();
  }
}

/**
 * Two streams to one object at once would take it from each other: the second ends as busy. A vault takes any number.
 * Either way the state folder has then been written to, before anything is begun.
 * @throws TransferError `busy`, `state`
 */
async function lockTarget(session: Session): Promise<Lock | null> {
  const { state, target, place } = session;
  const isObject = target.capabilities.container === 'bucket';
  if (isObject) return state.lockIdentity({ file: STANDARD_INPUT, place }, lockOptions(session));
  const proof = await state.lockUpload(`stream ${randomUUID()}`, lockOptions(session));
  await proof.release();
  return null;
}

/** What ends within its first part is known whole before anything is begun. */
async function firstPart(
  { target, signal }: Session,
  options: StreamOptions,
  source: StreamSource,
  { partSizeBytes }: OpenPlan,
): Promise<FilledPart> {
  const first = await source.next(signal);
  const sizeBytes = first?.sizeBytes ?? 0;
  if (sizeBytes < partSizeBytes) {
    await source.confirmEnd(signal);
    checkLength(options, sizeBytes);
  }
  if (first !== null && sizeBytes >= target.limits.sizeMinBytes) return first;
  throw new TransferError('source', { path: STANDARD_INPUT, why: 'empty', detail: null });
}

async function begin(
  session: Session,
  options: StreamOptions,
  first: FilledPart,
  plan: OpenPlan,
): Promise<Streaming['head']> {
  const description = options.description ?? STREAM_DESCRIPTION;
  const request = { plan, description, ...(options.object !== undefined && { object: options.object }) };
  try {
    const begun = await session.target.createUpload(request, session.signal);
    noticeClass(session, request, begun);
    return { ...begun, recipe: session.recipe, description, startedAt: isoNow(session) };
  } catch (error) {
    first.release();
    throw error;
  }
}

function checkLength({ expectedSizeBytes }: StreamOptions, sizeBytes: number): void {
  if (expectedSizeBytes === null || sizeBytes >= expectedSizeBytes) return;
  const detail = `${sizeBytes} of ${expectedSizeBytes} bytes`;
  throw new TransferError('source', { path: STANDARD_INPUT, why: 'short', detail });
}

interface Streaming {
  readonly source: StreamSource;
  readonly first: FilledPart;
  readonly plan: OpenPlan;
  readonly head: CreatedUpload & Pick<JournalHead, 'recipe' | 'description' | 'startedAt'>;
  readonly startedMs: number;
  /** Of the object that is being made. */
  readonly lock: Lock | null;
}

/** What has to be let go whatever happens. */
interface Held {
  lock: Lock | null;
  journal: Journal | null;
}

async function carry(
  session: Session,
  options: StreamOptions,
  streaming: Streaming,
): Promise<CatalogueEntry> {
  const { uploadId } = streaming.head;
  const held: Held = { lock: null, journal: null };
  try {
    try {
      held.lock = await session.state.lockUpload(uploadId, lockOptions(session));
      const sent = await sendAll(session, streaming);
      await streaming.source.confirmEnd(session.signal);
      checkLength(options, sent.sizeBytes);
      return await recordAndFinish(session, streaming, sent, held);
    } finally {
      await held.journal?.close();
      await held.lock?.release();
    }
  } catch (error) {
    const failure = asGone(error, uploadId);
    const isCompleting = (held.journal?.upload.completing ?? null) !== null;
    const resumable = isCompleting && canGoOn(failure);
    const isLeft = !isCompleting && !(await dropUpload(session, streaming.head));
    throw withContext(failure, { uploadId, resumable, ...(isLeft && { abort: abortLine(streaming.head) }) });
  }
}

/** From here on everything is on the service and on disk, and a `resume` needs the stream no more. */
async function recordAndFinish(
  session: Session,
  { plan, head, startedMs, lock }: Streaming,
  { sizeBytes, parts }: SentStream,
  held: Held,
): Promise<CatalogueEntry> {
  const whole = planParts(sizeBytes, plan.partSizeBytes, session.target.limits);
  const fingerprint = streamFingerprint(sizeBytes, startedMs);
  const identity = { file: STANDARD_INPUT, place: session.place };
  const journal = await session.state.create({ ...head, identity, plan: whole, fingerprint });
  held.journal = journal;
  for (const [index, part] of parts) await journal.recordPart(index, part);
  const hashes = new Map([...parts].map(([index, { treeHash }]) => [index, treeHash]));
  const treeHash = foldInOrder(hashes, whole.partCount);
  const locks = [lock, held.lock].filter((each) => each !== null);
  return finishUpload(session, { journal, locks, whole: { sizeBytes, treeHash }, fingerprint });
}

/** A stream has no times of its own: when it began to be read stands for them. */
function streamFingerprint(sizeBytes: number, startedMs: number): Fingerprint {
  const timeNs = `${startedMs}000000`;
  return { sizeBytes, mtimeNs: timeNs, ctimeNs: timeNs, device: '0', inode: '0' };
}

/**
 * Sends part after part until the stream ends. As with files, the first failure stops the reading and aborts what is
 * under way, and is thrown when every lane has settled.
 */
async function sendAll(session: Session, streaming: Streaming): Promise<SentStream> {
  const { source, plan, head, first } = streaming;
  const { uploadId } = head;
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, stop.signal]);
  setMaxListeners(0, signal);
  const lanes = pLimit(session.concurrency);
  const underway = new Set<Promise<void>>();
  const parts = new Map<number, RecordedPart>();
  let sizeBytes = 0;
  let failure: { error: unknown } | null = null;

  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort(error);
  };
  const deliver = async (part: PreparedPart): Promise<void> => {
    signal.throwIfAborted();
    const { index } = part.range;
    session.report({ type: 'sending', index });
    const { etag } = await session.target.sendPart(uploadId, part, signal);
    parts.set(index, recordOf(part, etag));
    session.report({ type: 'part', index, sizeBytes: part.range.sizeBytes, reused: false });
  };
  const moveOne = async (filled: FilledPart, range: PartRange): Promise<void> => {
    const part = await filled.prepare(range, signal);
    await lanes(deliver, part).finally(() => part.release());
  };

  const placeOf = (filled: FilledPart, index: number): PartRange => {
    try {
      return streamRange(plan, index, filled.sizeBytes, session.target.limits);
    } catch (error) {
      filled.release();
      throw error;
    }
  };

  const file = STANDARD_INPUT;
  const none = { reusedParts: 0, reusedBytes: 0, resumed: false };
  const target = session.place.url;
  const abort = abortLine(head);
  session.report({ type: 'begun', file, target, uploadId, plan: opened(plan), ...none, abort });
  try {
    let filled: FilledPart | null = first;
    for (let index = 0; filled !== null; index += 1) {
      const range = placeOf(filled, index);
      sizeBytes += range.sizeBytes;
      const moving = moveOne(filled, range).catch(fail);
      underway.add(moving);
      void moving.then(() => underway.delete(moving));
      filled = await source.next(signal);
    }
  } catch (error) {
    fail(error);
  }
  await Promise.all(underway);
  session.signal.throwIfAborted();
  if (failure !== null) throw (failure as { error: unknown }).error;
  return { sizeBytes, parts };
}

/** What was foretold is no count of parts yet. */
function opened({ sizeBytes, partSizeBytes }: OpenPlan): OpenPlan {
  return { sizeBytes, partSizeBytes, partCount: null };
}

/** Under our hands: somebody else aborted it. */
function asGone(error: unknown, uploadId: string): unknown {
  const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
  return isGone ? goneFailure(uploadId, null, error) : error;
}

/**
 * An upload of which the stream is lost can't go on; what was sent of it may be billed.
 * @returns whether it is gone; why the upload ended is what has to be said, whatever comes of this
 */
async function dropUpload(session: Session, { uploadId }: Streaming['head']): Promise<boolean> {
  const withinMs = session.signal.aborted ? DROP_WITHIN_STOPPED_MS : DROP_WITHIN_MS;
  const dropping = { ...session, signal: AbortSignal.timeout(withinMs) };
  try {
    await abortUpload(dropping, uploadId, { listed: true, forget: true });
    return true;
  } catch (error) {
    // A state folder that fails keeps no record of it, and is no reason to leave it.
    const isState = isFailure(error, 'state');
    return (
      isState &&
      dropping.target.abort(uploadId, dropping.signal).then(
        () => true,
        () => false,
      )
    );
  }
}
