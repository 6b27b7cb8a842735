/** Reads parts of a file again and compares them, without sending them. */
import { isFailure, TransferError } from '../../core/failures.js';
import type { Fingerprint } from '../../core/fingerprint.js';
import { bytesOf } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { PartHash, PreparedPart, Source } from '../ports/source.js';
import type { Journal, JournalHead, RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';
import type { Session } from '../session.js';
import { type FileParts, fileJobs, runPipeline } from './pipeline.js';
import { type PartSession, recordOf } from './send.js';

type ReadSession = Pick<Session, 'report' | 'concurrency' | 'signal'>;

async function readParts(
  { concurrency, signal }: ReadSession,
  parts: FileParts,
  deliver: (part: PreparedPart) => Promise<void>,
): Promise<void> {
  await runPipeline({ jobs: fileJobs(parts), concurrency, signal, deliver });
}

/** Reads a whole file again, and reports how far that is. @throws TransferError `source` */
export function wholeTreeHash(
  source: Source,
  { report, signal }: Pick<Session, 'report' | 'signal'>,
): Promise<TreeHash> {
  const { path: file, fingerprint } = source;
  return source.treeHash(signal, (readBytes) =>
    report({ type: 'reading', file, readBytes, totalBytes: fingerprint.sizeBytes }),
  );
}

/**
 * Reads recorded parts again, after the file was touched (only ctime, device or inode differ).
 * @returns true when all of them have the recorded hash
 * @throws TransferError `source` (`unreadable`): the comparison is then incomplete
 */
export async function hasRecordedParts(
  session: ReadSession,
  source: Source,
  journal: Pick<Journal, 'upload'>,
): Promise<boolean> {
  const { head, parts: recorded } = journal.upload;
  if (recorded.size > 0) session.report({ type: 'notice', notice: 'comparing-again', parts: recorded.size });
  const differs = new TransferError('source', { path: source.path, why: 'changed', detail: null });
  const totalBytes = bytesOf(head.plan, recorded.keys());
  let readBytes = 0;
  try {
    await readParts(
      session,
      { source, plan: head.plan, indexes: recorded.keys(), hashes: () => [] },
      async ({ range, treeHash }) => {
        if (recorded.get(range.index)?.treeHash !== treeHash) throw differs;
        readBytes += range.sizeBytes;
        session.report({ type: 'reading', file: source.path, readBytes, totalBytes });
      },
    );
  } catch (error) {
    if (isFailure(error, 'source') && error.facts.why === 'changed') return false;
    throw error;
  }
  return true;
}

/** Reads parts and returns all their hashes, with the MD5 as the ETag. @throws TransferError `source` */
export async function hashParts(
  session: ReadSession,
  parts: Omit<FileParts, 'hashes' | 'recorded'>,
): Promise<ReadonlyMap<number, RecordedPart>> {
  const hashed = new Map<number, RecordedPart>();
  const hashes = (): readonly PartHash[] => ['sha256', 'crc32', 'md5'];
  await readParts(session, { ...parts, hashes }, async (part) => {
    hashed.set(part.range.index, recordOf(part, await part.digest('md5')));
  });
  return hashed;
}

/** @throws TransferError `source` (`changed`) if the file has another size or modification time than when it was opened */
export async function assertUnchanged(source: Pick<Source, 'path' | 'compareNow'>): Promise<void> {
  if ((await source.compareNow()) === 'changed') {
    throw new TransferError('source', { path: source.path, why: 'changed', detail: null });
  }
}

/**
 * Returns the fingerprint of a file whose bytes are still those that were read. A file that was only touched since is
 * opened again and compared, and has the fingerprint that it has then.
 * @param hasSameBytes compares the bytes of the file that was opened again
 * @throws TransferError `source` (`changed`)
 */
export async function unchangedFingerprint(
  { openSource }: Pick<Session, 'openSource'>,
  source: Source,
  hasSameBytes: (reopened: Source) => Promise<boolean>,
): Promise<Fingerprint> {
  const sameness = await source.compareNow();
  if (sameness === 'same') return source.fingerprint;
  const changed = new TransferError('source', { path: source.path, why: 'changed', detail: null });
  if (sameness === 'changed') throw changed;
  const reopened = await openSource(source.path);
  try {
    if (!(await hasSameBytes(reopened)) || (await reopened.compareNow()) !== 'same') throw changed;
    return reopened.fingerprint;
  } finally {
    await reopened.close();
  }
}

/**
 * Compares a touched file's bytes with the recorded parts. When they are equal, the new fingerprint is recorded, so that
 * the next run need not read the file again.
 * @returns true when they are equal
 */
export async function confirmTouched(
  session: ReadSession,
  source: Source,
  journal: Journal,
): Promise<boolean> {
  if (!(await hasRecordedParts(session, source, journal))) return false;
  await journal.recordFingerprint(source.fingerprint);
  return true;
}

/** The members of a journal that a comparison needs. */
export interface PartsRecord extends Pick<Journal, 'recordPart'> {
  readonly upload: { readonly head: Pick<JournalHead, 'plan' | 'uploadId'> };
  /** Called for a part that differs, with the hashes of the bytes of the file. */
  readonly recordDifferent?: (index: number, part: RecordedPart) => Promise<void>;
}

/**
 * Reads the parts that only the service knows, and compares them with what it lists. Those that are equal are recorded
 * in the journal, and their hashes added to `treeHashes`.
 * @returns the indexes of those that differ, which must be sent again
 */
export async function compareRemoteParts(
  session: Pick<PartSession, 'target'> & ReadSession,
  { source, journal }: { readonly source: Source; readonly journal: PartsRecord },
  remote: ReadonlyMap<number, RemotePart>,
  treeHashes: Map<number, TreeHash>,
): Promise<number[]> {
  const different: number[] = [];
  const { plan, uploadId } = journal.upload.head;
  const hashes = (index: number): readonly PartHash[] => {
    const compared = comparedHash(remote.get(index));
    // Complete needs what the other parts were sent with.
    const sent = session.target.partHashes(uploadId);
    return compared === 'tree' ? sent : [...new Set([...sent, compared])];
  };
  await readParts(session, { source, plan, indexes: remote.keys(), hashes }, async (part) => {
    const { index, sizeBytes } = part.range;
    const held = remote.get(index);
    if (held === undefined || !(await isEqual(part, held))) {
      different.push(index);
      await journal.recordDifferent?.(index, recordOf(part, null));
      return;
    }
    treeHashes.set(index, part.treeHash);
    const recorded: RecordedPart = recordOf(part, held.etag);
    await journal.recordPart(index, recorded);
    session.report({ type: 'part', index, sizeBytes, reused: true });
  });
  return different;
}

/** Returns the hash by which a listed part is compared. An ETag may be no MD5, so that any other hash comes first. */
export function comparedHash(held: RemotePart | undefined): PartHash | 'tree' {
  if (typeof held?.treeHash === 'string') return 'tree';
  if (typeof held?.linearHash === 'string') return 'sha256';
  return typeof held?.crc32 === 'string' ? 'crc32' : 'md5';
}

/** Returns true when the service's hash shows these bytes. An ETag that is not the MD5 of the bytes proves nothing. */
export async function isEqual(part: PreparedPart, held: RemotePart): Promise<boolean> {
  const compared = comparedHash(held);
  if (compared === 'tree') return part.treeHash === held.treeHash;
  const listed = { sha256: held.linearHash, crc32: held.crc32, md5: held.etag }[compared];
  return (await part.digest(compared)) === listed;
}
