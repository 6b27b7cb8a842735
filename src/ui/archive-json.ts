/** Archives as `--json` prints them: fresh from an upload, or from the catalogue. */
import { sourceName } from '../core/identity.js';
import { parseTargetUrl, storesObjects } from '../core/target-url.js';
import type { CatalogueEntry } from '../transfer/ports/state.js';
import { isoFromNs, isoMoment } from './text/timestamps.js';

/** The work of this run for the archive; every field is null if the archive was read from the catalogue. */
export interface ArchiveRun {
  readonly partsSent: number | null;
  readonly partsReused: number | null;
  readonly resumed: boolean | null;
  /** True if nothing was sent, because the catalogue has the file already. */
  readonly skipped: boolean | null;
  readonly durationMs: number | null;
}

/** The result of an upload: one recorded archive. The fields from `bucket` to `storageClass` are null for a vault. */
export function archiveJson(entry: CatalogueEntry, run: ArchiveRun) {
  const url = parseTargetUrl(entry.identity.target.url);
  const object = storesObjects(url.scheme) ? url : null;
  return {
    type: 'archive' as const,
    file: sourceName(entry.identity.source),
    target: entry.identity.target.url,
    uploadId: entry.uploadId,
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
  };
}

const NO_RUN: ArchiveRun = {
  partsSent: null,
  partsReused: null,
  resumed: null,
  skipped: null,
  durationMs: null,
};

export type CataloguedJson = ReturnType<typeof cataloguedJson>;

/** The same archive as the catalogue has it: with the facts that only the catalogue keeps. */
export function cataloguedJson(entry: CatalogueEntry) {
  return {
    ...archiveJson(entry, NO_RUN),
    archivedAt: isoMoment(entry.archivedAt),
    mtime: isoFromNs(entry.fingerprint.mtimeNs),
    description: entry.description,
    region: entry.identity.target.region,
    account: entry.identity.target.account,
  };
}
