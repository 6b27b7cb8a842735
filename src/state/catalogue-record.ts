/** The catalogue entry of one archive as a line: flat, so that `cat *.json` gives JSON Lines. */
import { isAbsolute } from 'node:path';
import { TransferError } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import { type SourceIdentity, sourceName } from '../core/identity.js';
import type { CatalogueEntry } from '../transfer/ports/state.js';
import type { ObjectFacts } from '../transfer/ports/target.js';
import { decodeLine, encodeLine, type LineValue } from './checked-line.js';
import {
  isCount,
  isExactly,
  isFingerprint,
  isHash,
  isName,
  isObjectFacts,
  isOneOf,
  isPlan,
  isText,
  isTime,
  orNull,
  shape,
} from './shapes.js';

/** Entries that calve 0.1 cannot read have the newest version: objects whose checksum is recorded, or without an upload. */
const CATALOGUE_VERSION = 2;
const FIRST_VERSION = 1;
const NEWLINE = 10;

interface ArchiveRecord {
  readonly type: 'archive';
  readonly archiveId: string;
  readonly location: string | null;
  readonly uploadId: string | null;
  /** The path of a file, which is absolute; else the name of a stream. */
  readonly file: string;
  readonly target: string;
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly account: string | null;
  readonly description: string;
  readonly size: number;
  readonly partSize: number;
  readonly parts: number;
  readonly treeHash: string | null;
  readonly archivedAt: string;
  readonly fingerprint: Fingerprint;
  readonly object?: ObjectFacts;
  readonly version: typeof CATALOGUE_VERSION | typeof FIRST_VERSION;
}

const hasArchiveKeys = shape<ArchiveRecord>(
  {
    type: isExactly('archive'),
    archiveId: isName,
    location: orNull(isText),
    uploadId: orNull(isName),
    file: isName,
    target: isName,
    region: orNull(isText),
    endpoint: orNull(isText),
    account: orNull(isText),
    description: isText,
    size: isCount,
    partSize: isCount,
    parts: isCount,
    treeHash: orNull(isHash),
    archivedAt: isTime,
    fingerprint: isFingerprint,
    object: isObjectFacts,
    version: isOneOf(FIRST_VERSION, CATALOGUE_VERSION),
  },
  ['object'],
);

function planOf({ size, partSize, parts }: ArchiveRecord) {
  return { sizeBytes: size, partSizeBytes: partSize, partCount: parts };
}

function sourceOf(file: string): SourceIdentity {
  return isAbsolute(file) ? { kind: 'file', path: file } : { kind: 'stream', name: file };
}

function isArchiveRecord(value: unknown): value is ArchiveRecord {
  return hasArchiveKeys(value) && isPlan(planOf(value));
}

/** @throws TransferError `bug` for an entry that could not be read again */
export function encodeEntry(entry: CatalogueEntry): string {
  const { identity, plan, fingerprint } = entry;
  const isNew = entry.object?.checksum !== undefined || entry.uploadId === null;
  const record: ArchiveRecord = {
    type: 'archive',
    archiveId: entry.archiveId,
    location: entry.location,
    uploadId: entry.uploadId,
    file: sourceName(identity.source),
    target: identity.target.url,
    region: identity.target.region,
    endpoint: identity.target.endpoint,
    account: identity.target.account,
    description: entry.description,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    treeHash: entry.treeHash,
    archivedAt: entry.archivedAt,
    fingerprint,
    ...(entry.object !== undefined && { object: entry.object }),
    version: isNew ? CATALOGUE_VERSION : FIRST_VERSION,
  };
  if (!isArchiveRecord(record)) {
    throw new TransferError('bug', { detail: `no catalogue holds ${JSON.stringify(record)}` });
  }
  return encodeLine(record);
}

/** @returns the entry, `newer` for one of a later version, or null when it is damaged */
export function decodeEntry(bytes: Buffer): CatalogueEntry | 'newer' | null {
  return bytes.at(-1) === NEWLINE ? entryOf(decodeLine(bytes.subarray(0, -1))) : null;
}

const CHECK_KEY = Buffer.from('"check":');

/**
 * Decodes a line of an exported catalogue, without its newline. A line without `check` was edited on purpose: it must have
 * the right keys, and that is all.
 * @returns as decodeEntry
 */
export function decodeExported(line: Buffer): CatalogueEntry | 'newer' | null {
  return entryOf(line.includes(CHECK_KEY) ? decodeLine(line) : parsed(line));
}

function parsed(line: Buffer): LineValue | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function entryOf(value: LineValue | null): CatalogueEntry | 'newer' | null {
  if (value === null) return null;
  if (isCount(value.version) && value.version > CATALOGUE_VERSION) return 'newer';
  if (!isArchiveRecord(value)) return null;
  const { archiveId, location, uploadId, description, treeHash, fingerprint, archivedAt } = value;
  const { region, endpoint, account } = value;
  const target = { url: value.target, region, endpoint, account };
  const identity = { source: sourceOf(value.file), target };
  const plan = planOf(value);
  const entry = {
    archiveId,
    location,
    uploadId,
    identity,
    description,
    plan,
    treeHash,
    fingerprint,
    archivedAt,
  };
  return value.object === undefined ? entry : { ...entry, object: value.object };
}
