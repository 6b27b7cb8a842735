/** One upload's journal: its head is written as a whole, and everything after it is appended. */

import { TransferError } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import type {
  ArchiveMismatch,
  Journal,
  JournalHead,
  RecordedPart,
  UnfinishedUpload,
} from '../transfer/ports/state.js';
import type { WholeArchive } from '../transfer/ports/target.js';
import { readJournal } from './journal-reader.js';
import { encodeHead, encodeRecord, type JournalRecord } from './journal-records.js';
import { appendLines, type LineAppender } from './line-appender.js';
import { openOwnFileForAppending, putFile, readOwnFile, removeFile } from './safe-file.js';
import type { Trust } from './safe-folder.js';

/**
 * Creates a journal.
 * @throws TransferError `bug` when there is one: overwriting it could lose a `completing` record
 * @throws TransferError `state` `not-writable`
 */
export async function createJournal(
  path: string,
  head: JournalHead,
  boot: string,
  trust: Trust,
): Promise<Journal> {
  if ((await readOwnFile(path, trust)) !== null) {
    throw new TransferError('bug', { detail: `${path} exists already` });
  }
  const file = await putFile(path, encodeHead(head, boot));
  const upload: UnfinishedUpload = {
    head,
    fingerprint: head.fingerprint,
    parts: new Map(),
    completing: null,
    mismatch: null,
    damagedLines: 0,
    hasAllRecords: boot !== '',
    completingUncertain: false,
    lastActivityAt: new Date().toISOString(),
    journalPath: path,
  };
  return new FileJournal(upload, appendLines(file, path, false), boot);
}

/**
 * Opens a journal for appending. The caller holds its upload's lock, so that what is read stays true.
 * @returns null when there is no such journal
 * @throws TransferError `state`: as readJournal
 */
export async function openJournal(path: string, boot: string, trust: Trust): Promise<Journal | null> {
  const reading = await readJournal(path, boot, trust);
  const file = reading === null ? null : await openOwnFileForAppending(path, trust);
  if (reading === null || file === null) return null;
  return new FileJournal(reading.upload, appendLines(file, path, reading.isTorn), boot);
}

class FileJournal implements Journal {
  readonly #lines: LineAppender;
  readonly #parts: Map<number, RecordedPart>;
  readonly #boot: string;
  #upload: UnfinishedUpload;

  constructor(upload: UnfinishedUpload, lines: LineAppender, boot: string) {
    this.#boot = boot;
    this.#parts = new Map(upload.parts);
    this.#upload = { ...upload, parts: this.#parts };
    this.#lines = lines;
  }

  get upload(): UnfinishedUpload {
    return this.#upload;
  }

  async recordPart(index: number, { treeHash, linearHash, crc32, etag }: RecordedPart): Promise<void> {
    const { partCount } = this.#upload.head.plan;
    if (index >= partCount) throw new TransferError('bug', { detail: `part ${index} of ${partCount}` });
    const part = {
      treeHash,
      linearHash,
      ...(crc32 !== undefined && { crc32 }),
      ...(etag !== undefined && { etag }),
    };
    await this.#append({ type: 'part', index, ...part }, false, {});
    this.#parts.set(index, part);
  }

  async recordListed(): Promise<void> {
    await this.#append({ type: 'listed', boot: this.#boot }, false, { hasAllRecords: this.#boot !== '' });
  }

  async recordFingerprint(fingerprint: Fingerprint): Promise<void> {
    await this.#append({ type: 'fingerprint', fingerprint }, true, { fingerprint });
  }

  async recordCompleting(whole: WholeArchive): Promise<void> {
    const { sizeBytes, treeHash } = whole;
    await this.#append({ type: 'completing', sizeBytes, treeHash }, true, { completing: whole });
  }

  async recordReopened(): Promise<void> {
    await this.#append({ type: 'reopened' }, true, { completing: null });
  }

  async recordMismatch({ expected, got }: ArchiveMismatch): Promise<void> {
    const mismatch = { expected, got };
    await this.#append({ type: 'mismatch', ...mismatch }, true, { mismatch });
  }

  async remove(): Promise<void> {
    await this.close();
    await removeFile(this.#upload.journalPath);
  }

  close(): Promise<void> {
    return this.#lines.close();
  }

  async #append(record: JournalRecord, isSynced: boolean, change: Partial<UnfinishedUpload>): Promise<void> {
    await this.#lines.append(encodeRecord(record), isSynced);
    this.#upload = { ...this.#upload, ...change, lastActivityAt: new Date().toISOString() };
  }
}
