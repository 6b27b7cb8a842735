/**
 * The objects that `--json` prints on stdout, one a line. Scripts depend on their form: `type` comes first; every key is
 * always there, in this order, and null if it does not apply; sizes are bytes, times ISO-8601 UTC with milliseconds.
 * Archives and plans are in files of their own.
 */

import type { FailureKind, TransferError } from '../core/failures.js';
import { sourceName } from '../core/identity.js';
import type { UnfinishedUpload } from '../transfer/ports/state.js';
import type { AbortResponse, OpenUpload, RemotePart } from '../transfer/ports/target.js';
import { isControl } from './text/safe-text.js';
import { isoMoment } from './text/timestamps.js';
import { describeFailure } from './wording/failures.js';
import type { WordingEnvironment } from './wording/paste-line.js';

/** The facts in the state folder about an upload that the service lists. */
export interface LocalUpload {
  readonly file: string;
  readonly partsDone: number;
  readonly parts: number;
}

export type UploadJson = ReturnType<typeof uploadJson>;

/** @param target the full URL of the upload; @param local null if the state folder has no such upload */
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

/**
 * `end` is inclusive, as in the service's requests.
 * @param partSizeBytes part size of the upload; null if its parts have different sizes, so that no range is known
 */
export function partJson(part: RemotePart, partSizeBytes: number | null) {
  return {
    type: 'part' as const,
    index: part.index ?? (partSizeBytes === null ? 0 : Math.floor(part.startByte / partSizeBytes)),
    start: partSizeBytes === null ? null : part.startByte,
    end: partSizeBytes === null ? null : part.endByte,
    size: part.endByte - part.startByte + 1,
    treeHash: part.treeHash,
    etag: part.etag,
  };
}

export type UnfinishedJson = ReturnType<typeof unfinishedJson>;

/** @param idleExpiryMs the time that the service keeps an idle upload; null if it keeps it until it is aborted */
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

/** @param answer null if the service was not asked, or no longer had the upload */
export function abortedJson(
  upload: { uploadId: string; target: string; key: string | null },
  answer: AbortResponse | null,
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

export function completionJson(shell: string, script: string) {
  return { type: 'completion' as const, shell, script };
}

export function importedJson(
  file: string,
  { imported, present, deleted, refused }: Record<'imported' | 'present' | 'deleted' | 'refused', number>,
) {
  return { type: 'imported' as const, file, imported, present, deleted, refused };
}

export function exportedJson(file: string, exported: number, leftOut: number) {
  return { type: 'exported' as const, file, exported, leftOut };
}

/** @param marker the start of the next page; null on the last page */
export function pageJson(marker: string | null) {
  return { type: 'page' as const, marker };
}

/** `message` and `hint` are the words on stderr; the fields of the service are as it sent them. */
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
    serviceMessage: service?.message ?? null,
    reason: service?.reason ?? null,
    indicator: service?.indicator ?? null,
  };
}

/**
 * Returns the object as one line, without a newline. JSON.stringify leaves C1 controls and bidi marks raw; here they
 * become `\u` escapes: a terminal shows them, and a parser still reads the same text.
 */
export function jsonLine(object: { readonly type: string }): string {
  return JSON.stringify(object).replaceAll(/[^\x20-\x7e]/gu, (character) =>
    isControl(character)
      ? Array.from(
          { length: character.length },
          (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
        ).join('')
      : character,
  );
}
