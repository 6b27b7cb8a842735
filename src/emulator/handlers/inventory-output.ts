/** What an inventory job delivers (Amazon Glacier developer guide, api-job-output-get, and a capture of 2016). */
import type { ArchiveFacts } from '../store/archives.js';
import type { InventoryWish } from '../store/jobs.js';

interface InventoryListing {
  readonly vaultArn: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly date: string;
  readonly archives: readonly ArchiveFacts[];
}

/** Inventories carry no milliseconds, unlike all other answers. */
function toSeconds(date: string): string {
  return date.replace(/\.\d{3}Z$/, 'Z');
}

/** The archives that were asked for, and where the next inventory may go on (null at the end). */
export function selectArchives(
  archives: readonly ArchiveFacts[],
  wish: InventoryWish,
): { readonly selected: readonly ArchiveFacts[]; readonly marker: string | null } {
  const from = Date.parse(wish.StartDate ?? '') || -Infinity;
  const before = Date.parse(wish.EndDate ?? '') || Infinity;
  const inTime = archives.filter(({ createdAt }) => {
    const ms = Date.parse(createdAt);
    return ms >= from && ms < before;
  });
  const begin = wish.Marker === null ? 0 : inTime.findIndex(({ archiveId }) => archiveId === wish.Marker) + 1;
  const end = wish.Limit === null ? inTime.length : begin + Number(wish.Limit);
  const selected = inTime.slice(begin, end);
  return { selected, marker: end < inTime.length ? (selected.at(-1)?.archiveId ?? null) : null };
}

/** The keys in the live service's order, which here is not the alphabet's. */
export function inventoryJson({ vaultArn, date, archives }: InventoryListing): string {
  return JSON.stringify({
    VaultARN: vaultArn,
    InventoryDate: toSeconds(date),
    ArchiveList: archives.map((archive) => ({
      ArchiveId: archive.archiveId,
      ArchiveDescription: archive.description ?? '',
      CreationDate: toSeconds(archive.createdAt),
      Size: archive.sizeBytes,
      SHA256TreeHash: archive.treeHash,
    })),
  });
}

/** Quotes are escaped by a backslash, backslashes by nothing: so the developer guide has it. */
export function inventoryCsv({ archives }: InventoryListing): string {
  const rows = archives.map(({ archiveId, description, createdAt, sizeBytes, treeHash }) => {
    const quoted = `"${(description ?? '').replaceAll('"', '\\"')}"`;
    return [archiveId, quoted, toSeconds(createdAt), sizeBytes, treeHash].join(',');
  });
  return ['ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash', ...rows, ''].join('\r\n');
}
