/**
 * `resume -`: continues the upload of a stream whose bytes come once more. The parts that the service holds are compared
 * with the stream, never assumed; those that differ or are missing are sent. A failure leaves the upload as it is, so that
 * the same line can run again.
 */
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { type SourceIdentity, sourceName, streamIdentity } from '../core/identity.js';
import { adoptedPartSize } from './adopted-part-size.js';
import { completeUpload } from './complete-upload.js';
import { type ListedParts, listAllParts } from './list.js';
import { HeldParts } from './parts/held-parts.js';
import { isoNow } from './ports/clock.js';
import type { BufferedPart, ByteStream, StreamSource } from './ports/source.js';
import type { CatalogueEntry, Journal, Lock, LockedUpload } from './ports/state.js';
import { checkTarget, isoTime } from './resume.js';
import {
  describeStream,
  emptyStream,
  readToFirstHeld,
  recordStream,
  type SentStream,
  type StreamHead,
  sendStream,
  wholeOf,
} from './send-stream.js';
import {
  type ArchiveResult,
  lockOptions,
  type Session,
  sentResult,
  settledResult,
  whileHeld,
} from './session.js';
import { mayBeArchived, settleUpload } from './settle-upload.js';
import { asGone, canContinue, possibleCompletion } from './upload-gone.js';

export interface ResumeStreamOptions {
  readonly uploadId: string;
  /** The name that the user gave to the stream; null: the recorded one, or none. */
  readonly name: string | null;
  /** The part size of an upload whose parts do not show it; null: the recorded one, or 64 MiB. */
  readonly partSizeBytes: number | null;
  /** True if a part size that is not the upload's is refused; else it then does not count. */
  readonly isPartSizeTyped: boolean;
}

/** A resumed stream, and what this run knows about its upload. */
interface ResumeRun {
  readonly options: ResumeStreamOptions;
  readonly stream: ByteStream;
  readonly startedMs: number;
  readonly readSinceMs: number;
  readonly locks: readonly Lock[];
  /** The journal of an earlier run whose stream had ended; null: none. */
  readonly known: Journal | null;
}

/**
 * @throws TransferError `not-found` (upload); `source` (`other-upload`) when the service holds parts of another stream, or
 * after the end of this one: nothing is completed; `usage` for a part size that is not the upload's; `gone`; those of
 * uploadStream
 */
export async function resumeStream(
  session: Session,
  options: ResumeStreamOptions,
  stream: ByteStream,
): Promise<ArchiveResult> {
  const startedMs = session.clock.monotonicMs();
  const readSinceMs = session.clock.nowMs();
  const { uploadId } = options;
  const { state, target, targetIdentity } = session;
  const identity = { source: streamIdentity(options.name), target: targetIdentity };
  let identityLock: Lock | null = null;
  let locked: LockedUpload | null = null;
  try {
    await session.catalogue.proveWritable();
    if (target.capabilities.storesObjects) {
      identityLock = await state.lockIdentity(identity, lockOptions(session));
    }
    locked = await state.openUpload(uploadId, lockOptions(session));
    const locks = [identityLock, locked.lock].filter((each) => each !== null);
    const run = { options, stream, startedMs, readSinceMs, locks, known: locked.journal };
    return await resumeLocked(whileHeld(session, ...locks), run);
  } catch (error) {
    const file = sourceName(locked?.journal?.upload.head.identity.source ?? identity.source);
    session.report({ type: 'failed', file });
    throw withContext(error, { file, target: targetIdentity.url, uploadId });
  } finally {
    await stream.close();
    await locked?.close();
    await identityLock?.release();
  }
}

async function resumeLocked(session: Session, run: ResumeRun): Promise<ArchiveResult> {
  const { known, locks, startedMs } = run;
  if (known !== null) {
    const { head } = known.upload;
    checkTarget(session, head.identity);
    checkIsStream(head.identity.source, run.options);
    const entries = await session.catalogue.findByIdentity(head.identity);
    if (mayBeArchived(known.upload, entries)) {
      const settled = await settleUpload(session, { journal: known, locks }, entries);
      if (settled.outcome === 'archived') return settledResult(session, settled.entry, startedMs);
    }
  }
  return sendAgain(session, run);
}

/** @throws TransferError `source` (`other-upload`) */
function checkIsStream(known: SourceIdentity, { name }: ResumeStreamOptions): void {
  if (known.kind === 'stream') return;
  const detail = `it was created here for ${known.path}`;
  throw new TransferError('source', { path: sourceName(streamIdentity(name)), why: 'other-upload', detail });
}

async function sendAgain(session: Session, run: ResumeRun): Promise<ArchiveResult> {
  const { options, stream, known } = run;
  const { uploadId } = options;
  const resend = { uploadId, target: session.targetIdentity, connection: session.connection };
  let source: StreamSource | null = null;
  let journal: Journal | null = null;
  try {
    const recordedBytes = known?.upload.head.plan.partSizeBytes;
    const listed = await listAllParts(session.target, uploadId, session.signal, recordedBytes);
    const { limits } = session.target.capabilities;
    const partSizeBytes = adoptedPartSize(listed, { ...options, recordedBytes }, limits);
    const head = headOf(session, run, listed, partSizeBytes);
    source = await session.openStream(stream, partSizeBytes);
    const sent = await sendToEnd(session, head, { source, listed });
    await source.confirmEnd(session.signal);
    // The journal of the earlier run may have another name of the stream, and another size.
    await known?.remove();
    journal = await recordStream(session, head, sent);
    const entry = await completeUpload(session, { journal, locks: run.locks, ...wholeOf(journal) });
    return resumedResult(session, run, entry, sent);
  } catch (error) {
    const upload = journal?.upload ?? known?.upload ?? null;
    const wasThere = source !== null || known !== null;
    const failure = wasThere ? asGone(error, uploadId, upload && possibleCompletion(upload)) : error;
    const isCompleting = (journal?.upload.completing ?? null) !== null;
    const isOver = isFailure(failure, 'not-found') || isFailure(failure, 'usage');
    const resumable = canContinue(failure) && !isOver;
    throw withContext(failure, { uploadId, resumable, ...(!isCompleting && resumable && { resend }) });
  } finally {
    await source?.close();
    await journal?.close();
  }
}

function resumedResult(
  session: Session,
  { startedMs }: ResumeRun,
  entry: CatalogueEntry,
  { partsReused }: SentStream,
): ArchiveResult {
  const partsSent = entry.plan.partCount - partsReused;
  return sentResult(session, entry, startedMs, { partsSent, partsReused, resumed: true });
}

/** Returns the facts that the journal begins with: those of an earlier run, else those that the service lists. */
function headOf(
  { clock }: Session,
  { options, known, readSinceMs }: ResumeRun,
  { upload }: ListedParts,
  partSizeBytes: number,
): StreamHead {
  const { uploadId, name } = options;
  const common = { uploadId, partSizeBytes, readSinceMs };
  if (known !== null) {
    const { identity, description, startedAt, object } = known.upload.head;
    const source = name === null ? identity.source : streamIdentity(name);
    return { ...common, identity: source, description, startedAt, ...(object !== undefined && { object }) };
  }
  return {
    ...common,
    identity: streamIdentity(name),
    description: upload.description ?? describeStream(name, readSinceMs),
    startedAt: isoTime(upload.createdAt) ?? isoNow(clock),
  };
}

/** Reads the stream to its end, and sends the parts that the service does not hold. */
async function sendToEnd(
  session: Session,
  { identity, uploadId, partSizeBytes }: StreamHead,
  { source, listed }: { readonly source: StreamSource; readonly listed: ListedParts },
): Promise<SentStream> {
  const { targetIdentity: target, connection } = session;
  const file = sourceName(identity);
  const held = new HeldParts(file, listed.parts, partSizeBytes);
  session.report({
    type: 'started',
    file,
    target: target.url,
    uploadId,
    plan: { sizeBytes: null, partSizeBytes, partCount: null },
    reusedParts: 0,
    reusedBytes: 0,
    resumed: true,
    orphan: null,
    resend: { uploadId, target, connection },
  });
  const first = await readFirstPart(session, source, { identity, partSizeBytes });
  const stream = { file, source, read: [first], partSizeBytes, uploadId, held };
  return sendStream(session, { ...stream, read: await readToFirstHeld(session, stream) });
}

/** Reads the first part. A stream that ends within it is checked completely before anything is sent. */
async function readFirstPart(
  { target, signal }: Session,
  source: StreamSource,
  { identity, partSizeBytes }: Pick<StreamHead, 'identity' | 'partSizeBytes'>,
): Promise<BufferedPart> {
  const first = await source.next(signal);
  if ((first?.sizeBytes ?? 0) < partSizeBytes) await source.confirmEnd(signal);
  if (first !== null && first.sizeBytes > 0) return first;
  first?.release();
  throw emptyStream(identity, target.capabilities.storesObjects);
}
