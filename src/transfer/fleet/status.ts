/** `fleet status`: the parts that the service holds of a fleet's upload, and the receipts for them, by share. */
import { isFailure, withContext } from '../../core/failures.js';
import { indexesOf } from '../../core/fleet.js';
import { bytesOf } from '../../core/part-plan.js';
import type { CatalogueEntry } from '../ports/state.js';
import type { Session } from '../session.js';
import { areContradictory, partState } from './compare-parts.js';
import {
  checkFleetTarget,
  type Fleet,
  fittingReceipts,
  fleetGone,
  type HeldParts,
  listHeld,
  noticeDamage,
} from './fleet.js';

export interface ShareStatus {
  readonly shard: number;
  readonly indexes: readonly number[];
  readonly sizeBytes: number;
  /** The parts on the service. */
  readonly held: ReadonlySet<number>;
  readonly heldBytes: number;
  /** The parts for which a receipt has the service's checksum. */
  readonly confirmed: number;
  /** The parts of which the service holds other bytes than every receipt says, or about which two machines disagree. */
  readonly different: number;
}

export interface FleetStatus {
  readonly shares: readonly ShareStatus[];
  /** Set once the upload was completed. */
  readonly archive: CatalogueEntry | null;
}

/** @throws TransferError `gone` if the service no longer has the upload, and no archive of it is known here */
export async function fleetStatus(
  session: Pick<Session, 'target' | 'targetIdentity' | 'signal' | 'report'>,
  fleet: Fleet,
): Promise<FleetStatus> {
  const { manifest, folder, words } = fleet;
  try {
    checkFleetTarget(session, fleet);
    const { archive, completing } = await folder.readEnd();
    const reading = await folder.readReceipts(null);
    noticeDamage(session, fleet, reading);
    const held = archive === null ? await listOrGone(session, fleet, completing !== null) : undefined;
    const receipts = fittingReceipts(manifest, reading);
    const shares = Array.from({ length: manifest.shards }, (_, shard) =>
      shareStatus(fleet, shard, { held, receipts, isArchived: archive !== null }),
    );
    return { shares, archive };
  } catch (error) {
    const { path: file, target, uploadId } = manifest;
    throw withContext(error, { file, target: target.url, uploadId, fleet: words });
  }
}

async function listOrGone(
  session: Pick<Session, 'target' | 'signal' | 'report'>,
  fleet: Fleet,
  completing: boolean,
): Promise<HeldParts | undefined> {
  try {
    return await listHeld(session, fleet);
  } catch (error) {
    throw isFailure(error, 'not-found') ? fleetGone(error, fleet, completing) : error;
  }
}

interface Known {
  readonly held: HeldParts | undefined;
  readonly receipts: ReturnType<typeof fittingReceipts>;
  readonly isArchived: boolean;
}

function shareStatus({ manifest }: Fleet, shard: number, known: Known): ShareStatus {
  const { plan, treeHash } = manifest;
  const indexes = indexesOf(shard, plan.partCount, manifest);
  const states = indexes.map((index) => {
    const receipts = known.receipts.get(index) ?? [];
    // With the tree hash of the whole file, finish finds out which machine is right.
    const isDisputed = treeHash === null && areContradictory(receipts);
    return { index, ...partState(known.held, receipts, index), isDisputed };
  });
  const isHeld = ({ state }: { readonly state: string }): boolean => known.isArchived || state !== 'missing';
  const held = new Set(states.filter(isHeld).map(({ index }) => index));
  return {
    shard,
    indexes,
    sizeBytes: bytesOf(plan, indexes),
    held,
    heldBytes: bytesOf(plan, held),
    confirmed: states.filter(({ state }) => state === 'confirmed').length,
    different: states.filter(({ state, isDisputed }) => state === 'different' || isDisputed).length,
  };
}
