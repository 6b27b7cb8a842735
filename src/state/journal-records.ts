/**
 * The records of a journal: a head, then one line for each event. Any change to a shape needs a new
 * JOURNAL_VERSION, so that an older calve says `newer` instead of `damaged`.
 */

import { TransferError } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import type { ArchiveMismatch, JournalHead, RecordedPart } from '../transfer/ports/state.js';
import type { WholeArchive } from '../transfer/ports/target.js';
import { decodeLine, encodeLine } from './checked-line.js';
import {
  type Guard,
  isConnection,
  isCount,
  isCrc32,
  isExactly,
  isFingerprint,
  isHash,
  isIdentity,
  isName,
  isObjectUpload,
  isPlan,
  isText,
  isTime,
  isWrittenEtag,
  orNull,
  shape,
} from './shapes.js';

const JOURNAL_VERSION = 2;

/** `boot` names the start of the machine under which a line was written (see UnfinishedUpload.hasAllRecords). */
type HeadRecord = { type: 'head'; version: typeof JOURNAL_VERSION; boot: string } & JournalHead;
type PartRecord = { type: 'part'; index: number } & RecordedPart;
type FingerprintRecord = { type: 'fingerprint'; fingerprint: Fingerprint };
type CompletingRecord = { type: 'completing' } & WholeArchive;
type ReopenedRecord = { type: 'reopened' };
type MismatchRecord = { type: 'mismatch' } & ArchiveMismatch;
type ListedRecord = { type: 'listed'; boot: string };
export type JournalRecord =
  | PartRecord
  | ListedRecord
  | FingerprintRecord
  | CompletingRecord
  | ReopenedRecord
  | MismatchRecord;

const isHeadRecord = shape<HeadRecord>(
  {
    type: isExactly('head'),
    version: isExactly(JOURNAL_VERSION),
    boot: isText,
    uploadId: isName,
    identity: isIdentity,
    connection: isConnection,
    plan: isPlan,
    description: isText,
    fingerprint: isFingerprint,
    startedAt: isTime,
    object: isObjectUpload,
  },
  ['object'],
);

const recordGuards = {
  part: shape<PartRecord>(
    {
      type: isExactly('part'),
      index: isCount,
      treeHash: isHash,
      linearHash: orNull(isHash),
      crc32: isCrc32,
      etag: isWrittenEtag,
    },
    ['crc32', 'etag'],
  ),
  fingerprint: shape<FingerprintRecord>({ type: isExactly('fingerprint'), fingerprint: isFingerprint }),
  completing: shape<CompletingRecord>({
    type: isExactly('completing'),
    sizeBytes: isCount,
    treeHash: isHash,
  }),
  listed: shape<ListedRecord>({ type: isExactly('listed'), boot: isText }),
  reopened: shape<ReopenedRecord>({ type: isExactly('reopened') }),
  mismatch: shape<MismatchRecord>({ type: isExactly('mismatch'), expected: isText, got: isText }),
} satisfies { [K in JournalRecord['type']]: Guard<Extract<JournalRecord, { type: K }>> };

function isRecord(value: unknown): value is JournalRecord {
  return Object.values(recordGuards).some((guard) => guard(value));
}

/** @throws TransferError `bug` for a head that could not be read again */
export function encodeHead(head: JournalHead, boot: string): string {
  // Each key is named, because a caller's object may have more keys, and no unknown key may reach the disk.
  const { uploadId, identity, connection, plan, description, fingerprint, startedAt, object } = head;
  const common = { uploadId, identity, connection, plan, description, fingerprint, startedAt };
  const record = object === undefined ? common : { ...common, object };
  return encodeIf(isHeadRecord, { type: 'head', version: JOURNAL_VERSION, boot, ...record });
}

/**
 * Returns an ETag as a part's line has it. Most are hex digits, base64 or similar, and stay readable. A service may
 * choose any other text: that is written in base64url after a `=`, because isTornPart knows a part's line by its
 * characters.
 */
function writtenEtag(etag: string): string {
  return /^[\w.+/-][\w.+/=-]{0,199}$/.test(etag) ? etag : `=${Buffer.from(etag).toString('base64url')}`;
}

function readEtag(written: string): string {
  return written.startsWith('=') ? Buffer.from(written.slice(1), 'base64url').toString() : written;
}

/** Returns the same record with another form of its ETag, if it has one. */
function withEtag<R extends JournalRecord>(record: R, form: (etag: string) => string): R {
  return 'etag' in record && typeof record.etag === 'string'
    ? { ...record, etag: form(record.etag) }
    : record;
}

/** @throws TransferError `bug` for a record that could not be read again */
export function encodeRecord(record: JournalRecord): string {
  return encodeIf(isRecord, withEtag(record, writtenEtag));
}

function encodeIf(isGood: (value: unknown) => boolean, record: object): string {
  if (!isGood(record)) {
    throw new TransferError('bug', { detail: `no journal holds ${JSON.stringify(record)}` });
  }
  return encodeLine(record);
}

/** A head with the boot that it was written under. */
export interface BootedHead {
  readonly head: JournalHead;
  readonly boot: string;
}

/** @returns the head, `newer` for one of a later version, or null when it is damaged */
export function decodeHead(line: Buffer): BootedHead | 'newer' | null {
  const value = decodeLine(line);
  if (value === null || value.type !== 'head') return null;
  if (isCount(value.version) && value.version > JOURNAL_VERSION) return 'newer';
  if (!isHeadRecord(value)) return null;
  const { type, version, boot, ...head } = value;
  return { head, boot };
}

/** @returns null when the line is damaged */
export function decodeRecord(line: Buffer): JournalRecord | null {
  const value = decodeLine(line);
  return isRecord(value) ? withEtag(value, readEtag) : null;
}

/**
 * Returns true if unreadable bytes can only be the beginning of a part line. No other record begins in this way, and each
 * begins with a brace: without one inside, no second record hides behind a lost newline.
 * @param ended true if a newline follows; then a whole line (with its closing brace) was not torn but altered
 */
export function isTornPart(line: Buffer, ended: boolean): boolean {
  const beginning = ended ? /^\{"type":"p[\w":,.+/=-]*$/ : /^\{"type":"p[\w":,.+/=-]*\}?$/;
  return beginning.test(line.toString('latin1'));
}
