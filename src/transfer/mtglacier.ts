/** Turns entries of the catalogue into those of mtglacier's journal, and back. */
import { describeFile } from '../core/description.js';
import { isStandardInput, UNNAMED_STREAM } from '../core/identity.js';
import { isRelativeName, type JournalArchive } from '../core/mtglacier-journal.js';
import { schemeOf, storesObjects } from '../core/target-url.js';
import { importedEntry } from './import-archive.js';
import type { CatalogueEntry } from './ports/state.js';
import type { Session } from './session.js';

/**
 * `object`: mtglacier knows vaults only. `other-target`: a journal has the archives of one vault. `outside`: the file is
 * not below the folder of the journal. `name`: mtglacier refuses the name.
 */
export type LeftOut = 'object' | 'other-target' | 'outside' | 'name';

const NS_PER_SECOND = 1_000_000_000n;
const MS_PER_SECOND = 1000;

/** @param target the URL of the vault; `base`: the folder of the journal, absolute */
export function journalArchive(
  { archiveId, identity, plan, treeHash, fingerprint, archivedAt }: CatalogueEntry,
  { target, base }: { readonly target: string; readonly base: string },
): JournalArchive | LeftOut {
  if (storesObjects(schemeOf(identity.target.url)) || treeHash === null) return 'object';
  if (identity.target.url !== target) return 'other-target';
  const { source } = identity;
  const known = {
    createdSeconds: Math.floor(Date.parse(archivedAt) / MS_PER_SECOND),
    archiveId,
    sizeBytes: plan.sizeBytes,
    treeHash,
  };
  if (source.kind === 'stream') {
    const relativePath = isStandardInput(source.name) ? null : source.name;
    if (relativePath !== null && !isRelativeName(relativePath)) return 'name';
    return { ...known, mtimeSeconds: null, relativePath };
  }
  const below = base.endsWith('/') ? base : `${base}/`;
  if (!source.path.startsWith(below)) return 'outside';
  const relativePath = source.path.slice(below.length);
  if (!isRelativeName(relativePath)) return 'name';
  return { ...known, mtimeSeconds: wholeSeconds(fingerprint.mtimeNs), relativePath };
}

/** Rounds down, as mtglacier does, also before 1970. */
function wholeSeconds(ns: string): number {
  const value = BigInt(ns);
  const rest = ((value % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return Number((value - rest) / NS_PER_SECOND);
}

/** The size and the time of a file that exists; null: there is none. */
export type FileFacts = (path: string) => { readonly sizeBytes: number; readonly mtimeNs: string } | null;

/**
 * Returns the entry of an archive that mtglacier made. If its file is there with the same size and second, the entry gets
 * the exact time: an upload of the file then compares the tree hash, instead of sending it again.
 */
export function entryOfJournal(
  session: Pick<Session, 'target' | 'targetIdentity'>,
  archive: JournalArchive,
  { base, fileFacts }: { readonly base: string; readonly fileFacts: FileFacts },
): CatalogueEntry {
  const { archiveId, sizeBytes, treeHash, relativePath, mtimeSeconds } = archive;
  const createdMs = archive.createdSeconds * MS_PER_SECOND;
  const seconds = mtimeSeconds ?? archive.createdSeconds;
  const entry = importedEntry(session, {
    archiveId,
    sizeBytes,
    treeHash,
    createdAt: new Date(createdMs).toISOString(),
    description: relativePath === null ? archiveId : describeFile(relativePath, seconds * MS_PER_SECOND),
    etag: null,
    storageClass: null,
    restore: null,
  });
  if (relativePath === null) return { ...entry, identity: { ...entry.identity, source: UNNAMED_STREAM } };
  const path = `${base.replace(/\/$/, '')}/${relativePath}`;
  const facts = fileFacts(path);
  const isSame =
    facts !== null && facts.sizeBytes === sizeBytes && wholeSeconds(facts.mtimeNs) === mtimeSeconds;
  const mtimeNs = isSame ? facts.mtimeNs : String(BigInt(seconds) * NS_PER_SECOND);
  return {
    ...entry,
    identity: { ...entry.identity, source: { kind: 'file', path } },
    fingerprint: { ...entry.fingerprint, mtimeNs, ctimeNs: mtimeNs },
  };
}
