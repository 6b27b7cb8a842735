/**
 * What `--json` prints on stdout: one object a line, `type` first, every key always there and always in this order,
 * `null` where it does not apply, sizes in bytes, times ISO-8601 UTC with milliseconds. Scripts depend on it.
 */
import type { FailureKind, TransferError } from '../core/failures.js';
import { sourceName } from '../core/identity.js';
import { parseTargetUrl, storesObjects } from '../core/target-url.js';
import type { CatalogueEntry, UnfinishedUpload } from '../transfer/ports/state.js';
import type { AbortAnswer, OpenUpload, RemotePart } from '../transfer/ports/target.js';
import { isActing } from './text/safe-text.js';
import { isoFromNs, isoMoment } from './text/timestamps.js';
import { describeFailure } from './wording/failures.js';
import type { WordingEnvironment } from './wording/paste-line.js';

/** How the archive came about in this run; every field null in a reading of the catalogue. */
export interface ArchiveRun {
  readonly partsSent: number | null;
  readonly partsReused: number | null;
  readonly resumed: boolean | null;
  /** Nothing was sent: the catalogue had it. */
  readonly skipped: boolean | null;
  readonly durationMs: number | null;
}

/** The result of an upload: one archive, recorded. `bucket` to `storageClass` belong to object stores, not to vaults. */
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

/** The same archive as the catalogue tells of it later. */
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

/** What the state folder knows of an upload that the service lists. */
export interface LocalUpload {
  readonly file: string;
  readonly partsDone: number;
  readonly parts: number;
}

export type UploadJson = ReturnType<typeof uploadJson>;

/** @param target the upload's full URL */
export function uploadJson(upload: OpenUpload, target: string, local: LocalUpload | null) {
  return {
    type: 'upload' as const,
    uploadId: upload.uploadId,
    target,
    key: upload.key,
    description: upload.description,
    partSize: upload.partSizeBytes,
    createdAt: isoMoment(upload.createdAt),
    vaultArn: upload.vaultArn,
    storageClass: upload.storageClass,
    local: local === null ? null : { file: local.file, partsDone: local.partsDone, parts: local.parts },
  };
}

export type PartJson = ReturnType<typeof partJson>;

/** `end` is inclusive, as on the wire. @param partSizeBytes of the upload: the index follows from it; null where there are no parts */
export function partJson(part: RemotePart, partSizeBytes: number | null) {
  return {
    type: 'part' as const,
    index: partSizeBytes === null ? 0 : Math.floor(part.startByte / partSizeBytes),
    start: part.startByte,
    end: part.endByte,
    size: part.endByte - part.startByte + 1,
    treeHash: part.treeHash,
    etag: part.etag,
  };
}

export type UnfinishedJson = ReturnType<typeof unfinishedJson>;

/** @param idleExpiryMs how long the service keeps an idle upload; null: until it is aborted */
export function unfinishedJson(upload: UnfinishedUpload, idleExpiryMs: number | null) {
  const { head } = upload;
  const lastActivityAt = isoMoment(upload.lastActivityAt);
  const expiresMs =
    idleExpiryMs === null || lastActivityAt === null ? null : Date.parse(lastActivityAt) + idleExpiryMs;
  return {
    type: 'unfinished' as const,
    uploadId: head.uploadId,
    file: sourceName(head.identity.source),
    target: head.identity.target.url,
    size: head.plan.sizeBytes,
    partSize: head.plan.partSizeBytes,
    parts: head.plan.partCount,
    partsDone: upload.parts.size,
    startedAt: isoMoment(head.startedAt),
    lastActivityAt,
    expiresAt: expiresMs === null ? null : new Date(expiresMs).toISOString(),
  };
}

/** @param answer null where the service was not asked, or knew the upload no longer */
export function abortedJson(
  upload: { uploadId: string; target: string; key: string | null },
  answer: AbortAnswer | null,
) {
  return {
    type: 'aborted' as const,
    uploadId: upload.uploadId,
    target: upload.target,
    key: upload.key,
    httpStatus: answer?.httpStatus ?? null,
    requestId: answer?.requestId ?? null,
    hostId: answer?.hostId ?? null,
  };
}

export interface PlanJson {
  readonly type: 'plan';
  readonly file: string;
  readonly target: string;
  /** As it was foretold of a stream; null: nobody knows. */
  readonly size: number | null;
  readonly partSize: number;
  readonly parts: number | null;
  /** Requests to the service if nothing has to be tried again. */
  readonly requests: number | null;
  readonly storageClass: string | null;
}

export function planJson(plan: Omit<PlanJson, 'type'>): PlanJson {
  const { file, target, size, partSize, parts, requests, storageClass } = plan;
  return { type: 'plan', file, target, size, partSize, parts, requests, storageClass };
}

export interface VerifiedJson {
  readonly type: 'verified';
  readonly file: string;
  readonly archiveId: string;
  readonly treeHash: string;
  readonly expected: string;
  readonly match: boolean;
}

export function verifiedJson(verified: Omit<VerifiedJson, 'type' | 'match'>): VerifiedJson {
  const { file, archiveId, treeHash, expected } = verified;
  return { type: 'verified', file, archiveId, treeHash, expected, match: treeHash === expected };
}

export function hashJson(file: string, sizeBytes: number, treeHash: string) {
  return { type: 'hash' as const, file, size: sizeBytes, treeHash };
}

export function listeningJson(url: string, accessKeyId: string) {
  return { type: 'listening' as const, url, accessKeyId };
}

/** @param marker of the next page; null on the last */
export function pageJson(marker: string | null) {
  return { type: 'page' as const, marker };
}

/** `message` and `hint` are the words that stderr gets; the service's own marks are as it sent them. */
export function errorJson(error: TransferError<FailureKind>, exitCode: number, env: WordingEnvironment) {
  const { what, why, hint } = describeFailure(error, env);
  const { context, service } = error;
  return {
    type: 'error' as const,
    kind: error.kind,
    exitCode,
    message: `${what}: ${why}`,
    hint,
    file: context.file ?? null,
    target: context.target ?? null,
    uploadId: context.uploadId ?? null,
    resumable: context.resumable ?? false,
    httpStatus: service?.httpStatus ?? null,
    code: service?.code ?? null,
    requestId: service?.requestId ?? null,
    hostId: service?.hostId ?? null,
    resource: service?.resource ?? null,
  };
}

/**
 * The object as one line without its newline. JSON leaves C1 controls and bidi marks raw; here they are `\u` escapes,
 * so that a terminal shows them and a parser still gets the very same text.
 */
export function jsonLine(object: { readonly type: string }): string {
  return JSON.stringify(object).replaceAll(/[^\x20-\x7e]/gu, (character) =>
    isActing(character)
      ? Array.from(
          { length: character.length },
          (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
        ).join('')
      : character,
  );
}

export function completionJson(shell: string, script: string) {
  return { type: 'completion' as const, shell, script };
}
