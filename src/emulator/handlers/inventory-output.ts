/** The output of an inventory job (Amazon Glacier developer guide, api-job-output-get, and a recording of 2016). */
import type { ArchiveMetadata } from '../store/archives.js';
import type { InventoryParameters } from '../store/jobs.js';

interface InventoryListing {
  readonly vaultArn: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly date: string;
  readonly archives: readonly ArchiveMetadata[];
}

/** Removes the milliseconds: inventories do not contain them, unlike all other responses. */
function toSeconds(date: string): string {
  return date.replace(/\.\d{3}Z$/, 'Z');
}

/** Returns the requested archives, and the marker at which the next inventory continues (null at the end). */
export function selectArchives(
  archives: readonly ArchiveMetadata[],
  parameters: InventoryParameters,
): { readonly selected: readonly ArchiveMetadata[]; readonly marker: string | null } {
  const from = Date.parse(parameters.StartDate ?? '') || -Infinity;
  const before = Date.parse(parameters.EndDate ?? '') || Infinity;
  const inTime = archives.filter(({ createdAt }) => {
    const ms = Date.parse(createdAt);
    return ms >= from && ms < before;
  });
  const first =
    parameters.Marker === null ? 0 : inTime.findIndex(({ archiveId }) => archiveId === parameters.Marker) + 1;
  const end = parameters.Limit === null ? inTime.length : first + Number(parameters.Limit);
  const selected = inTime.slice(first, end);
  return { selected, marker: end < inTime.length ? (selected.at(-1)?.archiveId ?? null) : null };
}

/** Writes the keys in the order of the live service, which is not alphabetical in this document. */
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

/** Escapes quotes by a backslash and leaves backslashes as they are, as the developer guide does. */
export function inventoryCsv({ archives }: InventoryListing): string {
  const rows = archives.map(({ archiveId, description, createdAt, sizeBytes, treeHash }) => {
    const quoted = `"${(description ?? '').replaceAll('"', '\\"')}"`;
    return [archiveId, quoted, toSeconds(createdAt), sizeBytes, treeHash].join(',');
  });
  return ['ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash', ...rows, ''].join('\r\n');
}
