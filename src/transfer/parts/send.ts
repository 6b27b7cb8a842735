/** From an open upload to all of its parts on the service, verified. */
import { isFailure, TransferError } from '../../core/failures.js';
import { type PartLimits, type PartPlan, partRange } from '../../core/part-plan.js';
import { foldPartHashes, type TreeHash } from '../../core/tree-hash.js';
import { listAllParts } from '../list.js';
import type {
  Journal,
  PartsPage,
  PreparedPart,
  RecordedPart,
  RemotePart,
  Source,
  UnfinishedUpload,
  WholeArchive,
} from '../ports.js';
import type { Session } from '../session.js';
import { moveParts } from './pipeline.js';
import { type Reconciliation, reconcile } from './reconcile.js';

export interface Sending {
  readonly source: Source;
  readonly journal: Journal;
  /** Whether the service may hold parts already: its list is asked first. */
  readonly resumed: boolean;
  /** Parts whose hashes an earlier run computed of these very bytes: sent without hashing them again. */
  readonly known: ReadonlyMap<number, RecordedPart>;
  /** Told once the service has listed what it holds: the upload was there when this run came to it. */
  readonly onListed?: () => void;
}

export interface Sent {
  readonly whole: WholeArchive;
  readonly partsSent: number;
  readonly partsReused: number;
}

/**
 * Sends what the service does not hold, and compares what it holds but the journal does not vouch for.
 * @throws TransferError `not-found` (upload), `source` (`other-upload`, `changed`), `checksum`, `unreachable`
 */
export async function sendMissing(session: Session, sending: Sending): Promise<Sent> {
  const { source, journal } = sending;
  const { head, parts: recorded } = journal.upload;
  const { plan } = head;
  const isVouchedFor = recorded.size > 0;
  const hashes = new Map<number, TreeHash>();
  const early = sending.resumed ? unrecorded(journal.upload) : [];
  const begun = (held: Iterable<number>): void => {
    const reused = [...held];
    session.report({
      type: 'begun',
      file: source.path,
      target: head.identity.place.url,
      uploadId: head.uploadId,
      plan,
      reusedParts: reused.length,
      reusedBytes: bytesOf(plan, reused),
      resumed: sending.resumed,
    });
  };
  if (early.length > 0) begun(recorded.keys());
  const found = sending.resumed
    ? await takeStockBeside(session, sending, early, hashes)
    : reconcile(plan, recorded, []);
  if (early.length === 0) begun(found.held.keys());

  const sentEarly = new Set(hashes.keys());
  for (const [index, hash] of found.held) hashes.set(index, hash);
  const toCompare = [...found.toCompare].filter(([index]) => !sentEarly.has(index));
  const different = await compareHeld(session, sending, new Map(toCompare), hashes);
  if (sending.resumed && !journal.upload.isWhole) await journal.recordListed();
  const partsReused = hashes.size - sentEarly.size;
  const strange = different.length + found.illFitting;
  if (!isVouchedFor && partsReused === 0 && strange > 0) throw otherUpload(source, strange);
  const missing = found.toSend.filter((index) => !sentEarly.has(index));
  const toSend = [...missing, ...different].sort((a, b) => a - b);
  await sendAll(session, sending, toSend, hashes);
  return {
    whole: { sizeBytes: plan.sizeBytes, treeHash: foldInOrder(hashes, plan.partCount) },
    partsSent: sentEarly.size + toSend.length,
    partsReused,
  };
}

/** From so many recorded parts on a list takes long (a vault gives 50 a request), and one part is little of the file. */
const EARLY_FROM_PARTS = 1000;

/**
 * What may be sent before the service has listed what it holds: what no record vouches for, where the records are
 * whole. At most what was in flight is then sent twice.
 */
function unrecorded({ head, parts, isWhole }: UnfinishedUpload): number[] {
  if (!isWhole || parts.size < EARLY_FROM_PARTS) return [];
  return [...Array(head.plan.partCount).keys()].filter((index) => !parts.has(index));
}

/**
 * Takes stock while `early` parts are sent already. The list's failure comes first: it knows whether the upload was
 * there at all.
 */
async function takeStockBeside(
  session: Session,
  sending: Sending,
  early: readonly number[],
  hashes: Map<number, TreeHash>,
): Promise<Reconciliation> {
  const recorded = new Map(sending.journal.upload.parts);
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, stop.signal]);
  const listing = takeStock(session, sending, recorded).catch((error: unknown) => {
    stop.abort(error);
    throw error;
  });
  const sent = sendAll({ ...session, signal }, sending, early, hashes);
  const [stock, delivery] = await Promise.allSettled([listing, sent]);
  if (stock.status === 'rejected') throw stock.reason;
  if (delivery.status === 'rejected') throw delivery.reason;
  return stock.value;
}

/** Sends parts; a recorded hash that the service does not find in the bytes is computed again, once. */
async function sendAll(
  session: Session,
  sending: Sending,
  indexes: readonly number[],
  hashes: Map<number, TreeHash>,
): Promise<void> {
  const doubted = await sendParts(session, sending, indexes, hashes);
  await sendParts(session, { ...sending, known: new Map() }, doubted, hashes);
}

/**
 * Sends parts, records each, and adds its hash to `hashes`.
 * @returns those that the service refused as damaged though their hashes were taken from the journal
 */
async function sendParts(
  session: Session,
  sending: Sending,
  indexes: readonly number[],
  hashes: Map<number, TreeHash>,
): Promise<number[]> {
  const { source, journal, known } = sending;
  const { plan, uploadId } = journal.upload.head;
  const { concurrency, signal } = session;
  const doubted: number[] = [];
  const deliver = async (part: PreparedPart, laneSignal: AbortSignal): Promise<void> => {
    const { index, sizeBytes } = part.range;
    session.report({ type: 'sending', index });
    let etag: string | null;
    try {
      ({ etag } = await session.target.sendPart(uploadId, part, laneSignal));
    } catch (error) {
      if (isFailure(error, 'too-slow')) throw asPlanned(error, plan, session.target.limits);
      if (!isFailure(error, 'checksum') || !known.has(index)) throw error;
      doubted.push(index);
      return;
    }
    hashes.set(index, part.treeHash);
    await journal.recordPart(index, recordOf(part, etag));
    session.report({ type: 'part', index, sizeBytes, reused: false });
  };
  await moveParts({ source, plan, indexes, known, concurrency, signal, deliver });
  return doubted;
}

/** A part size that would cut this file into too many parts is none to advise. */
function asPlanned(
  error: TransferError<'too-slow'>,
  { sizeBytes }: PartPlan,
  { partsMax }: PartLimits,
): TransferError<'too-slow'> {
  const { fittingPartSizeBytes } = error.facts;
  if (fittingPartSizeBytes === null || sizeBytes <= partsMax * fittingPartSizeBytes) return error;
  const extras = error.service === null ? { cause: error } : { cause: error, service: error.service };
  return new TransferError('too-slow', { ...error.facts, fittingPartSizeBytes: null }, extras);
}

/** What the journal keeps of a part that the service holds. */
export function recordOf({ treeHash, linearHash }: PreparedPart, etag: string | null): RecordedPart {
  return etag === null ? { treeHash, linearHash } : { treeHash, linearHash, etag };
}

/** The tree hash of the whole, from those of its parts by index. */
export function foldInOrder(hashes: ReadonlyMap<number, TreeHash>, partCount: number): TreeHash {
  const ordered: TreeHash[] = [];
  for (let index = 0; index < partCount; index += 1) {
    const hash = hashes.get(index);
    if (hash === undefined) throw new Error(`part ${index} of ${partCount} was neither sent nor held`);
    ordered.push(hash);
  }
  return foldPartHashes(ordered);
}

function bytesOf(plan: PartPlan, indexes: Iterable<number>): number {
  let bytes = 0;
  for (const index of indexes) bytes += partRange(plan, index).sizeBytes;
  return bytes;
}

/** Asks the service what it holds, and sets that against what the journal had recorded. */
async function takeStock(
  session: Session,
  sending: Sending,
  recorded: ReadonlyMap<number, RecordedPart>,
): Promise<Reconciliation> {
  const { head } = sending.journal.upload;
  const { partSizeBytes } = head.plan;
  const { upload, parts } = await listAllParts(session.target, head.uploadId, session.signal, partSizeBytes);
  sending.onListed?.();
  checkPartSize(upload, sending);
  try {
    return reconcile(head.plan, recorded, parts);
  } catch (error) {
    if (!isFailure(error, 'source')) throw error;
    throw new TransferError('source', { ...error.facts, path: sending.source.path }, { cause: error });
  }
}

function checkPartSize(upload: PartsPage, sending: Sending): void {
  const { head } = sending.journal.upload;
  if (upload.partSizeBytes === null || upload.partSizeBytes === head.plan.partSizeBytes) return;
  const detail = `the service has parts of ${upload.partSizeBytes} bytes for this upload, but the journal has parts of ${head.plan.partSizeBytes}`;
  throw new TransferError('state', {
    path: sending.journal.upload.journalPath,
    why: 'damaged',
    detail,
  });
}

/**
 * Reads the parts that only the service vouches for, and compares. Those that agree are recorded.
 * @returns the indexes that differ, to be sent again
 */
async function compareHeld(
  session: Session,
  sending: Sending,
  toCompare: ReadonlyMap<number, RemotePart>,
  hashes: Map<number, TreeHash>,
): Promise<number[]> {
  const different: number[] = [];
  const compare = async (part: PreparedPart): Promise<void> => {
    const { index, sizeBytes } = part.range;
    const held = toCompare.get(index);
    if (held === undefined || !(await isSame(part, held))) {
      different.push(index);
      return;
    }
    hashes.set(index, part.treeHash);
    await sending.journal.recordPart(index, recordOf(part, held.etag));
    session.report({ type: 'part', index, sizeBytes, reused: true });
  };
  const { plan } = sending.journal.upload.head;
  await readParts(session, { source: sending.source, plan, indexes: toCompare.keys() }, compare);
  return different;
}

/** Compares by the strongest hash that the service lists. An ETag that is not the bytes' MD5 proves nothing. */
async function isSame(part: PreparedPart, held: RemotePart): Promise<boolean> {
  if (held.treeHash !== null) return part.treeHash === held.treeHash;
  const { linearHash = null } = held;
  return linearHash === null ? (await part.md5()) === held.etag : part.linearHash === linearHash;
}

/** An upload was named of which nothing is known here and nothing fits: replacing its parts would ruin another's. */
function otherUpload(source: Source, strange: number): TransferError<'source'> {
  return new TransferError('source', {
    path: source.path,
    why: 'other-upload',
    detail: `none of the ${strange} parts on the service is a part of this file`,
  });
}

/** Reads and hashes parts without sending them. */
async function readParts(
  session: Session,
  reading: { readonly source: Source; readonly plan: PartPlan; readonly indexes: Iterable<number> },
  deliver: (part: PreparedPart) => Promise<void>,
): Promise<void> {
  const { source, plan } = reading;
  const indexes = [...reading.indexes].sort((a, b) => a - b);
  const { concurrency, signal } = session;
  await moveParts({ source, plan, indexes, concurrency, signal, deliver });
}

/**
 * Reads recorded parts again, after the file was touched (only ctime, device or inode differ).
 * @returns whether all of them are what they were
 * @throws TransferError `source` (`unreadable`): then nothing is known
 */
export async function rereadRecorded(
  session: Session,
  source: Source,
  journal: Journal,
  recorded: ReadonlyMap<number, Pick<RecordedPart, 'treeHash'>>,
): Promise<boolean> {
  session.report({ type: 'notice', notice: 'comparing-again', parts: recorded.size });
  const differs = new TransferError('source', { path: source.path, why: 'changed', detail: null });
  try {
    const { plan } = journal.upload.head;
    await readParts(session, { source, plan, indexes: recorded.keys() }, async (part) => {
      if (recorded.get(part.range.index)?.treeHash !== part.treeHash) throw differs;
    });
  } catch (error) {
    if (isFailure(error, 'source') && error.facts.why === 'changed') return false;
    throw error;
  }
  return true;
}
