/**
 * Parses the output of an inventory job piece by piece: it may have millions of archives.
 * Source: Amazon Glacier developer guide, api-job-output-get; a recording of the service of 2016.
 */
import { readTreeHash } from '../../core/tree-hash.js';
import type { ListedArchive } from '../../transfer/ports/archive-list.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import type { Operation } from './failures.js';

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE, END] = Buffer.from('"\\,{}]');
const SPACES = new Set(Buffer.from(' \t\r\n'));

/** The beginning of the output, before the first archive. */
export interface InventoryHead {
  /** ISO-8601 UTC with milliseconds; null if the date is not before the archives. */
  readonly takenAt: string | null;
  /** The position of the first archive, in bytes. */
  readonly startByte: number;
}

/** @throws TransferError `unreachable` if the beginning is of another form */
export function parseHead(bytes: Buffer, operation: Operation): InventoryHead {
  const text = bytes.toString('latin1');
  const list = /"ArchiveList"\s*:\s*\[/.exec(text);
  if (list === null) throw incompleteResponse(operation, 'list of archives');
  const before = text.slice(0, list.index);
  const takenAt = DATE.test(before) ? parseDate(before, operation) : null;
  return { takenAt, startByte: list.index + list[0].length };
}

/** The quotes of a key inside a text have backslashes before them. */
const DATE = /"InventoryDate"\s*:\s*"([^"\\]*)"/;

/** Returns the date of the inventory. @param text the part of the output before or after the archives */
export function parseDate(text: string, operation: Operation): string {
  return momentOf(DATE.exec(text)?.[1], operation, 'date of the inventory');
}

export interface ArchivesPiece {
  readonly archives: readonly ListedArchive[];
  /** The number of bytes of the archives that are complete. The next piece starts there. */
  readonly usedBytes: number;
  /** True after the last archive. */
  readonly isEnd: boolean;
}

/** @param bytes a piece of the list that starts with an archive, or after one */
export function parseArchives(bytes: Buffer, operation: Operation): ArchivesPiece {
  const archives: ListedArchive[] = [];
  let usedBytes = 0;
  for (;;) {
    const start = skipBetween(bytes, usedBytes);
    if (bytes[start] === END) return { archives, usedBytes: start + 1, isEnd: true };
    if (start < bytes.length && bytes[start] !== OPEN)
      throw incompleteResponse(operation, 'archive in its place');
    const end = endOfObject(bytes, start);
    if (end === null) return { archives, usedBytes, isEnd: false };
    archives.push(parseArchive(bytes.toString('utf8', start, end), operation));
    usedBytes = end;
  }
}

function skipBetween(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === COMMA || SPACES.has(bytes[at] ?? -1)) at += 1;
  return at;
}

/** Returns the position after the object that starts here; null if its end is not in the piece. */
function endOfObject(bytes: Buffer, start: number): number | null {
  let isInText = false;
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isInText && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isInText = !isInText;
    else if (!isInText && byte === CLOSE) return at + 1;
  }
  return null;
}

interface InventoryItem {
  readonly ArchiveId?: unknown;
  readonly ArchiveDescription?: unknown;
  readonly CreationDate?: unknown;
  readonly Size?: unknown;
  readonly SHA256TreeHash?: unknown;
}

function parseArchive(text: string, operation: Operation): ListedArchive {
  const item = parseJson(text, operation);
  const treeHash = readTreeHash(item.SHA256TreeHash);
  const { Size: sizeBytes, ArchiveDescription: description } = item;
  if (treeHash === null) throw incompleteResponse(operation, 'tree hash of an archive');
  if (!Number.isSafeInteger(sizeBytes) || Number(sizeBytes) < 0)
    throw incompleteResponse(operation, 'size of an archive');
  return {
    archiveId: readId(item.ArchiveId, operation, 'id of an archive'),
    sizeBytes: sizeBytes as number,
    treeHash,
    etag: null,
    description: typeof description === 'string' ? description : null,
    createdAt: momentOf(item.CreationDate, operation, 'date of an archive'),
    storageClass: null,
    restore: null,
  };
}

function parseJson(text: string, operation: Operation): InventoryItem {
  try {
    return JSON.parse(text) as InventoryItem;
  } catch {
    throw incompleteResponse(operation, 'archive that can be read');
  }
}

/** Inventories have dates without milliseconds. */
function momentOf(value: unknown, operation: Operation, what: string): string {
  const ms = Date.parse(typeof value === 'string' ? value : '');
  if (Number.isNaN(ms)) throw incompleteResponse(operation, what);
  return new Date(ms).toISOString();
}
