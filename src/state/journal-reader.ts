/** Reads a journal: what it vouches for, and what it cannot vouch for any more. */
import { basename } from 'node:path';
import type { Fingerprint } from '../core/fingerprint.js';
import type { JournalHead, RecordedPart, UnfinishedUpload, WholeArchive } from '../transfer/ports.js';
import { stateFailure } from './failures.js';
import {
  type BootedHead,
  decodeHead,
  decodeRecord,
  isTornPart,
  type JournalRecord,
} from './journal-records.js';
import { recordName } from './names.js';
import { readOwnFile } from './safe-file.js';

export const JOURNAL_EXTENSION = '.jsonl';
const NEWLINE = 10;

export interface JournalReading {
  readonly upload: UnfinishedUpload;
  /** The last line has no end: what is appended must not glue onto it. */
  readonly isTorn: boolean;
}

/**
 * @returns null when there is no such journal (any more)
 * @throws TransferError `state`: `damaged` head, `newer` head, `foreign` file
 */
export async function readJournal(path: string, boot: string): Promise<JournalReading | null> {
  const file = await readOwnFile(path);
  if (file === null) return null;
  const parsed = parseJournal(file.bytes, path, { lastActivityAt: file.mtime.toISOString(), boot });
  const { identity, uploadId } = parsed.upload.head;
  // Files are found by their name: one under a wrong name would be missed where it matters.
  if (basename(path) !== `${recordName(identity, uploadId)}${JOURNAL_EXTENSION}`) {
    throw stateFailure('damaged', path, 'its name is not that of the upload in it');
  }
  return parsed;
}

/**
 * The pure part of readJournal.
 * @param now.boot the machine's present boot; '' where it can't be told
 * @throws TransferError `state`: `damaged` or `newer` head
 */
export function parseJournal(
  bytes: Buffer,
  path: string,
  now: { readonly lastActivityAt: string; readonly boot: string },
): JournalReading {
  const headEnd = bytes.indexOf(NEWLINE);
  const first = headEnd < 0 ? null : decodeHead(bytes.subarray(0, headEnd));
  if (first === 'newer') throw stateFailure('newer', path, 'a newer calve wrote it');
  if (first === null) throw stateFailure('damaged', path, 'its first line cannot be read');
  const { head } = first;
  const state = new Replay(first);
  let start = headEnd + 1;
  for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    state.replayLine(bytes.subarray(start, end));
    start = end + 1;
  }
  const isTorn = start < bytes.length;
  if (isTorn) state.drop(bytes.subarray(start), false);
  const { lastActivityAt, boot } = now;
  return { upload: { head, ...state.outcome(boot), lastActivityAt, journalPath: path }, isTorn };
}

/** A journal's lines, one after the other. */
class Replay {
  readonly #head: JournalHead;
  readonly #parts = new Map<number, RecordedPart>();
  #boot: string;
  #fingerprint: Fingerprint;
  #completing: WholeArchive | null = null;
  #damagedLines = 0;
  #completingUncertain = false;

  constructor({ head, boot }: BootedHead) {
    this.#head = head;
    this.#boot = boot;
    this.#fingerprint = head.fingerprint;
  }

  replayLine(line: Buffer): void {
    if (line.length === 0) return; // A torn line was ended that had been whole after all.
    const record = decodeRecord(line);
    if (record === null || (record.type === 'part' && record.index >= this.#head.plan.partCount)) {
      this.drop(line, true);
    } else {
      this.#apply(record);
    }
  }

  drop(line: Buffer, ended: boolean): void {
    this.#damagedLines += 1;
    if (!isTornPart(line, ended)) this.#completingUncertain = true;
  }

  #apply(record: JournalRecord): void {
    switch (record.type) {
      case 'part': {
        const { type, index, ...part } = record;
        this.#parts.set(index, part);
        break;
      }
      case 'listed':
        this.#boot = record.boot;
        break;
      case 'fingerprint':
        this.#fingerprint = record.fingerprint;
        break;
      case 'completing':
        this.#completing = { sizeBytes: record.sizeBytes, treeHash: record.treeHash };
        break;
      case 'reopened':
        // Withdraws every completing before it, one in a damaged line included.
        this.#completing = null;
        this.#completingUncertain = false;
    }
  }

  outcome(boot: string) {
    return {
      fingerprint: this.#fingerprint,
      parts: this.#parts,
      completing: this.#completing,
      damagedLines: this.#damagedLines,
      isWhole: this.#damagedLines === 0 && boot !== '' && boot === this.#boot,
      completingUncertain: this.#completingUncertain,
    };
  }
}
