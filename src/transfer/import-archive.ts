/** Makes a catalogue entry of an archive that only the service knows: a lost catalogue is rebuilt from its list. */
import { readableDescription } from '../core/description.js';
import type { SourceIdentity } from '../core/identity.js';
import { UNNAMED_STREAM } from '../core/identity.js';
import { choosePartSizeBytes, type PartLimits, type PartPlan } from '../core/part-plan.js';
import { parseTargetUrl } from '../core/target-url.js';
import type { ListedArchive } from './ports/archive-list.js';
import type { CatalogueEntry } from './ports/state.js';
import { type Session, sessionAt } from './session.js';

/** The recorded upload id of an archive whose upload nobody knows. */
export const UNKNOWN_UPLOAD = 'imported';
const NS_PER_MS = 1_000_000n;

export function importedEntry(
  session: Pick<Session, 'target' | 'targetIdentity'>,
  listed: ListedArchive,
): CatalogueEntry {
  const { archiveId, sizeBytes, createdAt, etag, storageClass } = listed;
  const { storesObjects, limits } = session.target.capabilities;
  const key = storesObjects ? parseTargetUrl(archiveId).key : null;
  const { targetIdentity: target } = sessionAt(session, key);
  const changedNs = String(BigInt(Date.parse(createdAt)) * NS_PER_MS);
  return {
    archiveId,
    location: null,
    uploadId: UNKNOWN_UPLOAD,
    identity: { source: sourceOf(key ?? readableDescription(listed.description ?? '')), target },
    description: listed.description ?? '',
    plan: planOf(sizeBytes, limits),
    treeHash: listed.treeHash,
    fingerprint: { sizeBytes, mtimeNs: changedNs, ctimeNs: changedNs, device: '0', inode: '0' },
    archivedAt: createdAt,
    ...(storesObjects && { object: { etag, versionId: null, storageClass } }),
  };
}

/** The path of the file is not known, so that its name stands for it. A name that is a whole path is the file's. */
function sourceOf(name: string): SourceIdentity {
  if (name === '') return UNNAMED_STREAM;
  return name.startsWith('/') ? { kind: 'file', path: name } : { kind: 'stream', name };
}

/** Returns parts that calve might have sent: the service does not say which. */
function planOf(sizeBytes: number, limits: PartLimits): PartPlan {
  const partSizeBytes = choosePartSizeBytes(sizeBytes, limits);
  return { sizeBytes, partSizeBytes, partCount: Math.max(1, Math.ceil(sizeBytes / partSizeBytes)) };
}
