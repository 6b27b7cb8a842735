/** `verify`: compares a file with the tree hash that was archived. Asks no service. */
import { TransferError } from '../core/failures.js';
import { sourceName } from '../core/identity.js';
import type { TreeHash } from '../core/tree-hash.js';
import { wholeTreeHash } from './parts/reread.js';
import type { Catalogue, CatalogueEntry } from './ports/state.js';
import type { Session } from './session.js';

export interface Verified {
  readonly file: string;
  readonly archiveId: string;
  readonly treeHash: TreeHash;
  readonly expected: TreeHash;
  readonly match: boolean;
}

/**
 * @param archiveId the archive to compare with; null: the newest of this file
 * @throws TransferError `not-found` (catalogue entry), `source`
 */
export async function verifyFile(
  tools: Pick<Session, 'catalogue' | 'openSource' | 'signal' | 'report'>,
  file: string,
  archiveId: string | null,
): Promise<Verified> {
  const { catalogue } = tools;
  const source = await tools.openSource(file);
  try {
    const entry =
      archiveId === null
        ? await newestOfFile(catalogue, source.path)
        : await findArchive(catalogue, archiveId);
    const treeHash = await wholeTreeHash(source, tools);
    if (entry === null) throw missingEntry(source.path, await sameContent(catalogue, treeHash));
    const { treeHash: expected } = entry;
    if (expected === null) throw missingEntry(entry.archiveId, NO_HASH);
    return {
      file: source.path,
      archiveId: entry.archiveId,
      treeHash,
      expected,
      match: treeHash === expected,
    };
  } finally {
    await source.close();
  }
}

/** calve did not send the object itself. */
const NO_HASH = 'calve audit --import found the object, and its tree hash is not known';

function missingEntry(name: string, detail: string | null): TransferError<'not-found'> {
  return new TransferError('not-found', { what: 'catalogue entry', name, detail });
}

/** @throws TransferError `not-found` (catalogue entry) */
async function findArchive(catalogue: Catalogue, archiveId: string): Promise<CatalogueEntry> {
  const entry = (await catalogue.findByArchiveId(archiveId)).at(-1);
  if (entry === undefined) throw missingEntry(archiveId, null);
  return entry;
}

/** The target is not named, so no name of a catalogue file is known: every entry is looked at. */
function newestOfFile(catalogue: Catalogue, path: string): Promise<CatalogueEntry | null> {
  return newest(catalogue, ({ identity: { source } }) => source.kind === 'file' && source.path === path);
}

/** Describes the newest archive of the same bytes, as a restored copy has another name; null if there is none. */
async function sameContent(catalogue: Catalogue, treeHash: TreeHash): Promise<string | null> {
  const same = await newest(catalogue, (entry) => entry.treeHash === treeHash);
  if (same === null) return null;
  const name = sourceName(same.identity.source);
  return `${name} was archived with the same bytes; to compare with it, add --archive-id=${same.archiveId}`;
}

async function newest(
  catalogue: Catalogue,
  isWanted: (entry: CatalogueEntry) => boolean,
): Promise<CatalogueEntry | null> {
  let found: CatalogueEntry | null = null;
  for await (const entry of catalogue.entries()) {
    if (isWanted(entry) && (found === null || found.archivedAt <= entry.archivedAt)) found = entry;
  }
  return found;
}
