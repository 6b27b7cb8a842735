/** The facts that a transfer reports while it runs. Each event has a text form and a JSON form, both in `ui`. */
import type { FleetWords } from '../core/failures.js';
import type { UploadAddress } from '../core/identity.js';
import type { OpenPlan } from '../core/part-plan.js';
import type { AuditResult } from './audit.js';
import type { LineFault } from './import-lines.js';
import type { LeftOut } from './mtglacier.js';
import type { LockHolder } from './ports/state.js';
import type { ArchiveRemark } from './ports/target.js';

/**
 * Counts what was passed over when files were found. `loops`: links to a folder above them. `mounts`: folders on other
 * file systems.
 */
export type SkippedCounts = Record<'links' | 'pipes' | 'sockets' | 'devices' | 'loops' | 'mounts', number>;

/** Something a person should know although nothing failed. The words are in ui/wording/notices. */
export type Notice =
  /** The catalogue has this very file at this target: nothing is sent. */
  | { notice: 'already-archived'; archiveId: string; archivedAt: string }
  /** An older version of the file, which has changed since, is unfinished. */
  | { notice: 'older-version-unfinished'; uploadId: string; startedAt: string; address: UploadAddress }
  /** An unfinished upload that is no longer needed: an archive was made, or --fresh was given. */
  | { notice: 'left-unfinished'; uploadId: string; startedAt: string; address: UploadAddress }
  /** Such an upload was aborted, because its parts are billed until then. */
  | { notice: 'superseded-aborted'; uploadId: string; startedAt: string }
  /** The catalogue has the archive, but the service no longer does (deleted or replaced): it is sent again. */
  | { notice: 'archive-gone'; archiveId: string; archivedAt: string }
  /** The user named no storage class, and the target has a default. */
  | { notice: 'default-class'; storageClass: string }
  /** After an abort the service still listed parts, some of which may have been in flight, or refused to (null). */
  | { notice: 'parts-may-remain'; uploadId: string; parts: number | null }
  /** The service removed the idle upload; this run creates it once again. */
  | { notice: 'expired-created-again'; uploadId: string; lastActivityAt: string }
  /** Somebody aborted the upload between two runs; this run creates it again. */
  | { notice: 'gone-created-again'; uploadId: string }
  /** The service holds a part with other bytes than the stream. That part, and others like it, are sent again. */
  | { notice: 'part-differs'; index: number }
  /** Only ctime, device or inode differ: recorded parts are read again and compared. */
  | { notice: 'comparing-again'; parts: number }
  /** Lines of the journal that could not be read. */
  | { notice: 'journal-damaged'; path: string; lines: number }
  /** The archive is recorded, but its journal could not be removed: a later run does that. */
  | { notice: 'journal-left'; path: string; detail: string | null }
  /** Creating the upload took more than one attempt: an empty upload may remain on the service. */
  | { notice: 'create-repeated'; attempts: number; description: string }
  /** The line is slow: fewer parts are sent at once, so that each arrives while its signature is valid. */
  | { notice: 'fewer-at-once'; from: number; to: number; bytesPerSecond: number | null; partTimeMs: number }
  /** The line is faster again. */
  | { notice: 'more-at-once'; from: number; to: number; bytesPerSecond: number }
  /** The answer to complete was lost, so complete is sent again. */
  | { notice: 'completing-again'; uploadId: string }
  /** Another calve works on this upload; a bare `resume` continues with the next one. */
  | { notice: 'busy-skipped'; file: string; holder: string }
  /** Credentials that may only write cannot ask whether the archive or the parts are still there. */
  | { notice: 'archive-unchecked'; archiveId: string }
  | { notice: 'parts-unchecked'; parts: number; target: string }
  /** Another program completed the upload, and the object has the file's bytes. */
  | { notice: 'completed-elsewhere'; uploadId: string }
  | { [R in ArchiveRemark]: { notice: R } }[ArchiveRemark]
  /** The service did not say whose account this is. */
  | { notice: 'account-unknown' }
  /** The upload is old, but another machine is sending it, or the service would have removed it: left alone. */
  | { notice: 'in-use-elsewhere'; uploadId: string; createdAt: string }
  /** A sweep aborted nothing: the user said no, or there was nothing to take. */
  | { notice: 'nothing-aborted'; why: 'declined' | 'none' }
  /** A bare `resume` found no unfinished upload. */
  | { notice: 'nothing-to-resume' }
  /** The user wants no verification of certificates, and the connection uses TLS. */
  | { notice: 'certificates-not-verified' }
  /** The user asked for one page, and there are more. */
  | { notice: 'next-page'; marker: string }
  /** An audit has compared all archives. `inventoryAt`: when the vault took its inventory. */
  | ({ notice: 'audited'; inventoryAt: string | null; imported: number } & Readonly<
      Record<AuditResult, number>
    >)
  /** A line of a file that is imported has no archive that calve can record. */
  | { notice: 'line-refused'; path: string; line: number; why: LineFault }
  /** An import has ended, or was stopped. */
  | {
      notice: 'imported';
      path: string;
      imported: number;
      present: number;
      deleted: number;
      refused: number;
    }
  /** The form of an export has no place for this archive. */
  | { notice: 'left-out'; archiveId: string; why: LeftOut }
  | { notice: 'exported'; path: string; exported: number; leftOut: number }
  /** A walk or a list passed over things of which no archive is made. */
  | ({ notice: 'files-skipped' } & SkippedCounts)
  /** The fleet's manifest exists already, and describes this very upload: no other one is created. */
  | { notice: 'fleet-created-already'; uploadId: string; createdAt: string }
  /** An earlier run was killed while it created the upload of a fleet. This one looks like it, and holds no part. */
  | { notice: 'fleet-orphan'; uploadId: string; address: UploadAddress }
  /** The upload of the fleet was completed already: nothing is left to send. */
  | { notice: 'fleet-finished' }
  /** Lines of receipts that could not be read. */
  | { notice: 'receipts-damaged'; path: string; lines: number }
  /** A sweep leaves the upload of a fleet alone. */
  | { notice: 'fleet-in-use'; uploadId: string; manifest: string }
  /** Off a terminal: the state folder that this run uses. */
  | { notice: 'state-folder'; path: string };

/** The files of a run so far. */
export interface FileCounts {
  readonly sent: number;
  /** The catalogue had them already. */
  readonly skipped: number;
  readonly failed: number;
  /** The sizes of the files that were sent. */
  readonly sentBytes: number;
}

/** A run over several files when it has ended. */
export interface RunSummary extends FileCounts {
  readonly target: string;
  readonly durationMs: number;
  /** Their paths, in the order of the run. The last ones are left out if there are very many. */
  readonly failedFiles: readonly string[];
}

/** A run over several files while it lasts. */
export interface FilesProgress extends FileCounts {
  /** The bytes that have left of all files, those in progress included; parts that the service held do not count. */
  readonly movedBytes: number;
}

export type TransferEvent =
  | {
      type: 'started';
      /** The file's path, or the stream's name. */
      file: string;
      target: string;
      /** Null: a single request makes the object, without an upload. A stopped run has nothing to continue then. */
      uploadId: string | null;
      plan: OpenPlan;
      /** Parts and bytes that need not be sent (known before the first part moves). */
      reusedParts: number;
      reusedBytes: number;
      resumed: boolean;
      /** The upload's address, when no later run can continue it and it may be left behind; null otherwise. */
      orphan: UploadAddress | null;
      /** The upload's address, when a later run continues it only if it gets the bytes of the stream again. */
      resend?: UploadAddress;
      /** Set for a share of a fleet's upload. The plan is that of the share. */
      fleet?: FleetWords;
    }
  /** The service holds part `index`. `reused`: it held the part before this run. */
  | { type: 'part'; index: number; sizeBytes: number; reused: boolean }
  /** Part `index` is being sent. */
  | { type: 'sending'; index: number }
  /** About once a second: so much of part `index` has left in the current attempt to send it. */
  | { type: 'progress'; index: number; sentBytes: number }
  | {
      type: 'retry';
      operation: string;
      attempt: number;
      attemptsMax: number | null;
      delayMs: number;
      why: string;
    }
  | { type: 'completing'; uploadId: string }
  | { type: 'archived'; file: string; archiveId: string; sizeBytes: number; durationMs: number }
  /** A file is read, to compare or to hash it. It ends when `readBytes` is `totalBytes`; null: a stream that goes on. */
  | { type: 'reading'; file: string; readBytes: number; totalBytes: number | null }
  /** The transfer ended without an archive. The error itself is reported by the command. */
  | { type: 'failed'; file: string }
  /** The run waits for a lock that another calve holds, up to `waitMs`. */
  | ({ type: 'waiting'; waitMs: number } & LockHolder)
  /** One of several files has moved on. The events of a single file are not reported beside this one. */
  | ({ type: 'files' } & FilesProgress)
  /** The run over several files has ended. */
  | ({ type: 'summary' } & RunSummary)
  /** `file`: the file that the notice is about, where a run has several. */
  | ({ type: 'notice'; file?: string } & Notice);

export type Report = (event: TransferEvent) => void;
