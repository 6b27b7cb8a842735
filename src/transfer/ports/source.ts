/** The port to the bytes that are sent: files, and streams that come once. Adapters in `source` implement it. */
import type { Fingerprint, Sameness } from '../../core/fingerprint.js';
import type { PartRange } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { RecordedPart } from './state.js';

/** The place of a part's bytes that every thread of the process can read. */
export type BytesLocation =
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file';
      /** An open descriptor. It belongs to the process, so any thread can use its number. */
      readonly fd: number;
      readonly startByte: number;
      readonly sizeBytes: number;
      /** For messages. */
      readonly path: string;
    };

/** A hash that requests or answers have, beside the tree hash. `sha256` is the linear hash. */
export type PartHash = 'sha256' | 'md5' | 'crc32';

/** Lower-case hex digits: 64, 32 and 8. */
export type PartDigests = { readonly [H in PartHash]?: string };

/** The hashes that are computed while a part is read. */
export interface WantedHashes {
  /** Those that the requests of the part contain; the tree hash is always known. */
  readonly hashes: readonly PartHash[];
  /**
   * Hashes that a journal recorded. If they are all that is wanted, the part is only read; the service refuses the part
   * if they do not belong to its bytes.
   */
  readonly recorded?: RecordedPart | undefined;
}

/** A part that was read and hashed. It can be sent as often as necessary. */
export interface PreparedPart {
  readonly range: PartRange;
  readonly treeHash: TreeHash;
  /** The hashes that are known so far. */
  readonly digests: PartDigests;
  /** Returns the part's bytes, new for each attempt: in memory, or a stream of exactly `range.sizeBytes`. */
  body(): Uint8Array | NodeJS.ReadableStream;
  /** The place of the same bytes; null if only `body` gives them. */
  readonly location: BytesLocation | null;
  /** Returns a hash. One that was not wanted is computed at the first call, from all bytes of the part. */
  digest(hash: PartHash): Promise<string>;
  /**
   * Looks at the file that the bytes are read from while they are sent. Bytes in memory are not read again.
   * @throws TransferError `source` (`changed`)
   */
  assertUnchanged(): Promise<void>;
  /** Gives the memory back. The part is not used afterwards. Idempotent. */
  release(): void;
}

/** Called with the number of bytes that are read so far. */
export type OnRead = (readBytes: number) => void;

/** An open file. All its methods read the file as it was opened; none changes it. */
export interface Source {
  /** Real path, with links resolved. */
  readonly path: string;
  readonly baseName: string;
  /** As it was when the file was opened. */
  readonly fingerprint: Fingerprint;
  readonly mtimeMs: number;
  /** The largest size of a part that is held in memory. */
  readonly inMemoryPartMaxBytes: number;
  /** Starts what takes time (threads) for this number of parts, beside what the caller does until then. */
  expectParts(parts: number): void;
  /**
   * Reads and hashes one part, in a hashing thread unless the work is small. Waits while all buffers are in use: that
   * bounds the pipeline.
   * @throws TransferError `source` when the file is shorter than it was, or cannot be read
   */
  prepare(
    range: PartRange,
    partSizeBytes: number,
    signal: AbortSignal,
    wanted: WantedHashes,
  ): Promise<PreparedPart>;
  /** Reads the whole file again and returns its tree hash. @throws TransferError `source` */
  treeHash(signal: AbortSignal, onRead?: OnRead): Promise<TreeHash>;
  /**
   * Compares the file at `path` now with `fingerprint`, both by path and by the open descriptor. A file that no longer
   * exists is `changed`.
   */
  compareNow(): Promise<Sameness>;
  /** Ends the threads' work on this file and closes it. Idempotent. Never fails: what was read is not lost by it. */
  close(): Promise<void>;
}

/** @throws TransferError `source`: missing, unreadable, not a regular file */
export type OpenSource = (path: string) => Promise<Source>;

/** Bytes that come once, in order: standard input, or the output of a command. */
export interface ByteStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * Waits for the writer, once the bytes have ended.
   * @throws TransferError `source` (`command`, `no-command`) when it failed: the bytes are then incomplete
   */
  confirmEnd(signal: AbortSignal): Promise<void>;
  /** Ends the reading, and the writer. Idempotent. Never fails. */
  close(): Promise<void>;
}

/** A part of a stream whose bytes are buffered. */
export interface BufferedPart {
  /** 0 only when the stream is empty. */
  readonly sizeBytes: number;
  /** Hashes the part in a hashing thread. Call it once; the part is released if this rejects. */
  prepare(range: PartRange, signal: AbortSignal, hashes: readonly PartHash[]): Promise<PreparedPart>;
  /** Gives the memory of a part that is not prepared back. Idempotent. */
  release(): void;
}

/** A stream that is cut into parts. */
export interface StreamSource {
  /**
   * Reads until a part is full or the stream ends; one call at a time. The signal ends the stream. Waits while all
   * buffers are in use: that bounds the pipeline. Only the first part may be empty.
   * @returns null when the stream has ended
   * @throws TransferError `source` (`unreadable`); `state` (`no-spool`) when a large part cannot be buffered on disk
   */
  next(signal: AbortSignal): Promise<BufferedPart | null>;
  /** See ByteStream. */
  confirmEnd(signal: AbortSignal): Promise<void>;
  /** Ends the threads' work on the stream, and the stream. Idempotent. Never fails. */
  close(): Promise<void>;
}

/** The folder in which large parts of a stream wait. */
export interface SpoolSpace {
  readonly path: string;
  readonly freeBytes: number;
  /** Parts of up to this size wait in memory. */
  readonly inMemoryPartMaxBytes: number;
}

export type OpenStream = (stream: ByteStream, partSizeBytes: number) => Promise<StreamSource>;
