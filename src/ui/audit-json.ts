/** The results of `audit` as `--json` prints them, and as its table shows them. */
import { sourceName } from '../core/identity.js';
import type { ObjectChecksum } from '../core/object-checksum.js';
import { formatSize } from '../core/units.js';
import { AUDIT_RESULTS, type AuditedArchive, type AuditResult } from '../transfer/audit.js';
import { type Column, type TableOptions, type TableStream, tableStream } from './tables/table-layout.js';
import { isoMoment } from './text/timestamps.js';

export type AuditedJson = ReturnType<typeof auditedJson>;

/** `size`, `treeHash`, `etag` and `checksum` are those of the catalogue; the keys with `held` are those of the service. */
export function auditedJson({ result, entry, listed, held, proof, imported }: AuditedArchive) {
  const isObject = (entry?.object ?? listed?.etag ?? null) !== null;
  const heldHash = held?.hash ?? listed?.treeHash ?? listed?.etag ?? null;
  return {
    type: 'audited' as const,
    result,
    archiveId: entry?.archiveId ?? listed?.archiveId ?? '',
    file: entry === null ? null : sourceName(entry.identity.source),
    description: entry?.description ?? listed?.description ?? null,
    archivedAt: isoMoment(entry?.archivedAt ?? listed?.createdAt ?? null),
    size: entry?.plan.sizeBytes ?? null,
    heldSize: held?.sizeBytes ?? listed?.sizeBytes ?? null,
    treeHash: entry?.treeHash ?? null,
    etag: entry?.object?.etag ?? null,
    heldTreeHash: isObject ? null : heldHash,
    heldEtag: isObject ? heldHash : null,
    checksum: checksumText(entry?.object?.checksum),
    heldChecksum: checksumText(held?.checksum),
    proof,
    storageClass: held?.storageClass ?? listed?.storageClass ?? null,
    restore: held?.restore ?? listed?.restore ?? null,
    imported,
  };
}

function checksumText(checksum: ObjectChecksum | null | undefined): string | null {
  return checksum ? `${checksum.algorithm}:${checksum.value}` : null;
}

export type AuditCounts = Readonly<Record<AuditResult, number>>;

export const NO_COUNTS = Object.fromEntries(AUDIT_RESULTS.map((result) => [result, 0])) as AuditCounts;

export interface AuditTotals {
  readonly counts: AuditCounts;
  readonly imported: number;
  readonly takenAt: string | null;
  readonly durationMs: number;
}

export function auditSummaryJson(target: string, { counts, imported, takenAt, durationMs }: AuditTotals) {
  return {
    type: 'audit-summary' as const,
    target,
    inventoryAt: isoMoment(takenAt),
    ...counts,
    imported,
    durationMs,
  };
}

const COLUMNS: readonly Column<AuditedJson>[] = [
  { name: 'result', title: 'RESULT', human: (a) => a.result, exact: (a) => a.result },
  {
    name: 'size',
    title: 'SIZE',
    align: 'right',
    human: (a) => sizeOf(a.size ?? a.heldSize),
    exact: (a) => a.size,
  },
  { name: 'heldSize', title: 'HELD SIZE', exact: (a) => a.heldSize },
  { name: 'proof', title: 'PROOF', human: (a) => a.proof, exact: (a) => a.proof },
  { name: 'storageClass', title: 'CLASS', human: (a) => a.storageClass, exact: (a) => a.storageClass },
  { name: 'restore', title: 'RESTORE', human: (a) => a.restore, exact: (a) => a.restore },
  { name: 'file', title: 'FILE', widthMax: 40, human: (a) => a.file ?? a.description, exact: (a) => a.file },
  { name: 'archiveId', title: 'ARCHIVE ID', human: (a) => a.archiveId, exact: (a) => a.archiveId },
  // The only name of an archive in a vault that the catalogue does not know.
  { name: 'description', title: 'DESCRIPTION', exact: (a) => a.description },
];

function sizeOf(bytes: number | null): string | null {
  return bytes === null ? null : formatSize(bytes);
}

/** Returns the table of `audit`, which prints while it compares. */
export function auditTable(options: TableOptions): TableStream<AuditedJson> {
  return tableStream(COLUMNS, options);
}
