/** Reads parts of a file again and compares them, without sending them. */
import { isFailure, TransferError } from '../../core/failures.js';
import { partRange } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { PreparedPart, Source } from '../ports/source.js';
import type { Journal, RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';
import type { Session } from '../session.js';
import { type FileParts, fileJobs, runPipeline } from './pipeline.js';
import { recordOf } from './send.js';

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
  journal: Journal,
): Promise<boolean> {
  const { head, parts: recorded } = journal.upload;
  session.report({ type: 'notice', notice: 'comparing-again', parts: recorded.size });
  const differs = new TransferError('source', { path: source.path, why: 'changed', detail: null });
  let totalBytes = 0;
  for (const index of recorded.keys()) totalBytes += partRange(head.plan, index).sizeBytes;
  let readBytes = 0;
  try {
    await readParts(
      session,
      { source, plan: head.plan, indexes: recorded.keys() },
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

/** Reads parts and returns their hashes, with the MD5 as the ETag. @throws TransferError `source` */
export async function hashParts(
  session: ReadSession,
  parts: FileParts,
): Promise<ReadonlyMap<number, RecordedPart>> {
  const hashed = new Map<number, RecordedPart>();
  await readParts(session, parts, async (part) => {
    hashed.set(part.range.index, recordOf(part, await part.md5()));
  });
  return hashed;
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

/**
 * Reads the parts that only the service knows, and compares them with what it lists. Those that are equal are recorded
 * in the journal, and their hashes added to `hashes`.
 * @returns the indexes of those that differ, which must be sent again
 */
export async function compareRemoteParts(
  session: ReadSession,
  { source, journal }: { readonly source: Source; readonly journal: Journal },
  remote: ReadonlyMap<number, RemotePart>,
  hashes: Map<number, TreeHash>,
): Promise<number[]> {
  const different: number[] = [];
  const { plan } = journal.upload.head;
  await readParts(session, { source, plan, indexes: remote.keys() }, async (part) => {
    const { index, sizeBytes } = part.range;
    const held = remote.get(index);
    if (held === undefined || !(await isEqual(part, held))) {
      different.push(index);
      return;
    }
    hashes.set(index, part.treeHash);
    const recorded: RecordedPart = recordOf(part, held.etag);
    await journal.recordPart(index, recorded);
    session.report({ type: 'part', index, sizeBytes, reused: true });
  });
  return different;
}

/** Compares by the strongest hash that the service lists. An ETag that is not the MD5 of the bytes proves nothing. */
async function isEqual(part: PreparedPart, held: RemotePart): Promise<boolean> {
  if (held.treeHash !== null) return part.treeHash === held.treeHash;
  const { linearHash = null } = held;
  return linearHash === null ? (await part.md5()) === held.etag : part.linearHash === linearHash;
}
