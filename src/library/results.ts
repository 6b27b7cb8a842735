/**
 * The results of the library: the objects that the command with the same name prints with `--json`. Every key is always
 * there, and null where it does not apply. Sizes are bytes, times ISO-8601 UTC with milliseconds.
 */
import type { AuditResult } from '../transfer/audit.js';

/** An archive in a vault, or an object in a bucket. The keys from `bucket` to `storageClass` are null for a vault. */
export interface Archive {
  readonly type: 'archive';
  /** The path of the file, or the name of the stream (`-` without one). */
  readonly file: string;
  readonly target: string;
  /** Null if a single request made the object. */
  readonly uploadId: string | null;
  /** The id of an archive, or the URL of an object. */
  readonly archiveId: string;
  readonly location: string | null;
  readonly bucket: string | null;
  readonly key: string | null;
  readonly etag: string | null;
  readonly versionId: string | null;
  readonly storageClass: string | null;
  readonly size: number;
  readonly treeHash: string | null;
  readonly partSize: number;
  readonly parts: number;
  readonly partsSent: number | null;
  /** Parts that the service held before this call. */
  readonly partsReused: number | null;
  /** True if an unfinished upload was continued. */
  readonly resumed: boolean | null;
  /** True if nothing was sent, because the catalogue has the file already. */
  readonly skipped: boolean | null;
  readonly durationMs: number | null;
  readonly archivedAt: string | null;
  /** The modification time of the file. */
  readonly mtime: string | null;
  readonly description: string | null;
  readonly region: string | null;
  readonly account: string | null;
}

/** An upload in progress on the service. */
export interface Upload {
  readonly type: 'upload';
  readonly uploadId: string;
  readonly target: string;
  readonly key: string | null;
  readonly description: string | null;
  readonly partSize: number | null;
  readonly createdAt: string | null;
  readonly vaultArn: string | null;
  readonly storageClass: string | null;
  /** The facts of the state folder; null if it does not know the upload. */
  readonly local: { readonly file: string; readonly partsDone: number; readonly parts: number } | null;
}

/** A part that the service holds. */
export interface Part {
  readonly type: 'part';
  /** Counted from 0. */
  readonly index: number;
  /** The first byte; null if the parts have different sizes. */
  readonly start: number | null;
  /** The last byte (inclusive); null if the parts have different sizes. */
  readonly end: number | null;
  readonly size: number;
  readonly treeHash: string | null;
  readonly etag: string | null;
}

/** An upload that was aborted. */
export interface Aborted {
  readonly type: 'aborted';
  readonly uploadId: string;
  readonly target: string;
  readonly key: string | null;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly hostId: string | null;
}

/** An unfinished upload in the state folder. */
export interface Unfinished {
  readonly type: 'unfinished';
  readonly uploadId: string;
  readonly file: string;
  readonly target: string;
  readonly size: number;
  readonly partSize: number;
  readonly parts: number;
  readonly partsDone: number;
  readonly startedAt: string | null;
  readonly lastActivityAt: string | null;
  /** The time from which the service may have removed the upload; null: it keeps uploads. */
  readonly expiresAt: string | null;
}

/** The SHA-256 tree hash of a file or a stream (`-`). */
export interface Hashed {
  readonly type: 'hash';
  readonly file: string;
  readonly size: number;
  readonly treeHash: string;
}

/** A file that has the tree hash of its archive. */
export interface Verified {
  readonly type: 'verified';
  readonly file: string;
  readonly archiveId: string;
  readonly treeHash: string;
  readonly expected: string;
  /** Always true: `verify` rejects if the file differs. */
  readonly match: true;
}

/** An archive as the catalogue and the service have it. The keys with `held` are those of the service. */
export interface Audited {
  readonly type: 'audited';
  readonly result: AuditResult;
  readonly archiveId: string;
  readonly file: string | null;
  readonly description: string | null;
  readonly archivedAt: string | null;
  readonly size: number | null;
  readonly heldSize: number | null;
  readonly treeHash: string | null;
  readonly etag: string | null;
  readonly heldTreeHash: string | null;
  readonly heldEtag: string | null;
  readonly checksum: string | null;
  readonly heldChecksum: string | null;
  readonly proof: string | null;
  readonly storageClass: string | null;
  readonly restore: string | null;
  readonly imported: boolean;
}

/** The last result of an audit. */
export interface AuditSummary extends Readonly<Record<AuditResult, number>> {
  readonly type: 'audit-summary';
  readonly target: string;
  /** The time of a vault's inventory; null for a bucket, whose list is of now. */
  readonly inventoryAt: string | null;
  readonly imported: number;
  readonly durationMs: number;
}
