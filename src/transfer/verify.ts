/** `verify`: compares a file with the tree hash that was archived. Asks no service. */
import { TransferError } from '../core/failures.js';
import { sourceName } from '../core/identity.js';
import type { TreeHash } from '../core/tree-hash.js';
import type { OpenSource } from './ports/source.js';
import type { Catalogue, CatalogueEntry } from './ports/state.js';

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
  tools: { readonly catalogue: Catalogue; readonly openSource: OpenSource; readonly signal: AbortSignal },
  file: string,
  archiveId: string | null,
): Promise<Verified> {
  const source = await tools.openSource(file);
  try {
    const entries = await tools.catalogue.all();
    const entry = newest(entries, source.path, archiveId);
    if (entry === null && archiveId !== null) throw missingEntry(archiveId, null);
    const treeHash = await source.treeHash(tools.signal);
    if (entry === null) throw missingEntry(source.path, sameContent(entries, treeHash));
    const { treeHash: expected } = entry;
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

function missingEntry(name: string, detail: string | null): TransferError<'not-found'> {
  return new TransferError('not-found', { what: 'catalogue entry', name, detail });
}

/** Describes the newest archive of the same bytes, as a restored copy has another name; null if there is none. */
function sameContent(entries: readonly CatalogueEntry[], treeHash: TreeHash): string | null {
  const same = entries.findLast((entry) => entry.treeHash === treeHash);
  if (same === undefined) return null;
  const name = sourceName(same.identity.source);
  return `${name} was archived with the same bytes; to compare with it, add --archive-id=${same.archiveId}`;
}

function newest(
  entries: readonly CatalogueEntry[],
  path: string,
  archiveId: string | null,
): CatalogueEntry | null {
  const isOf = ({ identity: { source } }: CatalogueEntry): boolean =>
    source.kind === 'file' && source.path === path;
  const wanted = (entry: CatalogueEntry): boolean =>
    archiveId === null ? isOf(entry) : entry.archiveId === archiveId;
  return entries.findLast(wanted) ?? null;
}
