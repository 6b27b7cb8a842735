/** The failures of a fleet whose parts are not all there, or not those of one file. Pure. */
import { type FailureFacts, TransferError } from '../../core/failures.js';
import { shardOf } from '../../core/fleet.js';
import { shardsOf } from './compare-parts.js';
import type { Fleet } from './fleet.js';

export function differs(
  { words: fleet, manifest }: Fleet,
  path: string,
  { why, index }: Pick<FailureFacts['fleet-differs'], 'why' | 'index'>,
): TransferError<'fleet-differs'> {
  const shard = index === null ? null : shardOf(index, manifest.plan.partCount, manifest);
  return new TransferError('fleet-differs', { fleet, path, why, index, shard, detail: null });
}

export function incomplete(
  { words: fleet, manifest }: Fleet,
  missing: readonly number[],
  unreceipted: readonly number[],
): TransferError<'fleet-incomplete'> {
  const { plan } = manifest;
  return new TransferError('fleet-incomplete', {
    fleet,
    shards: shardsOf([...missing, ...unreceipted], plan, manifest),
    partCount: plan.partCount,
    missing: missing.length,
    unreceipted: unreceipted.length,
  });
}

export function allIndexes({ manifest }: Fleet): number[] {
  return [...Array(manifest.plan.partCount).keys()];
}
