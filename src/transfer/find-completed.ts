/** Finds the archive of an upload that another program has completed. */

import { recordArchive } from './complete-upload.js';
import { hashParts } from './parts/reread.js';
import { foldInOrder } from './parts/send.js';
import type { Source } from './ports/source.js';
import type { CatalogueEntry, Journal, RecordedPart } from './ports/state.js';
import type { Session } from './session.js';

/**
 * Looks for the object that another program has made of our upload, and records it. The object must have our own id and
 * the file's bytes, by its checksum or ETag: parts that are not recorded here are read from the file.
 * @returns null if there is no such object
 * @throws TransferError `source` if the file changed or cannot be read
 */
export async function findCompleted(
  session: Session,
  source: Source,
  journal: Journal,
): Promise<CatalogueEntry | null> {
  const { head, parts: recorded } = journal.upload;
  const { uploadId, object, plan } = head;
  if (object === undefined || object.ownId === null) return null;
  let parts: ReadonlyMap<number, RecordedPart> = recorded;
  const readParts = async (): Promise<ReadonlyMap<number, RecordedPart>> => {
    const missing = [...Array(plan.partCount).keys()].filter((index) => !recorded.has(index));
    parts = new Map([...recorded, ...(await hashParts(session, { source, plan, indexes: missing }))]);
    return parts;
  };
  const { sizeBytes, partSizeBytes } = plan;
  const archive = await session.target.findArchive(
    { uploadId, sizeBytes, partSizeBytes, object },
    readParts,
    session.signal,
  );
  if (archive === null || (await source.compareNow()) !== 'same') return null;
  session.report({ type: 'notice', notice: 'completed-elsewhere', uploadId });
  const hashes = new Map([...parts].map(([index, { treeHash }]) => [index, treeHash]));
  const content = { treeHash: foldInOrder(hashes, plan.partCount), fingerprint: source.fingerprint };
  return recordArchive(session, journal, content, archive);
}
