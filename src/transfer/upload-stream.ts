/**
 * `upload -`: bytes that come once become one archive. They cannot be read again, so an upload that stops before its
 * stream has ended is of no use, and is aborted. Once the stream has ended well, everything is recorded, and from then on
 * the upload can be resumed like any other.
 */
import { randomUUID } from 'node:crypto';
import { TransferError, withContext } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import { type SourceIdentity, sourceName, UNNAMED_STREAM } from '../core/identity.js';
import { type OpenPlan, planParts, planStream } from '../core/part-plan.js';
import { abandonUpload } from './abandon-upload.js';
import { completeUpload } from './complete-upload.js';
import { createOnService, journalHead } from './create-upload.js';
import { streamJobs } from './parts/pipeline.js';
import { foldInOrder, sendParts } from './parts/send.js';
import { isoNow } from './ports/clock.js';
import type { BufferedPart, ByteStream, StreamSource } from './ports/source.js';
import type { CatalogueEntry, Journal, Lock, LockedUpload, RecordedPart } from './ports/state.js';
import type { CreatedUpload, ObjectOptions } from './ports/target.js';
import { type ArchiveResult, lockOptions, type Session, sentResult, whileHeld } from './session.js';
import { asGone, canContinue } from './upload-gone.js';

/** The description of a vault's archive when the user gives none. */
const STREAM_DESCRIPTION = 'standard input';

export interface StreamOptions {
  /** `auto`, or a size that the user named; null: auto. */
  readonly partSizeBytes: number | 'auto' | null;
  /** Null: `standard input`. */
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
  const identity = UNNAMED_STREAM;
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
    const created = await createFor(session, options, first, plan);
    const run = { options, source, first, plan, created, identity, readSinceMs, identityLock };
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
  const why = storesObjects ? 'empty-stream' : 'empty';
  throw new TransferError('source', { path: sourceName(UNNAMED_STREAM), why, detail: null });
}

function descriptionOf({ description }: StreamOptions): string {
  return description ?? STREAM_DESCRIPTION;
}

async function createFor(
  session: Session,
  options: StreamOptions,
  first: BufferedPart,
  plan: OpenPlan,
): Promise<CreatedUpload & { readonly startedAt: string }> {
  const request = { plan, description: descriptionOf(options) };
  const { object } = options;
  try {
    const created = await createOnService(session, object === undefined ? request : { ...request, object });
    return { ...created, startedAt: isoNow(session.clock) };
  } catch (error) {
    first.release();
    throw error;
  }
}

/** @throws TransferError `source` (`short`) */
function checkSize({ expectedSizeBytes }: StreamOptions, sizeBytes: number): void {
  if (expectedSizeBytes === null || sizeBytes >= expectedSizeBytes) return;
  const detail = `${sizeBytes} of ${expectedSizeBytes} bytes`;
  throw new TransferError('source', { path: sourceName(UNNAMED_STREAM), why: 'short', detail });
}

/** A stream whose upload exists on the service. */
interface StreamRun {
  readonly options: StreamOptions;
  readonly source: StreamSource;
  readonly first: BufferedPart;
  readonly plan: OpenPlan;
  readonly created: CreatedUpload & { readonly startedAt: string };
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
      const parts = await sendStream(held, run);
      await run.source.confirmEnd(held.signal);
      checkSize(run.options, parts.sizeBytes);
      journal = await recordParts(held, run, parts);
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

/** The parts of a stream that has ended. */
interface StreamParts {
  readonly sizeBytes: number;
  readonly parts: ReadonlyMap<number, RecordedPart>;
}

/** Sends part after part until the stream ends. */
async function sendStream(session: Session, run: StreamRun): Promise<StreamParts> {
  const { source, first, plan, created, identity } = run;
  const { uploadId } = created;
  const { limits } = session.target.capabilities;
  const parts = new Map<number, RecordedPart>();
  let sizeBytes = 0;
  const { targetIdentity: target, connection } = session;
  session.report({
    type: 'started',
    file: sourceName(identity),
    target: target.url,
    uploadId,
    // The expected size does not fix the number of parts.
    plan: { ...plan, partCount: null },
    reusedParts: 0,
    reusedBytes: 0,
    resumed: false,
    orphan: { uploadId, target, connection },
  });
  await sendParts(session, {
    uploadId,
    jobs: streamJobs({
      ...{ source, first, partSizeBytes: plan.partSizeBytes, limits },
      hashes: () => session.target.partHashes(uploadId),
    }),
    sizeBytes: null,
    record: async ({ range }, record) => {
      sizeBytes += range.sizeBytes;
      parts.set(range.index, record);
    },
  });
  return { sizeBytes, parts };
}

/** Writes the journal with all its parts. From here on a `resume` needs the stream no longer. */
async function recordParts(
  session: Session,
  { options, plan, created, identity, readSinceMs }: StreamRun,
  { sizeBytes, parts }: StreamParts,
): Promise<Journal> {
  const { limits } = session.target.capabilities;
  const head = journalHead(session, identity, {
    ...created,
    plan: planParts(sizeBytes, plan.partSizeBytes, limits),
    description: descriptionOf(options),
    fingerprint: streamFingerprint(sizeBytes, readSinceMs),
  });
  const journal = await session.state.create(head);
  for (const [index, part] of parts) await journal.recordPart(index, part);
  return journal;
}

function wholeOf({ upload }: Journal) {
  const { plan, fingerprint } = upload.head;
  const hashes = new Map([...upload.parts].map(([index, { treeHash }]) => [index, treeHash]));
  const treeHash = foldInOrder(hashes, plan.partCount);
  return { whole: { sizeBytes: plan.sizeBytes, treeHash }, fingerprint };
}

/** A stream has no times of its own: the time at which reading began replaces them. */
function streamFingerprint(sizeBytes: number, readSinceMs: number): Fingerprint {
  const timeNs = `${readSinceMs}000000`;
  return { sizeBytes, mtimeNs: timeNs, ctimeNs: timeNs, device: '0', inode: '0' };
}
