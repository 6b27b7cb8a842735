/**
 * The SHA-256 tree hash (Amazon Glacier developer guide, checksum-calculations): the hashes of 1 MiB leaves, joined
 * two by two; an odd one at the end moves up unchanged. Written here anew, apart from any client's.
 */
import { createHash, type Hash } from 'node:crypto';

export const LEAF_BYTES = 1024 * 1024;

/** Folds raw 32-byte digests of equal, power-of-two sized neighbours (the last may be shorter) to their root. */
export function foldDigests(digests: readonly Buffer[]): Buffer {
  let level = digests;
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Buffer;
      const right = level[i + 1];
      above.push(right === undefined ? left : createHash('sha256').update(left).update(right).digest());
    }
    level = above;
  }
  return level[0] ?? createHash('sha256').digest();
}

/** Takes bytes in pieces of any size; keeps 32 bytes a MiB. */
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

  /** The root as lower-case hex. The hasher is not used afterwards. */
  digestHex(): string {
    if (this.leafBytes > 0) this.endLeaf();
    return foldDigests(this.leaves).toString('hex');
  }

  private endLeaf(): void {
    this.leaves.push(this.leaf.digest());
    this.leaf = createHash('sha256');
    this.leafBytes = 0;
  }
}
