/**
 * `upload -`: bytes that come once become one archive. They cannot be read again, so an upload that stops before its
 * stream has ended is of no use, and is aborted. Once the stream has ended well, everything is recorded, and from then on
 * the upload can be resumed like any other.
 */
import { randomUUID } from 'node:crypto';
import { TransferError, withContext } from '../core/failures.js';
import { type SourceIdentity, sourceName, streamIdentity } from '../core/identity.js';
import { type OpenPlan, planStream } from '../core/part-plan.js';
import { abandonUpload } from './abandon-upload.js';
import { completeUpload } from './complete-upload.js';
import { createOnService } from './create-upload.js';
import { isoNow } from './ports/clock.js';
import type { BufferedPart, ByteStream, StreamSource } from './ports/source.js';
import type { CatalogueEntry, Journal, Lock, LockedUpload } from './ports/state.js';
import type { CreatedUpload, ObjectOptions } from './ports/target.js';
import { describeStream, emptyStream, recordStream, sendStream, wholeOf } from './send-stream.js';
import { type ArchiveResult, lockOptions, type Session, sentResult, whileHeld } from './session.js';
import { asGone, canContinue } from './upload-gone.js';

export interface StreamOptions {
  /** `auto`, or a size that the user named; null: auto. */
  readonly partSizeBytes: number | 'auto' | null;
  /** The name that the user gave to the stream; null: none. */
  readonly name: string | null;
  /** Null: that of a file with the name. */
  readonly description: string | null;
  /** The estimated size: fewer bytes are a failure. Null: unknown. */
  readonly expectedSizeBytes: number | null;
  /** An empty stream, which a failed writer leaves, becomes an object only if this is true. Vaults take none. */
  readonly allowEmpty: boolean;
  /** Set where the target stores objects. */
  readonly object?: ObjectOptions;
}

/**
 * Uploads a stream. Nothing is created on the service before the first part is read.
 * @throws TransferError of any kind, with target filled in: `source` (`short`, `command`, `no-command`, `empty`,
 * `unreadable`), `limit`; the upload is then aborted, unless it was being completed
 */
export async function uploadStream(
  session: Session,
  options: StreamOptions,
  stream: ByteStream,
): Promise<ArchiveResult> {
  const startedMs = session.clock.monotonicMs();
  const readSinceMs = session.clock.nowMs();
  const identity = streamIdentity(options.name);
  const file = sourceName(identity);
  let source: StreamSource | null = null;
  let identityLock: Lock | null = null;
  try {
    const { limits } = session.target.capabilities;
    const plan = planStream(options.expectedSizeBytes, options.partSizeBytes ?? 'auto', limits);
    await session.catalogue.proveWritable();
    identityLock = await lockTarget(session, identity);
    source = await session.openStream(stream, plan.partSizeBytes);
    const first = await readFirstPart(session, options, source, plan);
    const description = options.description ?? describeStream(options.name, readSinceMs);
    const created = await createFor(session, { ...options, description }, first, plan);
    const run = { options, source, first, plan, created, description, identity, readSinceMs, identityLock };
    const entry = await runStream(session, run);
    const sent = { partsSent: entry.plan.partCount, partsReused: 0, resumed: false };
    return sentResult(session, entry, startedMs, sent);
  } catch (error) {
    session.report({ type: 'failed', file });
    throw withContext(error, { file, target: session.targetIdentity.url });
  } finally {
    await (source ?? stream).close();
    await identityLock?.release();
  }
}

/**
 * Takes the identity's lock for an object: of two streams to one object, each would replace the other's, so the second
 * is refused as busy. A vault takes any number. Both prove that the state folder is writable before anything is created.
 * @throws TransferError `busy`, `state`
 */
async function lockTarget(session: Session, source: SourceIdentity): Promise<Lock | null> {
  const { state, target, targetIdentity } = session;
  if (target.capabilities.storesObjects) {
    return state.lockIdentity({ source, target: targetIdentity }, lockOptions(session));
  }
  const proof = await state.openUpload(`stream ${randomUUID()}`, lockOptions(session));
  await proof.close();
  return null;
}

/** Reads the first part. A stream that ends within it is checked completely before anything is created. */
async function readFirstPart(
  { target, signal }: Session,
  options: StreamOptions,
  source: StreamSource,
  { partSizeBytes }: OpenPlan,
): Promise<BufferedPart> {
  const first = await source.next(signal);
  const sizeBytes = first?.sizeBytes ?? 0;
  if (sizeBytes < partSizeBytes) {
    await source.confirmEnd(signal);
    checkSize(options, sizeBytes);
  }
  const { limits, storesObjects } = target.capabilities;
  const sizeMinBytes = options.allowEmpty ? limits.sizeMinBytes : 1;
  if (first !== null && sizeBytes >= sizeMinBytes) return first;
  first?.release();
  throw emptyStream(streamIdentity(options.name), storesObjects);
}

async function createFor(
  session: Session,
  { description, object }: StreamOptions & { readonly description: string },
  first: BufferedPart,
  plan: OpenPlan,
): Promise<CreatedUpload & { readonly startedAt: string }> {
  const request = { plan, description };
  try {
    const created = await createOnService(session, object === undefined ? request : { ...request, object });
    return { ...created, startedAt: isoNow(session.clock) };
  } catch (error) {
    first.release();
    throw error;
  }
}

/** @throws TransferError `source` (`short`) */
function checkSize({ expectedSizeBytes, name }: StreamOptions, sizeBytes: number): void {
  if (expectedSizeBytes === null || sizeBytes >= expectedSizeBytes) return;
  const detail = `${sizeBytes} of ${expectedSizeBytes} bytes`;
  throw new TransferError('source', { path: sourceName(streamIdentity(name)), why: 'short', detail });
}

/** A stream whose upload exists on the service. */
interface StreamRun {
  readonly options: StreamOptions;
  readonly source: StreamSource;
  readonly first: BufferedPart;
  readonly plan: OpenPlan;
  readonly created: CreatedUpload & { readonly startedAt: string };
  readonly description: string;
  readonly identity: SourceIdentity;
  /** The time of day at which reading began. */
  readonly readSinceMs: number;
  /** The lock of the object's identity; null for a vault. */
  readonly identityLock: Lock | null;
}

async function runStream(session: Session, run: StreamRun): Promise<CatalogueEntry> {
  const { uploadId } = run.created;
  const orphan = { uploadId, target: session.targetIdentity, connection: session.connection };
  let locked: LockedUpload | null = null;
  let journal: Journal | null = null;
  try {
    try {
      await run.identityLock?.assertHeld();
      locked = await session.state.openUpload(uploadId, lockOptions(session));
      const locks = [run.identityLock, locked.lock].filter((each) => each !== null);
      const held = whileHeld(session, ...locks);
      journal = await sendToEnd(held, run);
      return await completeUpload(held, { journal, locks, ...wholeOf(journal) });
    } finally {
      await journal?.close();
      await locked?.close();
    }
  } catch (error) {
    const failure = asGone(error, uploadId, null);
    const isCompleting = (journal?.upload.completing ?? null) !== null;
    const resumable = isCompleting && canContinue(failure);
    const isLeft = !isCompleting && !(await abandonUpload(session, uploadId));
    throw withContext(failure, { uploadId, resumable, ...(isLeft && { orphan }) });
  }
}

/** Sends part after part until the stream ends. @returns the journal with all parts */
async function sendToEnd(session: Session, run: StreamRun): Promise<Journal> {
  const { options, source, first, plan, created, identity } = run;
  const { uploadId } = created;
  const { partSizeBytes } = plan;
  const { targetIdentity: target, connection } = session;
  const file = sourceName(identity);
  session.report({
    type: 'started',
    file,
    target: target.url,
    uploadId,
    // The expected size does not fix the number of parts.
    plan: { ...plan, partCount: null },
    reusedParts: 0,
    reusedBytes: 0,
    resumed: false,
    orphan: { uploadId, target, connection },
  });
  const stream = { file, source, read: [first], partSizeBytes, uploadId, held: null };
  const sent = await sendStream(session, stream);
  await source.confirmEnd(session.signal);
  checkSize(options, sent.sizeBytes);
  const { description, readSinceMs } = run;
  return recordStream(session, { ...created, identity, partSizeBytes, description, readSinceMs }, sent);
}
