/**
 * Sends a small file as an object by a single request. It needs no journal: a run that dies leaves the object or nothing,
 * and the next run makes the same object again and records it.
 */
import { compareFingerprints } from '../core/fingerprint.js';
import type { UploadIdentity } from '../core/identity.js';
import { type PartPlan, partRange } from '../core/part-plan.js';
import { recordEntry } from './complete-upload.js';
import type { PlannedUploadRequest } from './create-upload.js';
import { unchangedFingerprint } from './parts/reread.js';
import { isoNow } from './ports/clock.js';
import type { PreparedPart, Source } from './ports/source.js';
import type { Catalogue } from './ports/state.js';
import type { FinishedArchive, ObjectOptions, TargetCapabilities } from './ports/target.js';
import { type ArchiveResult, type Session, sentResult } from './session.js';

/** A file that was opened. */
export interface FileToPut {
  readonly source: Source;
  readonly identity: UploadIdentity;
  readonly startedMs: number;
}

/**
 * Returns true for a file that becomes an object by a single request: it is one part, and fits in memory, so that what is
 * sent is certainly what was read. With --no-overwrite an object becomes an upload, whose own id shows after a lost answer
 * if the object that is there is the user's.
 * @param inMemoryMaxBytes the largest size of a part that is held in memory
 */
export function takesOneRequest(
  { putsObjects }: TargetCapabilities,
  { sizeBytes, partCount }: Pick<PartPlan, 'sizeBytes' | 'partCount'>,
  object: ObjectOptions | undefined,
  inMemoryMaxBytes: number,
): boolean {
  return putsObjects && partCount === 1 && sizeBytes <= inMemoryMaxBytes && object?.noOverwrite === false;
}

/**
 * No lock is needed: two runs that send the same version of a file make the same object.
 * @returns null if another run has recorded a newer version meanwhile: this one may have replaced it, so the file must be
 * sent again
 * @throws TransferError `source` (`changed`) before anything is sent; `checksum`; `unrecorded`; those of the service
 */
export async function putFile(
  session: Session,
  file: FileToPut,
  request: PlannedUploadRequest,
): Promise<ArchiveResult | null> {
  const { source, identity } = file;
  const startedAt = isoNow(session.clock);
  const { plan, description } = request;
  source.expectParts(1);
  await proveOnce(session.catalogue);
  const { target, targetIdentity } = session;
  session.report({
    type: 'started',
    file: source.path,
    target: targetIdentity.url,
    uploadId: null,
    plan,
    ...{ reusedParts: 0, reusedBytes: 0, resumed: false, orphan: null },
  });
  const memoryBytes = Math.min(plan.partSizeBytes, source.inMemoryPartMaxBytes);
  const wanted = { hashes: target.partHashes(null) };
  const part = await source.prepare(partRange(plan, 0), memoryBytes, session.signal, wanted);
  try {
    const fingerprint = await unchangedFingerprint(session, source, async (reopened) => {
      return (await reopened.treeHash(session.signal)) === part.treeHash;
    });
    const archive = await send(session, part, request);
    if (await wasOvertaken(session, file, startedAt)) return null;
    const sent = { uploadId: null, identity, description, plan, treeHash: part.treeHash, fingerprint };
    const entry = await recordEntry(session, sent, archive);
    return sentResult(session, entry, file.startedMs, { partsSent: 1, partsReused: 0, resumed: false });
  } finally {
    part.release();
  }
}

/** The catalogues that took a write in this run. A proof takes two syncs, and a run may have thousands of files. */
const proven = new WeakMap<Catalogue, Promise<void>>();

async function proveOnce(catalogue: Catalogue): Promise<void> {
  const proof = proven.get(catalogue) ?? catalogue.proveWritable();
  proven.set(catalogue, proof);
  await proof.catch((error: unknown) => {
    proven.delete(catalogue);
    throw error;
  });
}

/** Returns true if the file has changed since it was read, and another run has recorded that it sent a newer version. */
async function wasOvertaken(
  { catalogue }: Session,
  { source, identity }: FileToPut,
  startedAt: string,
): Promise<boolean> {
  if ((await source.compareNow()) !== 'changed') return false;
  const entries = await catalogue.findByIdentity(identity);
  return entries.some(
    ({ archivedAt, fingerprint }) =>
      archivedAt > startedAt && compareFingerprints(fingerprint, source.fingerprint) !== 'same',
  );
}

async function send(
  { target, report, signal }: Session,
  part: PreparedPart,
  { object }: PlannedUploadRequest,
): Promise<FinishedArchive> {
  const { index, sizeBytes } = part.range;
  const options = object ?? { storageClass: null, noOverwrite: false };
  report({ type: 'sending', index });
  const archive = await target.putObject(part, options, signal, (sentBytes) => {
    report({ type: 'progress', index, sentBytes });
    return false;
  });
  report({ type: 'part', index, sizeBytes, reused: false });
  const storageClass = archive.object?.storageClass ?? null;
  if (storageClass !== null && options.storageClass === null) {
    report({ type: 'notice', notice: 'default-class', storageClass });
  }
  for (const notice of archive.remarks ?? []) report({ type: 'notice', notice });
  return archive;
}
