/** Archives as `--json` prints them: those of an upload, and those of the catalogue. */
import { sourceName } from '../core/identity.js';
import { parseTargetUrl, storesObjects } from '../core/target-url.js';
import { UNKNOWN_UPLOAD } from '../transfer/import-archive.js';
import type { CatalogueEntry } from '../transfer/ports/state.js';
import { isoFromNs, isoMoment } from './text/timestamps.js';

/** The work of a run for the archive; every field is null if the archive was read from the catalogue. */
interface ArchiveRun {
  readonly partsSent: number | null;
  readonly partsReused: number | null;
  readonly resumed: boolean | null;
  /** True if nothing was sent, because the catalogue has the file already. */
  readonly skipped: boolean | null;
  readonly durationMs: number | null;
}

const NO_RUN: ArchiveRun = {
  partsSent: null,
  partsReused: null,
  resumed: null,
  skipped: null,
  durationMs: null,
};

export type ArchiveJson = ReturnType<typeof archiveJson>;

/**
 * A recorded archive: the result of an upload, or a line of `archives`, with the same keys. The fields from `bucket` to
 * `storageClass` are null for a vault.
 */
export function archiveJson(entry: CatalogueEntry, run: ArchiveRun = NO_RUN) {
  const { target } = entry.identity;
  const url = parseTargetUrl(target.url);
  const object = storesObjects(url.scheme) ? url : null;
  return {
    type: 'archive' as const,
    file: sourceName(entry.identity.source),
    target: target.url,
    uploadId: entry.uploadId === UNKNOWN_UPLOAD ? null : entry.uploadId,
    archiveId: entry.archiveId,
    location: entry.location,
    bucket: object?.container ?? null,
    key: object?.key ?? null,
    etag: entry.object?.etag ?? null,
    versionId: entry.object?.versionId ?? null,
    storageClass: entry.object?.storageClass ?? null,
    size: entry.plan.sizeBytes,
    treeHash: entry.treeHash,
    partSize: entry.plan.partSizeBytes,
    parts: entry.plan.partCount,
    partsSent: run.partsSent,
    partsReused: run.partsReused,
    resumed: run.resumed,
    skipped: run.skipped,
    durationMs: run.durationMs,
    archivedAt: isoMoment(entry.archivedAt),
    mtime: isoFromNs(entry.fingerprint.mtimeNs),
    description: entry.description,
    region: target.region,
    account: target.account,
  };
}
