/** Compares what the service holds of a fleet's upload with the receipts of the machines. Pure. */
import type { Division } from '../../core/fleet.js';
import { shardOf } from '../../core/fleet.js';
import type { PartPlan } from '../../core/part-plan.js';
import { hasSameHash } from '../parts/reconcile.js';
import type { FleetReceipt } from '../ports/fleet.js';
import type { RemotePart } from '../ports/target.js';

/** The state of one part. `confirmed`: the service holds the bytes of this receipt. */
export type PartState =
  | { readonly state: 'missing' }
  | { readonly state: 'confirmed'; readonly receipt: FleetReceipt }
  /** The service holds it, and no machine has a receipt for it. */
  | { readonly state: 'unreceipted'; readonly held: RemotePart }
  /** The service holds other bytes than every receipt says, or a part of another size (null). */
  | { readonly state: 'different'; readonly held: RemotePart | null };

/**
 * @param held the service's parts by index; null: its size or hash is unclear; undefined: these credentials may not list,
 * so that the receipts are believed
 */
export function partState(
  held: ReadonlyMap<number, RemotePart | null> | undefined,
  all: readonly FleetReceipt[],
  index: number,
): PartState {
  const receipts = all.filter(({ isDispute }) => isDispute !== true);
  const newest = newestOf(receipts);
  if (held === undefined)
    return newest === null ? { state: 'missing' } : { state: 'confirmed', receipt: newest };
  const part = held.get(index);
  if (part === undefined) return { state: 'missing' };
  if (part === null) return { state: 'different', held: null };
  const receipt = newestOf(receipts.filter((each) => hasSameHash(each, part) === true));
  if (receipt !== null) return { state: 'confirmed', receipt };
  return receipts.length === 0 ? { state: 'unreceipted', held: part } : { state: 'different', held: part };
}

function newestOf(receipts: readonly FleetReceipt[]): FleetReceipt | null {
  return receipts.reduce<FleetReceipt | null>(
    (newest, each) => (newest === null || each.at >= newest.at ? each : newest),
    null,
  );
}

/** Returns true if two machines have read different bytes of a part, whether they sent them or found others on the service. */
export function areContradictory(receipts: readonly FleetReceipt[]): boolean {
  return receipts.some(({ treeHash }) => treeHash !== receipts[0]?.treeHash);
}

/** Returns the shares of some parts, each once and in order. */
export function shardsOf(
  indexes: Iterable<number>,
  { partCount }: Pick<PartPlan, 'partCount'>,
  division: Division,
): number[] {
  const shards = new Set<number>();
  for (const index of indexes) shards.add(shardOf(index, partCount, division));
  return [...shards].sort((a, b) => a - b);
}
