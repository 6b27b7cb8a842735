/** Fleets as `--json` prints them. */
import type { Fleet } from '../transfer/fleet/fleet.js';
import type { ShareResult } from '../transfer/fleet/send.js';
import type { ShareStatus } from '../transfer/fleet/status.js';
import type { FleetManifest } from '../transfer/ports/fleet.js';
import type { CatalogueEntry } from '../transfer/ports/state.js';
import { isoFromNs, isoMoment } from './text/timestamps.js';

/** The facts that only the service knows. */
interface Progress {
  readonly partsDone: number;
  readonly archive: CatalogueEntry | null;
}

export type FleetJson = ReturnType<typeof fleetJson>;

/** The result of `fleet create`, and the first object of `fleet status`. @param progress null: the service was not asked */
export function fleetJson(manifestPath: string, manifest: FleetManifest, progress: Progress | null) {
  const { uploadId, target, path, fingerprint, plan, shards, interleave, treeHash, createdAt } = manifest;
  return {
    type: 'fleet' as const,
    manifest: manifestPath,
    uploadId,
    target: target.url,
    file: path,
    size: plan.sizeBytes,
    mtime: isoFromNs(fingerprint.mtimeNs),
    treeHash,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    partsDone: progress?.partsDone ?? null,
    shards,
    interleave,
    createdAt: isoMoment(createdAt),
    archiveId: progress?.archive?.archiveId ?? null,
  };
}

/** One share of `fleet status`. */
export function shareJson({ shard, indexes, held, confirmed, different, sizeBytes, heldBytes }: ShareStatus) {
  return {
    type: 'share' as const,
    shard,
    parts: indexes.length,
    partsDone: held.size,
    size: sizeBytes,
    bytesDone: heldBytes,
    receipts: confirmed,
    different,
  };
}

export type ShareRow = ReturnType<typeof shareJson> & { readonly share: ShareStatus };

/** The result of `fleet send`. */
export function sentShareJson(
  { manifest, manifestPath }: Pick<Fleet, 'manifest' | 'manifestPath'>,
  result: ShareResult,
) {
  const { shard, parts, partsSent, partsReused, bytesSent, isFinished: finished, durationMs } = result;
  return {
    type: 'sent' as const,
    manifest: manifestPath,
    uploadId: manifest.uploadId,
    target: manifest.target.url,
    shard,
    shards: manifest.shards,
    parts,
    partsSent,
    partsReused,
    bytesSent,
    finished,
    durationMs,
  };
}
