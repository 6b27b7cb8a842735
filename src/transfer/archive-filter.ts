/** Chooses and sorts the entries of the catalogue that `archives` lists and exports. */
import { readableDescription } from '../core/description.js';
import { sourceName } from '../core/identity.js';
import type { CatalogueEntry, EntryOrder } from './ports/state.js';

export interface ArchiveFilter {
  /** The URL of one vault, bucket or object; with a `/` at the end, of all keys that begin with it. Null: all. */
  readonly target: string | null;
  /** Returns true for the paths that are wanted; null: all. */
  readonly isPathWanted: ((path: string) => boolean) | null;
  /** Milliseconds since 1970, both included; null: no limit. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly archiveId: string | null;
  /** Text that the description contains, as the service has it or as calve shows it; null: any. */
  readonly description: string | null;
}

export function entryTest(filter: ArchiveFilter): (entry: CatalogueEntry) => boolean {
  const { isPathWanted, sinceMs, untilMs, archiveId, description: text } = filter;
  const isTargetWanted = filter.target === null ? () => true : targetTest(filter.target);
  return (entry) => {
    const archivedMs = Date.parse(entry.archivedAt);
    const { description, identity } = entry;
    return (
      (archiveId === null || entry.archiveId === archiveId) &&
      isTargetWanted(identity.target.url) &&
      (sinceMs === null || archivedMs >= sinceMs) &&
      (untilMs === null || archivedMs <= untilMs) &&
      (text === null || description.includes(text) || readableDescription(description).includes(text)) &&
      (isPathWanted === null || isPathWanted(sourceName(identity.source)))
    );
  };
}

function targetTest(wanted: string): (url: string) => boolean {
  return wanted.endsWith('/') ? (url) => url.startsWith(wanted) : (url) => url === wanted;
}

export const SORT_KEYS = ['archived', 'path', 'size', 'target'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Entries of one path or target are sorted by their time. */
export const KEYS_OF: Readonly<Record<SortKey, EntryOrder['keyOf']>> = {
  archived: ({ archivedAt }) => Date.parse(archivedAt),
  path: ({ identity, archivedAt }) => `${sourceName(identity.source)}\0${archivedAt}`,
  size: ({ plan }) => plan.sizeBytes,
  target: ({ identity, archivedAt }) => `${identity.target.url}\0${archivedAt}`,
};
