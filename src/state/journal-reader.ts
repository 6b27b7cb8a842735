/** Reads a journal: what it proves, and what it can no longer prove. */
import { basename } from 'node:path';
import type { Fingerprint } from '../core/fingerprint.js';
import type {
  ArchiveMismatch,
  JournalHead,
  RecordedPart,
  UnfinishedHead,
  UnfinishedUpload,
} from '../transfer/ports/state.js';
import type { WholeArchive } from '../transfer/ports/target.js';
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
import type { Trust } from './safe-folder.js';

export const JOURNAL_EXTENSION = '.jsonl';
const NEWLINE = 10;

export interface JournalReading {
  readonly upload: UnfinishedUpload;
  /** True when the last line has no end: the next line must not be joined to it. */
  readonly isTorn: boolean;
}

/**
 * Reads a whole journal.
 * @param boot the machine's present boot; '' where it is unknown
 * @returns null when there is no such journal (any more)
 * @throws TransferError `state`: `damaged` head, `newer` head, `foreign` file
 */
export async function readJournal(path: string, boot: string, trust: Trust): Promise<JournalReading | null> {
  const file = await readOwnFile(path, trust);
  if (file === null) return null;
  const parsed = parseJournal(file.bytes, path, { lastActivityAt: file.mtime.toISOString(), boot });
  checkName(path, parsed.upload.head);
  return parsed;
}

/** The first line of a journal is far shorter, whatever its path and description. */
const HEAD_MAX_BYTES = 256 * 1024;

/**
 * Reads the head of a journal alone.
 * @returns null when there is no such journal (any more)
 * @throws TransferError `state`: `damaged` head, `newer` head, `foreign` file
 */
export async function readHead(path: string, trust: Trust): Promise<UnfinishedHead | null> {
  const file = await readOwnFile(path, trust, HEAD_MAX_BYTES);
  if (file === null) return null;
  const { head } = parseHead(file.bytes, path);
  checkName(path, head);
  return { head, journalPath: path };
}

/** Files are found by their name: a journal under a wrong name would be missed when it matters. */
function checkName(path: string, { identity, uploadId }: JournalHead): void {
  if (basename(path) === `${recordName(identity, uploadId)}${JOURNAL_EXTENSION}`) return;
  throw stateFailure('damaged', path, 'its name is not that of the upload in it');
}

/** @throws TransferError `state`: `damaged` or `newer` head */
function parseHead(bytes: Buffer, path: string): BootedHead {
  const headEnd = bytes.indexOf(NEWLINE);
  const first = headEnd < 0 ? null : decodeHead(bytes.subarray(0, headEnd));
  if (first === 'newer') throw stateFailure('newer', path, 'a newer calve wrote it');
  if (first === null) throw stateFailure('damaged', path, 'its first line cannot be read');
  return first;
}

/**
 * The pure part of readJournal.
 * @param now.boot the machine's present boot; '' where it is unknown
 * @throws TransferError `state`: `damaged` or `newer` head
 */
export function parseJournal(
  bytes: Buffer,
  path: string,
  now: { readonly lastActivityAt: string; readonly boot: string },
): JournalReading {
  const first = parseHead(bytes, path);
  const { head } = first;
  const state = new Replay(first);
  let start = bytes.indexOf(NEWLINE) + 1;
  for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    state.replayLine(bytes.subarray(start, end));
    start = end + 1;
  }
  const isTorn = start < bytes.length;
  if (isTorn) state.drop(bytes.subarray(start), false);
  const { lastActivityAt, boot } = now;
  return { upload: { head, ...state.outcome(boot), lastActivityAt, journalPath: path }, isTorn };
}

/** Applies a journal's lines, one after the other. */
class Replay {
  readonly #head: JournalHead;
  readonly #parts = new Map<number, RecordedPart>();
  #boot: string;
  #fingerprint: Fingerprint;
  #completing: WholeArchive | null = null;
  #mismatch: ArchiveMismatch | null = null;
  #damagedLines = 0;
  #completingUncertain = false;

  constructor({ head, boot }: BootedHead) {
    this.#head = head;
    this.#boot = boot;
    this.#fingerprint = head.fingerprint;
  }

  replayLine(line: Buffer): void {
    if (line.length === 0) return; // The next line ended a line that was complete after all.
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
        // Withdraws every completing record before it, even one in a damaged line.
        this.#completing = null;
        this.#completingUncertain = false;
        break;
      case 'mismatch':
        this.#mismatch = { expected: record.expected, got: record.got };
    }
  }

  outcome(boot: string) {
    return {
      fingerprint: this.#fingerprint,
      parts: this.#parts,
      completing: this.#completing,
      mismatch: this.#mismatch,
      damagedLines: this.#damagedLines,
      hasAllRecords: this.#damagedLines === 0 && boot !== '' && boot === this.#boot,
      completingUncertain: this.#completingUncertain,
    };
  }
}
