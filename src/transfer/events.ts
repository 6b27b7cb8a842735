/** What a transfer tells while it runs. Each event has a text face and a JSON face, both in ui. */
import type { OpenPlan } from '../core/part-plan.js';

/** Something a person should know though nothing failed. Words in ui/wording. */
export type Notice =
  /** The catalogue has this very file at this target: nothing is sent. */
  | { notice: 'already-archived'; archiveId: string; archivedAt: string }
  /** An older, now different version of the file is unfinished. `abort` is the words of the line that drops it. */
  | { notice: 'older-version-unfinished'; uploadId: string; startedAt: string; abort: readonly string[] }
  /** An unfinished upload that a finished archive or --fresh made needless. */
  | { notice: 'left-unfinished'; uploadId: string; startedAt: string; abort: readonly string[] }
  /** Such an upload, where parts are billed until they are dropped: aborted. */
  | { notice: 'superseded-aborted'; uploadId: string; startedAt: string }
  /** The catalogue has it, and the service no more (deleted or replaced by somebody): sent again. */
  | { notice: 'archive-gone'; archiveId: string; archivedAt: string }
  /** No storage class was named, and the target has one for that. */
  | { notice: 'default-class'; storageClass: string }
  /** After an abort the service still listed parts of it: some may have been in flight. */
  | { notice: 'parts-may-remain'; uploadId: string; parts: number }
  /** The service dropped the idle upload: begun once anew. */
  | { notice: 'expired-begun-anew'; uploadId: string; lastActivityAt: string }
  /** Somebody aborted it between two runs; this run begins anew. */
  | { notice: 'gone-begun-anew'; uploadId: string }
  /** Only ctime, device or inode differ: recorded parts are read again. */
  | { notice: 'comparing-again'; parts: number }
  /** Lines of the journal that could not be read. */
  | { notice: 'journal-damaged'; path: string; lines: number }
  /** Begin had to be tried more than once: an empty upload may remain on the service. */
  | { notice: 'begin-repeated'; attempts: number; description: string }
  /** The line is slow: fewer parts are sent at once, so that each arrives while its signature holds. */
  | { notice: 'fewer-at-once'; from: number; to: number; bytesPerSecond: number | null; partTimeMs: number }
  /** The line got better. */
  | { notice: 'more-at-once'; from: number; to: number; bytesPerSecond: number }
  /** A complete whose answer was lost is asked again. */
  | { notice: 'completing-again'; uploadId: string }
  /** Another calve works on it (bare `resume` goes on to the next). */
  | { notice: 'busy-skipped'; file: string; holder: string }
  /** The service would not say whose account this is. */
  | { notice: 'account-unknown' }
  /** Old, but sent by another machine, or the service would have dropped it: left alone. */
  | { notice: 'in-use-elsewhere'; uploadId: string; createdAt: string }
  /** One page was asked for, and there are more. */
  | { notice: 'next-page'; marker: string }
  /** Off a terminal, which state folder was used. */
  | { notice: 'state-folder'; path: string };

export type TransferEvent =
  | {
      type: 'begun';
      file: string;
      target: string;
      uploadId: string;
      plan: OpenPlan;
      /** Parts and bytes that need not be sent (known before the first part moves). */
      reusedParts: number;
      reusedBytes: number;
      resumed: boolean;
      /** Of what cannot be resumed: the words that drop it, should it be left behind. */
      abort?: readonly string[];
    }
  | { type: 'part'; index: number; sizeBytes: number; reused: boolean }
  /** Bytes of `index` so far handed to the line, for bars between parts. */
  | { type: 'sending'; index: number }
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
  /** The transfer ended without an archive; the error follows by itself. */
  | { type: 'failed'; file: string }
  | { type: 'waiting'; what: string; holder: string; sinceMs: number | null; waitMs: number }
  /** `file`: which one it is about, where a run has several. */
  | ({ type: 'notice'; file?: string } & Notice);
