/** From an open upload to all of its parts on the service, verified. */
import { isDenied, isFailure, TransferError, wrapFailure } from '../../core/failures.js';
import { bytesOf } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import { type ListedParts, listAllParts } from '../list.js';
import type { Source } from '../ports/source.js';
import type { Journal, JournalHead, RecordedPart, UnfinishedUpload } from '../ports/state.js';
import type { PartsPage, WholeArchive } from '../ports/target.js';
import { fileJobs } from './pipeline.js';
import { believeRecords, type Reconciliation, reconcile } from './reconcile.js';
import { compareRemoteParts } from './reread.js';
import { foldInOrder, type PartSession, sendParts } from './send.js';

/** The parts of one upload of a file, to be sent. */
export interface PartsJob {
  readonly source: Source;
  readonly journal: Journal;
  /** True when the service may hold parts already: its list is fetched first. */
  readonly resumed: boolean;
  /** The list, where this run has fetched it already and nothing was sent since. */
  readonly listed?: ListedParts | null;
  /** Parts whose hashes an earlier run computed of these very bytes: sent without hashing them again. */
  readonly recorded: ReadonlyMap<number, RecordedPart>;
  /** True after the service refused to complete: recorded parts that cannot be compared are then sent again. */
  readonly distrustsRecords?: boolean;
  /** Called once the service has listed the parts that it holds: the upload existed when this run reached it. */
  readonly onListed?: () => void;
}

export interface PartsResult {
  readonly whole: WholeArchive;
  readonly partsSent: number;
  readonly partsReused: number;
}

/**
 * Sends the parts that the service does not hold, and compares those that it holds but the journal does not know.
 * @throws TransferError `not-found` (upload), `source` (`other-upload`, `changed`), `checksum`, `unreachable`
 */
export async function sendMissing(session: PartSession, job: PartsJob): Promise<PartsResult> {
  const { source, journal } = job;
  const { head, parts: recorded } = journal.upload;
  const { plan } = head;
  const hasRecords = recorded.size > 0;
  const hashes = new Map<number, TreeHash>();
  const early = job.resumed ? unrecordedIndexes(journal.upload) : [];
  if (early.length > 0) reportStarted(session, job, recorded.keys());
  const remote = job.resumed
    ? await listWhileSending(session, job, early, hashes)
    : reconcile(plan, recorded, []);
  if (early.length === 0) reportStarted(session, job, remote.matching.keys());

  const sentEarly = new Set(hashes.keys());
  for (const [index, hash] of remote.matching) hashes.set(index, hash);
  const unknown = new Map([...remote.toCompare].filter(([index]) => !sentEarly.has(index)));
  const different = await compareRemoteParts(session, job, unknown, hashes);
  if (job.resumed && remote.isListed && !journal.upload.hasAllRecords) await journal.recordListed();
  const partsReused = hashes.size - sentEarly.size;
  const foreign = different.length + remote.wrongSize;
  if (!hasRecords && partsReused === 0 && foreign > 0) throw otherUpload(source, foreign);
  const missing = remote.toSend.filter((index) => !sentEarly.has(index));
  const toSend = [...missing, ...different];
  await sendFileParts(session, job, toSend, hashes);
  return {
    whole: { sizeBytes: plan.sizeBytes, treeHash: foldInOrder(hashes, plan.partCount) },
    partsSent: sentEarly.size + toSend.length,
    partsReused,
  };
}

function reportStarted({ report }: PartSession, job: PartsJob, reused: Iterable<number>): void {
  const { uploadId, plan, identity } = job.journal.upload.head;
  const indexes = [...reused];
  report({
    type: 'started',
    file: job.source.path,
    target: identity.target.url,
    uploadId,
    plan,
    reusedParts: indexes.length,
    reusedBytes: bytesOf(plan, indexes),
    resumed: job.resumed,
    orphan: null,
  });
}

/** With this many recorded parts a list takes long (a vault gives 50 a request), and one part is little of the file. */
const EARLY_FROM_PARTS = 1000;

/**
 * Returns the parts that may be sent before the service has listed what it holds: those that are not recorded, where no
 * record can be missing. At most the parts that were in flight are then sent twice.
 */
function unrecordedIndexes({ head, parts, hasAllRecords }: UnfinishedUpload): number[] {
  if (!hasAllRecords || parts.size < EARLY_FROM_PARTS) return [];
  return [...Array(head.plan.partCount).keys()].filter((index) => !parts.has(index));
}

/**
 * Lists the service's parts while the `early` parts are sent already. The list's failure comes first: it shows whether
 * the upload existed at all.
 */
async function listWhileSending(
  session: PartSession,
  job: PartsJob,
  early: readonly number[],
  hashes: Map<number, TreeHash>,
): Promise<Reconciliation> {
  const recorded = new Map(job.journal.upload.parts);
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, stop.signal]);
  const listing = listRemoteParts(session, job, recorded).catch((error: unknown) => {
    stop.abort(error);
    throw error;
  });
  const sending = sendFileParts({ ...session, signal }, job, early, hashes);
  const [listed, sent] = await Promise.allSettled([listing, sending]);
  if (listed.status === 'rejected') throw listed.reason;
  if (sent.status === 'rejected') throw sent.reason;
  return listed.value;
}

/** Sends parts. A recorded hash that the service does not find in the bytes is computed again, once. */
async function sendFileParts(
  session: PartSession,
  job: PartsJob,
  indexes: readonly number[],
  treeHashes: Map<number, TreeHash>,
): Promise<void> {
  const { source, journal } = job;
  const { plan, uploadId } = journal.upload.head;
  const hashes = () => session.target.partHashes(uploadId);
  const send = async (
    wanted: readonly number[],
    recorded: ReadonlyMap<number, RecordedPart>,
  ): Promise<number[]> => {
    const damaged: number[] = [];
    await sendParts(session, {
      uploadId,
      jobs: fileJobs({ source, plan, indexes: wanted, hashes, recorded }),
      sizeBytes: plan.sizeBytes,
      record: async ({ range, treeHash }, record) => {
        treeHashes.set(range.index, treeHash);
        await journal.recordPart(range.index, record);
      },
      skipDamaged: (index) => recorded.has(index) && damaged.push(index) > 0,
    });
    return damaged;
  };
  await send(await send(indexes, job.recorded), new Map());
}

/** Lists the parts that the service holds, and compares the list with what the journal had recorded. */
async function listRemoteParts(
  session: PartSession,
  job: PartsJob,
  recorded: ReadonlyMap<number, RecordedPart>,
): Promise<Reconciliation> {
  const { head } = job.journal.upload;
  const listed = job.listed ?? (await listIfAllowed(session, head));
  if (listed === null) {
    const believed = job.distrustsRecords === true ? new Map<number, RecordedPart>() : recorded;
    const { url: target } = head.identity.target;
    session.report({ type: 'notice', notice: 'parts-unchecked', parts: believed.size, target });
    return believeRecords(head.plan, believed);
  }
  const { upload, parts } = listed;
  job.onListed?.();
  checkPartSize(upload, job.journal.upload);
  try {
    return reconcile(head.plan, recorded, parts);
  } catch (error) {
    if (!isFailure(error, 'source')) throw error;
    throw wrapFailure(error, 'source', { ...error.facts, path: job.source.path });
  }
}

/** Returns null for credentials that may only write. */
async function listIfAllowed(session: PartSession, { uploadId, plan }: JournalHead) {
  try {
    return await listAllParts(session.target, uploadId, session.signal, plan.partSizeBytes);
  } catch (error) {
    if (isDenied(error)) return null;
    throw error;
  }
}

function checkPartSize(listed: PartsPage, { head, journalPath }: UnfinishedUpload): void {
  if (listed.partSizeBytes === null || listed.partSizeBytes === head.plan.partSizeBytes) return;
  const detail = `the service has parts of ${listed.partSizeBytes} bytes for this upload, but the journal has parts of ${head.plan.partSizeBytes}`;
  throw new TransferError('state', { path: journalPath, why: 'damaged', detail });
}

/** The upload is unknown here and no part fits: replacing its parts would ruin another file's upload. */
function otherUpload(source: Source, foreign: number): TransferError<'source'> {
  return new TransferError('source', {
    path: source.path,
    why: 'other-upload',
    detail: `none of the ${foreign} parts on the service is a part of this file`,
  });
}
