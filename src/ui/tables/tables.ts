/** The tables of `list-uploads`, `list-parts`, `status` and `archives`, over the same objects that `--json` prints. */

import { readableDescription } from '../../core/description.js';
import { isStandardInput } from '../../core/identity.js';
import { formatDuration, formatSize } from '../../core/units.js';
import type { ArchiveJson } from '../archive-json.js';
import type { PartJson, UnfinishedJson, UploadJson } from '../json.js';
import { formatTimestamp } from '../text/timestamps.js';
import { csvTable } from './csv-table.js';
import {
  type Column,
  renderTable,
  type TableOptions,
  type TableStream,
  tableStream,
} from './table-layout.js';

const PATH_WIDTH_MAX = 40;
const DESCRIPTION_WIDTH_MAX = 30;

function size(bytes: number | null): string | null {
  return bytes === null ? null : formatSize(bytes);
}

function time(iso: string | null): string | null {
  return iso === null ? null : formatTimestamp(iso);
}

function readable(description: string | null): string | null {
  return description === null ? null : readableDescription(description);
}

/** Returns the file; for a stream that nobody named, its description, because `-` would be the same for all. */
function fileOrStream(file: string, description: string | null): string {
  return isStandardInput(file) ? `${file} (${readable(description) ?? 'standard input'})` : file;
}

const UPLOAD_COLUMNS: readonly Column<UploadJson>[] = [
  { name: 'createdAt', title: 'CREATED', human: (u) => time(u.createdAt), exact: (u) => u.createdAt },
  {
    name: 'partSize',
    title: 'PART SIZE',
    align: 'right',
    human: (u) => size(u.partSize),
    exact: (u) => u.partSize,
  },
  {
    name: 'partsDone',
    title: 'PARTS',
    align: 'right',
    human: (u) => (u.local === null ? null : `${u.local.partsDone}/${u.local.parts}`),
    exact: (u) => u.local?.partsDone ?? null,
  },
  { name: 'parts', title: 'PARTS', exact: (u) => u.local?.parts ?? null },
  {
    name: 'file',
    title: 'LOCAL FILE',
    widthMax: PATH_WIDTH_MAX,
    human: (u) => u.local?.file ?? null,
    exact: (u) => u.local?.file ?? null,
  },
  {
    name: 'description',
    title: 'DESCRIPTION',
    widthMax: DESCRIPTION_WIDTH_MAX,
    human: (u) => readable(u.description),
    exact: (u) => u.description,
  },
  { name: 'uploadId', title: 'UPLOAD ID', human: (u) => u.uploadId, exact: (u) => u.uploadId },
];

/** Uploads to a bucket have a key instead of a description, and the service does not report their part size. */
const KEYED_UPLOAD_COLUMNS: readonly Column<UploadJson>[] = UPLOAD_COLUMNS.flatMap((column) => {
  if (column.name === 'partSize') return [];
  if (column.name !== 'description') return [column];
  return [{ name: 'key', title: 'KEY', human: (u: UploadJson) => u.key, exact: (u: UploadJson) => u.key }];
});

const PART_COLUMNS: readonly Column<PartJson>[] = [
  { name: 'index', title: 'INDEX', align: 'right', human: (p) => String(p.index), exact: (p) => p.index },
  {
    name: 'start',
    title: 'START',
    align: 'right',
    human: (p) => String(p.start ?? '-'),
    exact: (p) => p.start,
  },
  { name: 'end', title: 'END', align: 'right', human: (p) => String(p.end ?? '-'), exact: (p) => p.end },
  { name: 'size', title: 'SIZE', align: 'right', human: (p) => size(p.size), exact: (p) => p.size },
  { name: 'etag', title: 'ETAG', exact: (p) => p.etag },
  { name: 'treeHash', title: 'TREE HASH', human: (p) => p.treeHash, exact: (p) => p.treeHash },
];

/** An unfinished upload with the facts that only a terminal shows. */
export interface UnfinishedRow extends UnfinishedJson {
  /** Null for an object, whose target has its key. */
  readonly description: string | null;
  readonly map: string;
}

function timeLeft(expiresAt: string | null, nowMs: number): string {
  if (expiresAt === null) return 'never';
  const leftMs = Date.parse(expiresAt) - nowMs;
  return leftMs > 0 ? `in ${formatDuration(leftMs)}` : 'overdue';
}

function unfinishedColumns(nowMs: number): readonly Column<UnfinishedRow>[] {
  return [
    {
      name: 'file',
      title: 'FILE',
      widthMax: PATH_WIDTH_MAX,
      human: (u) => fileOrStream(u.file, u.description),
      exact: (u) => u.file,
    },
    { name: 'target', title: 'TARGET', human: (u) => u.target, exact: (u) => u.target },
    { name: 'size', title: 'SIZE', align: 'right', human: (u) => size(u.size), exact: (u) => u.size },
    { name: 'partSize', title: 'PART SIZE', exact: (u) => u.partSize },
    {
      name: 'partsDone',
      title: 'PARTS',
      align: 'right',
      human: (u) => `${u.partsDone}/${u.parts}`,
      exact: (u) => u.partsDone,
    },
    { name: 'parts', title: 'PARTS', exact: (u) => u.parts },
    { name: 'map', title: 'MAP', human: (u) => u.map },
    { name: 'startedAt', title: 'STARTED', exact: (u) => u.startedAt },
    { name: 'lastActivityAt', title: 'LAST ACTIVITY', exact: (u) => u.lastActivityAt },
    {
      name: 'expiresAt',
      title: 'EXPIRES',
      human: (u) => timeLeft(u.expiresAt, nowMs),
      exact: (u) => u.expiresAt,
    },
    { name: 'uploadId', title: 'UPLOAD ID', human: (u) => u.uploadId, exact: (u) => u.uploadId },
  ];
}

const ARCHIVE_COLUMNS: readonly Column<ArchiveJson>[] = [
  { name: 'archivedAt', title: 'ARCHIVED', human: (a) => time(a.archivedAt), exact: (a) => a.archivedAt },
  { name: 'size', title: 'SIZE', align: 'right', human: (a) => size(a.size), exact: (a) => a.size },
  { name: 'target', title: 'TARGET', human: (a) => a.target, exact: (a) => a.target },
  { name: 'region', title: 'REGION', exact: (a) => a.region },
  { name: 'account', title: 'ACCOUNT', exact: (a) => a.account },
  { name: 'file', title: 'FILE', widthMax: PATH_WIDTH_MAX, human: (a) => a.file, exact: (a) => a.file },
  { name: 'mtime', title: 'MODIFIED', exact: (a) => a.mtime },
  {
    name: 'description',
    title: 'DESCRIPTION',
    widthMax: DESCRIPTION_WIDTH_MAX,
    human: (a) => readable(a.description),
    exact: (a) => a.description,
  },
  { name: 'treeHash', title: 'TREE HASH', exact: (a) => a.treeHash },
  { name: 'archiveId', title: 'ARCHIVE ID', human: (a) => a.archiveId, exact: (a) => a.archiveId },
];

/** Returns the table of `list-uploads`, which prints while it reads. */
export function uploadsTable(options: TableOptions): TableStream<UploadJson> {
  return tableStream(UPLOAD_COLUMNS, options);
}

/** Returns the same table for uploads to a bucket. */
export function keyedUploadsTable(options: TableOptions): TableStream<UploadJson> {
  return tableStream(KEYED_UPLOAD_COLUMNS, options);
}

/** Returns the table of `list-parts`, which prints while it reads, too. */
export function partsTable(options: TableOptions): TableStream<PartJson> {
  return tableStream(PART_COLUMNS, options);
}

/** @param options with the current time, from which the time until an upload expires is counted */
export function unfinishedTable(
  rows: Iterable<UnfinishedRow>,
  options: TableOptions & { readonly nowMs: number },
): string {
  return renderTable(unfinishedColumns(options.nowMs), rows, options);
}

/** Returns the table of `archives`, which prints while it reads. */
export function archivesTable(options: TableOptions): TableStream<ArchiveJson> {
  return tableStream(ARCHIVE_COLUMNS, options);
}

/** Returns the same table as CSV. */
export function archivesCsv(): TableStream<ArchiveJson> {
  return csvTable(ARCHIVE_COLUMNS);
}
