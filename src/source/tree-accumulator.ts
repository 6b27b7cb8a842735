/** The tree hash of nodes that arrive one by one, of any number, in a few dozen digests of memory. */
import { foldDigests } from '../core/tree-hash.js';

export interface TreeAccumulator {
  /** The next node in file order; all of one level (leaves, or roots of equal power-of-two segments). */
  push(node: Buffer): void;
  /** @throws RangeError before the first node */
  root(): Buffer;
}

/** A node and how many were joined into it. */
interface Subtree {
  readonly nodes: number;
  readonly digest: Buffer;
}

export function treeAccumulator(): TreeAccumulator {
  // Complete subtrees, the larger first, no two alike: a binary counter.
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
