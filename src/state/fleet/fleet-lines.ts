/** The lines of a fleet's receipts and of the record of its end. Each verifies itself (see checked-line). */

import type { FleetReceipt } from '../../transfer/ports/fleet.js';
import type { CatalogueEntry } from '../../transfer/ports/state.js';
import { decodeEntry, encodeEntry } from '../catalogue-record.js';
import { decodeLine, encodeLine } from '../checked-line.js';
import { digits16 } from '../names.js';
import {
  type Guard,
  isCount,
  isCrc32,
  isDecimal,
  isExactly,
  isHash,
  isName,
  isOneOf,
  isText,
  isTime,
  orNull,
  shape,
} from '../shapes.js';

/** `upload`: the first 16 hex digits of the SHA-256 of the upload id. */
interface OfUpload {
  readonly upload: string;
}

interface ReceiptLine extends OfUpload {
  /** `dispute`: the service held other bytes than these. */
  readonly type: 'receipt' | 'dispute';
  readonly shard: number;
  readonly index: number;
  readonly size: number;
  readonly treeHash: string;
  readonly linearHash: string | null;
  readonly crc32: string | null;
  readonly etag: string | null;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  readonly inode: string;
  readonly host: string;
  readonly at: string;
}

const isReceiptLine = shape<ReceiptLine>({
  type: isOneOf('receipt', 'dispute'),
  upload: isName,
  shard: isCount,
  index: isCount,
  size: isCount,
  treeHash: isHash,
  linearHash: orNull(isHash),
  crc32: orNull(isCrc32),
  etag: orNull(isName),
  mtimeNs: isDecimal,
  ctimeNs: isDecimal,
  inode: isDecimal,
  host: isText,
  at: isTime,
});

export function encodeReceipt(receipt: FleetReceipt, upload: string): string {
  const { shard, index, sizeBytes: size, treeHash, linearHash, crc32 = null, etag = null } = receipt;
  const { mtimeNs, ctimeNs, inode, host, at } = receipt;
  const hashes = { treeHash, linearHash, crc32, etag };
  const file = { mtimeNs, ctimeNs, inode };
  const type = receipt.isDispute === true ? 'dispute' : 'receipt';
  const line: ReceiptLine = { type, upload, shard, index, size, ...hashes, ...file, host, at };
  return encodeLine(line);
}

/** @returns the receipt, `other` for one of another upload, or null when the line is damaged */
export function decodeReceipt(line: Buffer, upload: string): FleetReceipt | 'other' | null {
  const value = decodeLine(line);
  if (!isReceiptLine(value)) return null;
  if (value.upload !== upload) return 'other';
  const { shard, index, size: sizeBytes, treeHash, linearHash, crc32, etag, host, at } = value;
  const { mtimeNs, ctimeNs, inode } = value;
  const dispute = value.type === 'dispute' ? ({ isDispute: true } as const) : {};
  const hashes = { treeHash, linearHash, ...(crc32 !== null && { crc32 }), ...(etag !== null && { etag }) };
  return { shard, index, sizeBytes, ...hashes, mtimeNs, ctimeNs, inode, host, at, ...dispute };
}

type CompletingLine = { readonly type: 'completing'; sizeBytes: number; treeHash: string; at: string };
type ReopenedLine = { readonly type: 'reopened'; at: string };
type MismatchLine = { readonly type: 'mismatch'; expected: string; got: string; at: string };
type ArchiveLine = { readonly type: 'archive'; entry: CatalogueEntry; at: string };

export type EndLine = CompletingLine | ReopenedLine | MismatchLine | ArchiveLine;

const ofUpload = { upload: isName, at: isTime };

const isCompleting = shape<CompletingLine & OfUpload>({
  type: isExactly('completing'),
  sizeBytes: isCount,
  treeHash: isHash,
  ...ofUpload,
});
const isReopened = shape<ReopenedLine & OfUpload>({ type: isExactly('reopened'), ...ofUpload });
const isMismatch = shape<MismatchLine & OfUpload>({
  type: isExactly('mismatch'),
  expected: isText,
  got: isText,
  ...ofUpload,
});
const isEndLine: Guard<(CompletingLine | ReopenedLine | MismatchLine) & OfUpload> = (
  value,
): value is (CompletingLine | ReopenedLine | MismatchLine) & OfUpload =>
  isCompleting(value) || isReopened(value) || isMismatch(value);

/** The archive's line is that of the catalogue. */
export function encodeEndLine(line: EndLine, upload: string): string {
  if (line.type === 'archive') return encodeEntry(line.entry);
  const { type, ...others } = line;
  return encodeLine({ type, upload, ...others });
}

/** @returns null for a line of another upload, and for one that is damaged */
export function decodeEndLine(line: Buffer, upload: string): EndLine | null {
  const value = decodeLine(line);
  if (value?.type === 'archive') {
    const entry = decodeEntry(Buffer.concat([line, Buffer.from('\n')]));
    const isOurs = entry !== null && entry !== 'newer' && digits16(entry.uploadId ?? '') === upload;
    return isOurs ? { type: 'archive', entry, at: entry.archivedAt } : null;
  }
  return isEndLine(value) && value.upload === upload ? value : null;
}
