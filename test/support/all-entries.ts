import type { Catalogue, CatalogueEntry } from '../../src/transfer/ports/state.js';

/** Returns all entries of a catalogue, the oldest first. */
export async function allEntries(catalogue: Pick<Catalogue, 'oldestFirst'>): Promise<CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for await (const entry of catalogue.oldestFirst()) entries.push(entry);
  return entries;
}
