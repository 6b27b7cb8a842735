/** The parts of an upload that the service holds, compared with a stream that is read once more. */
import { TransferError } from '../../core/failures.js';
import type { PartHash, PreparedPart } from '../ports/source.js';
import type { RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';
import { hasHash, isAlike } from './reconcile.js';
import { comparedHash, isEqual } from './reread.js';
import { recordOf } from './send.js';

export type HeldComparison = 'absent' | 'equal' | 'different';

export class HeldParts {
  /** By index. Null: the service lists the part twice with different hashes, or with none. */
  readonly #usable = new Map<number, RemotePart | null>();
  readonly #sizes = new Map<number, number>();
  readonly #file: string;
  readonly #partSizeBytes: number;
  readonly #isNumbered: boolean;
  #lastIndex = -1;

  /**
   * @param file the name of the stream, for messages
   * @param parts all parts that the service lists, of all pages
   * @throws TransferError `source` (`other-upload`) for a part at a position that no part of this size has
   */
  constructor(file: string, parts: readonly RemotePart[], partSizeBytes: number) {
    this.#file = file;
    this.#partSizeBytes = partSizeBytes;
    this.#isNumbered = parts.some(({ index }) => index !== undefined);
    for (const part of parts) {
      const index = part.index ?? part.startByte / partSizeBytes;
      if (!Number.isInteger(index))
        throw notThisStream(file, `the service has a part at byte ${part.startByte}`);
      const usable = hasHash(part) ? part : null;
      const isAmbiguous = this.#usable.has(index) && !isAlike(this.#usable.get(index) ?? null, usable);
      this.#usable.set(index, isAmbiguous ? null : usable);
      this.#sizes.set(index, Math.max(part.endByte - part.startByte + 1, this.#sizes.get(index) ?? 0));
      this.#lastIndex = Math.max(this.#lastIndex, index);
    }
  }

  get count(): number {
    return this.#usable.size;
  }

  has(index: number): boolean {
    return this.#usable.has(index);
  }

  /** Returns the hash that a part must have to be compared, if it is not the tree hash. */
  hashes(index: number): readonly PartHash[] {
    const held = this.#usable.get(index) ?? null;
    const compared = held === null ? 'tree' : comparedHash(held);
    return compared === 'tree' ? [] : [compared];
  }

  /**
   * Compares a part of the stream with what the service holds at its place.
   * @throws TransferError `source` (`other-upload`) when the stream ends before the part on the service does
   */
  async compare(part: PreparedPart): Promise<HeldComparison> {
    const { index, sizeBytes } = part.range;
    const heldBytes = this.#sizes.get(index);
    if (heldBytes === undefined) return 'absent';
    const held = this.#usable.get(index) ?? null;
    // Old part lists of the vault service gave exclusive ends, so that one byte more may be the same size.
    const moreBytes = heldBytes - sizeBytes;
    const mayBeSame = moreBytes === 0 || (moreBytes === 1 && !this.#isNumbered);
    if (mayBeSame && held !== null && (await isEqual(part, held))) return 'equal';
    if (moreBytes > 0 && sizeBytes < this.#partSizeBytes) throw this.#beyond(part.range.endByte + 1);
    return 'different';
  }

  /** Returns the record of a part that is equal. */
  recordOf(part: PreparedPart): RecordedPart {
    return recordOf(part, this.#usable.get(part.range.index)?.etag ?? null);
  }

  /** @throws TransferError `source` (`other-upload`) when the service holds a part after the end of the stream */
  assertNoneBeyond(partCount: number, sizeBytes: number): void {
    if (this.#lastIndex >= partCount) throw this.#beyond(sizeBytes);
  }

  #beyond(sizeBytes: number): TransferError<'source'> {
    return notThisStream(
      this.#file,
      `the stream ended after ${sizeBytes} bytes, and the service has part ${this.#lastIndex}, which ends later`,
    );
  }
}

/** @param path the name of the stream */
export function notThisStream(path: string, detail: string): TransferError<'source'> {
  return new TransferError('source', { path, why: 'other-upload', detail });
}
