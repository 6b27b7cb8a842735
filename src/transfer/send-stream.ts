/** Sends the parts of a stream, and records its upload once the stream has ended. */
import { describeFile } from '../core/description.js';
import { TransferError } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import { type SourceIdentity, sourceName } from '../core/identity.js';
import { type PartPlan, planParts } from '../core/part-plan.js';
import { journalHead } from './create-upload.js';
import { type HeldParts, notThisStream } from './parts/held-parts.js';
import { streamJobs } from './parts/pipeline.js';
import { foldInOrder, sendParts } from './parts/send.js';
import type { BufferedPart, PartHash, PreparedPart, StreamSource } from './ports/source.js';
import type { Journal, RecordedPart } from './ports/state.js';
import type { CreatedUpload } from './ports/target.js';
import type { Session } from './session.js';

/** The description of a vault's archive when the user gives neither that nor a name. */
const STREAM_DESCRIPTION = 'standard input';

/**
 * Returns the description of a stream for which the user gave none: that of a file with its name.
 * @param name the name that the user gave; null: none
 */
export function describeStream(name: string | null, nowMs: number): string {
  return name === null ? STREAM_DESCRIPTION : describeFile(name, nowMs);
}

/** Creates the failure for a stream without a byte. */
export function emptyStream(identity: SourceIdentity, storesObjects: boolean): TransferError<'source'> {
  const why = storesObjects ? 'empty-stream' : 'empty';
  return new TransferError('source', { path: sourceName(identity), why, detail: null });
}

/** A stream whose upload exists on the service. */
export interface StreamToSend {
  /** Its name, for messages. */
  readonly file: string;
  readonly source: StreamSource;
  /** The parts that were read already; at least one. */
  readonly read: readonly BufferedPart[];
  readonly partSizeBytes: number;
  readonly uploadId: string;
  /** The parts that the service holds already; null: none. */
  readonly held: HeldParts | null;
}

/** The parts of a stream that has ended. */
export interface SentStream {
  readonly sizeBytes: number;
  readonly parts: ReadonlyMap<number, RecordedPart>;
  readonly partsReused: number;
}

/**
 * Sends part after part until the stream ends, except those that the service holds with the same bytes.
 * @throws TransferError `source` (`other-upload`) when the service holds a part after the end of the stream
 */
export async function sendStream(session: Session, stream: StreamToSend): Promise<SentStream> {
  const { source, read, partSizeBytes, uploadId, held } = stream;
  const { limits } = session.target.capabilities;
  const parts = new Map<number, RecordedPart>();
  let sizeBytes = 0;
  let partsReused = 0;
  const findHeld = heldFinder(session, held);
  await sendParts(session, {
    uploadId,
    jobs: streamJobs({
      ...{ source, read, partSizeBytes, limits },
      hashes: (index) => hashesOf(session, stream, index),
    }),
    sizeBytes: null,
    findHeld: async (part) => {
      const record = await findHeld(part);
      if (record !== null) partsReused += 1;
      return record;
    },
    record: async ({ range }, record) => {
      sizeBytes += range.sizeBytes;
      parts.set(range.index, record);
    },
  });
  held?.assertNoneBeyond(parts.size, sizeBytes);
  return { sizeBytes, parts, partsReused };
}

function hashesOf(
  { target }: Pick<Session, 'target'>,
  { uploadId, held }: Pick<StreamToSend, 'uploadId' | 'held'>,
  index: number,
): readonly PartHash[] {
  return [...new Set([...target.partHashes(uploadId), ...(held?.hashes(index) ?? [])])];
}

/** Returns a function that finds the records of parts that are held. It reports the first part that is seen to differ. */
function heldFinder({ report }: Pick<Session, 'report'>, held: HeldParts | null) {
  let isReported = false;
  return async (part: PreparedPart): Promise<RecordedPart | null> => {
    const found = (await held?.compare(part)) ?? 'absent';
    if (found === 'equal') return held?.recordOf(part) ?? null;
    if (found === 'different' && !isReported) {
      isReported = true;
      report({ type: 'notice', notice: 'part-differs', index: part.range.index });
    }
    return null;
  };
}

/**
 * Reads on until the first part that the service holds, and compares it. Nothing is sent before that: the parts of
 * another stream would spoil the upload. The lanes of the run that was killed can have left as many parts open as are read
 * here. If there are more, because it had more lanes, nothing is compared before they are sent.
 * @returns all parts that were read, to be sent or compared
 * @throws TransferError `source` (`other-upload`) when that part has other bytes
 */
export async function readToFirstHeld(
  session: Session,
  stream: StreamToSend & { readonly held: HeldParts },
): Promise<BufferedPart[]> {
  const { held, source } = stream;
  const read = [...stream.read];
  if (held.count === 0) return read;
  try {
    while (!held.has(read.length - 1) && read.length < session.concurrency) {
      const part = await source.next(session.signal);
      if (part === null) {
        const readBytes = read.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        held.assertNoneBeyond(read.length, readBytes);
        return read;
      }
      read.push(part);
    }
    const last = read.pop();
    if (last !== undefined) read.push(await compareFirst(session, stream, last, read.length));
    return read;
  } catch (error) {
    for (const part of read) part.release();
    throw error;
  }
}

/** @returns the part, which is hashed already */
async function compareFirst(
  session: Session,
  stream: StreamToSend & { readonly held: HeldParts },
  part: BufferedPart,
  index: number,
): Promise<BufferedPart> {
  const { file, held, partSizeBytes } = stream;
  if (!held.has(index)) return part;
  const { sizeBytes } = part;
  const startByte = index * partSizeBytes;
  const range = { index, startByte, endByte: startByte + sizeBytes - 1, sizeBytes };
  const prepared = await part.prepare(range, session.signal, hashesOf(session, stream, index));
  try {
    if ((await held.compare(prepared)) === 'equal') {
      return { sizeBytes, prepare: async () => prepared, release: () => prepared.release() };
    }
    const detail = `part ${index}, the first one that the service holds, has other bytes`;
    throw notThisStream(file, detail);
  } catch (error) {
    prepared.release();
    throw error;
  }
}

/** The facts of an upload that its journal begins with, once its stream has ended. */
export interface StreamHead extends CreatedUpload {
  readonly identity: SourceIdentity;
  readonly partSizeBytes: number;
  readonly description: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly startedAt: string;
  /** The time of day at which reading began. */
  readonly readSinceMs: number;
}

/** Writes the journal with all its parts. From here on a `resume` needs the stream no longer. */
export async function recordStream(
  session: Session,
  { identity, partSizeBytes, readSinceMs, ...facts }: StreamHead,
  { sizeBytes, parts }: SentStream,
): Promise<Journal> {
  const { limits } = session.target.capabilities;
  const plan: PartPlan = planParts(sizeBytes, partSizeBytes, limits);
  const fingerprint = streamFingerprint(sizeBytes, readSinceMs);
  const journal = await session.state.create(journalHead(session, identity, { ...facts, plan, fingerprint }));
  for (const [index, part] of parts) await journal.recordPart(index, part);
  return journal;
}

/** Returns the facts of the whole, from a journal that has all parts. */
export function wholeOf({ upload }: Journal) {
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
