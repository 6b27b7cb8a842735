/**
 * Computes the SHA-256 tree hash of the Glacier service: leaves of 1 MiB are joined in pairs, level by
 * level, and an odd last node moves up unchanged.
 * Source: Amazon Glacier developer guide, "Computing checksums" (checksum-calculations).
 */
import { createHash } from 'node:crypto';
import { MIB_BYTES } from './units.js';

/** 64 lower-case hex digits. */
export type TreeHash = string;

/** 64 lower-case hex digits of the plain (linear) SHA-256, which is part of a request's signature. */
export type LinearHash = string;

/** The service hashes leaves of this many bytes; the last leaf may be shorter. */
export const LEAF_SIZE_BYTES = MIB_BYTES;

function joinPair(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(left).update(right).digest();
}

/**
 * Folds nodes of one level (leaves, or the tree hashes of equal power-of-two parts) to their root.
 * @param nodes raw 32-byte digests in file order, at least one
 * @throws RangeError without nodes: the service refuses an empty archive, so it has no tree hash
 */
export function foldDigests(nodes: readonly Buffer[]): Buffer {
  if (nodes.length === 0) throw new RangeError('a tree hash needs at least one node');
  let level = nodes;
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Buffer;
      const right = level[i + 1];
      next.push(right === undefined ? left : joinPair(left, right));
    }
    level = next;
  }
  return level[0] as Buffer;
}

/**
 * Returns the tree hash of an archive from the tree hashes of its parts, in file order. This works
 * because every part but the last has the same size, a power of two of MiB, so that the parts' hashes are
 * nodes of the archive's own tree.
 */
export function foldPartHashes(partHashes: readonly TreeHash[]): TreeHash {
  return foldDigests(partHashes.map((hex) => Buffer.from(hex, 'hex'))).toString('hex');
}

/**
 * Returns the tree hash of bytes in memory. Takes zero bytes too, to compare with the published test vectors.
 */
export function treeHashOf(bytes: Uint8Array): TreeHash {
  const leaves: Buffer[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += LEAF_SIZE_BYTES) {
    leaves.push(
      createHash('sha256')
        .update(bytes.subarray(start, start + LEAF_SIZE_BYTES))
        .digest(),
    );
  }
  return foldDigests(leaves).toString('hex');
}

export function isTreeHash(text: unknown): text is TreeHash {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/** Reads a tree hash from another program, in upper or lower case. @returns null for any other value */
export function readTreeHash(text: unknown): TreeHash | null {
  const lower = typeof text === 'string' ? text.toLowerCase() : text;
  return isTreeHash(lower) ? lower : null;
}
