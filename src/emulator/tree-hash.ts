/**
 * The SHA-256 tree hash (Amazon Glacier developer guide, checksum-calculations): the hashes of 1 MiB leaves, combined
 * in pairs; an odd one at the end moves up unchanged. This implementation is independent of the client's.
 */
import { createHash, type Hash } from 'node:crypto';

export const LEAF_BYTES = 1024 * 1024;

/** Combines raw 32-byte digests into their root. They cover equal sizes, a power of two; the last may be shorter. */
export function combineDigests(digests: readonly Buffer[]): Buffer {
  let level = digests;
  while (level.length > 1) {
    const parents: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Buffer;
      const right = level[i + 1];
      parents.push(right === undefined ? left : createHash('sha256').update(left).update(right).digest());
    }
    level = parents;
  }
  return level[0] ?? createHash('sha256').digest();
}

/** Hashes bytes in pieces of any size. It keeps 32 bytes for each MiB. */
export class TreeHasher {
  private readonly leaves: Buffer[] = [];
  private leaf: Hash = createHash('sha256');
  private leafBytes = 0;

  update(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      const piece = rest.subarray(0, LEAF_BYTES - this.leafBytes);
      this.leaf.update(piece);
      this.leafBytes += piece.length;
      if (this.leafBytes === LEAF_BYTES) this.endLeaf();
      rest = rest.subarray(piece.length);
    }
  }

  /** Returns the root in lower-case hex. The hasher must not be used afterwards. */
  digestHex(): string {
    if (this.leafBytes > 0) this.endLeaf();
    return combineDigests(this.leaves).toString('hex');
  }

  private endLeaf(): void {
    this.leaves.push(this.leaf.digest());
    this.leaf = createHash('sha256');
    this.leafBytes = 0;
  }
}
