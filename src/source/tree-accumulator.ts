/**
 * Computes a tree hash from any number of nodes that arrive one by one. It keeps a few dozen digests at most.
 */
import { foldDigests } from '../core/tree-hash.js';

export interface TreeAccumulator {
  /**
   * Adds the next node in file order. All nodes are leaves, or all are roots of equal power-of-two segments.
   */
  push(node: Buffer): void;
  /** Returns the root of all nodes. @throws RangeError when there is no node */
  root(): Buffer;
}

/** A node, and the number of nodes that were joined into it. */
interface Subtree {
  readonly nodes: number;
  readonly digest: Buffer;
}

export function treeAccumulator(): TreeAccumulator {
  // Complete subtrees, the larger first, no two of the same size: a binary counter.
  const peaks: Subtree[] = [];
  return {
    push(node) {
      let grown: Subtree = { nodes: 1, digest: node };
      while (peaks.at(-1)?.nodes === grown.nodes) {
        const left = peaks.pop() as Subtree;
        grown = { nodes: left.nodes * 2, digest: foldDigests([left.digest, grown.digest]) };
      }
      peaks.push(grown);
    },
    root() {
      // An odd last node moves up until it meets a neighbour, so the smallest subtrees join first.
      const digests = peaks.map((peak) => peak.digest);
      return digests.length === 0
        ? foldDigests([])
        : digests.reduceRight((right, left) => foldDigests([left, right]));
    },
  };
}
