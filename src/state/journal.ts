/** One upload's journal: its head put in place whole, everything after it appended. */

import { TransferError } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import type {
  Journal,
  JournalHead,
  RecordedPart,
  UnfinishedUpload,
  WholeArchive,
} from '../transfer/ports.js';
import { stateFailure } from './failures.js';
import { readJournal } from './journal-reader.js';
import { encodeHead, encodeRecord, type JournalRecord } from './journal-records.js';
import { appendLines, type LineAppender } from './line-appender.js';
import { openOwnFileForAppending, putFile, readOwnFile, removeFile } from './safe-file.js';

/**
 * Begins a journal.
 * @throws TransferError `bug` when there is one: overwriting it could lose a `completing` record
 * @throws TransferError `state` `not-writable`
 */
export async function createJournal(path: string, head: JournalHead, boot: string): Promise<Journal> {
  if ((await readOwnFile(path)) !== null) {
    throw new TransferError('bug', { detail: `${path} exists: it must be reopened` });
  }
  const file = await putFile(path, encodeHead(head, boot));
  const { mtime } = await file.stat();
  const upload: UnfinishedUpload = {
    head,
    fingerprint: head.fingerprint,
    parts: new Map(),
    completing: null,
    damagedLines: 0,
    isWhole: boot !== '',
    completingUncertain: false,
    lastActivityAt: mtime.toISOString(),
    journalPath: path,
  };
  return new FileJournal(upload, appendLines(file, path, false), boot);
}

/**
 * Goes on with a journal, read anew: the given reading may be older than the lock that we hold now.
 * @throws TransferError `state`: as readJournal; `damaged` when the journal is gone or another upload's
 */
export async function reopenJournal(known: UnfinishedUpload, boot: string): Promise<Journal> {
  const path = known.journalPath;
  const reading = await readJournal(path, boot);
  const file = reading === null ? null : await openOwnFileForAppending(path);
  if (reading === null || file === null) {
    throw stateFailure(
      'damaged',
      path,
      'it was removed a moment ago: another calve may have finished this upload',
    );
  }
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

  async recordPart(index: number, { treeHash, linearHash, etag }: RecordedPart): Promise<void> {
    const { partCount } = this.#upload.head.plan;
    if (index >= partCount) throw new TransferError('bug', { detail: `part ${index} of ${partCount}` });
    const part = etag === undefined ? { treeHash, linearHash } : { treeHash, linearHash, etag };
    await this.#append({ type: 'part', index, ...part }, false, {});
    this.#parts.set(index, part);
  }

  async recordListed(): Promise<void> {
    await this.#append({ type: 'listed', boot: this.#boot }, false, { isWhole: this.#boot !== '' });
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
