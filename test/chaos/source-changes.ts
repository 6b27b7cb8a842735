/** Changes to a file while it is archived. */
import { appendFileSync, chmodSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';

/** Changes the file. @returns what it holds then; null: it is gone */
type Change = (file: string, bytes: Buffer) => Buffer | null;

function inverted(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => ~byte));
}

export const CHANGES = {
  grown(file, bytes) {
    appendFileSync(file, 'more');
    return Buffer.concat([bytes, Buffer.from('more')]);
  },
  truncated(file, bytes) {
    const sizeBytes = Math.ceil(bytes.length / 2);
    truncateSync(file, sizeBytes);
    return bytes.subarray(0, sizeBytes);
  },
  rewritten(file, bytes) {
    const other = inverted(bytes);
    writeFileSync(file, other, { flag: 'r+' });
    return other;
  },
  replaced(file, bytes) {
    const other = inverted(bytes);
    writeFileSync(`${file}.new`, other);
    renameSync(`${file}.new`, file);
    return other;
  },
  deleted(file) {
    unlinkSync(file);
    return null;
  },
  /** Its ctime alone: the bytes are read again and compared, and the upload goes on. */
  'given other rights': (file, bytes) => {
    chmodSync(file, 0o640);
    return bytes;
  },
} satisfies Record<string, Change>;

export type ChangeKind = keyof typeof CHANGES;
export const CHANGE_KINDS = Object.keys(CHANGES) as ChangeKind[];
