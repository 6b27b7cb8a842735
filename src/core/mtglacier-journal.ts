/**
 * The lines of mtglacier's journal. Source: vsespb/mt-aws-glacier, README ("Journal") and Journal.pm, version 1.110 and
 * later: version B is written; 0, A, B and C are read.
 */
import { GIB_BYTES } from './units.js';

export interface JournalArchive {
  /** Seconds since 1970. */
  readonly createdSeconds: number;
  readonly archiveId: string;
  readonly sizeBytes: number;
  /** Seconds since 1970; null: not known. */
  readonly mtimeSeconds: number | null;
  readonly treeHash: string;
  /** The path below the folder of the journal; null: not known, and the archive id stands for it. */
  readonly relativePath: string | null;
}

/** `other`: a line that neither creates nor deletes an archive. `newer`: of a version that mtglacier does not have yet. */
export type JournalLine =
  | { readonly type: 'created'; readonly archive: JournalArchive }
  | { readonly type: 'deleted'; readonly archiveId: string }
  | { readonly type: 'other' | 'damaged' | 'newer' | 'name' };

const TIME = '([0-9]{1,20})';
const CREATED = new RegExp(
  `^([ABC])\t${TIME}\tCREATED\t(\\S+)\t([0-9]{1,20})\t([+-]?[0-9]{1,20}|NONE)\t(\\S+)\t(.*)$`,
);
const DELETED = new RegExp(`^[ABC]\t${TIME}\tDELETED\t(\\S+)\t.*$`);
const RETRIEVE = new RegExp(`^(?:[ABC]\t${TIME}\tRETRIEVE_JOB\t\\S+\t.*|${TIME}\\s+RETRIEVE_JOB\\s+\\S+)$`);
const OLD_CREATED = new RegExp(`^${TIME} CREATED (\\S+) ([0-9]{1,20}) (\\S+) (.*)$`);
const OLD_DELETED = new RegExp(`^${TIME}\\s+DELETED\\s+(\\S+)\\s+.*$`);
const NEWER = /^[D-Z]\t/;

const TREE_HASH = /^[0-9a-f]{64}$/i;
/** The end of the year 9999: times are recorded with four digits for the year. */
const SECONDS_MAX = 253_402_300_799;
/** Source: Amazon Glacier developer guide, "Uploading Large Archives in Parts": 10,000 parts of 4 GiB. */
const ARCHIVE_MAX_BYTES = 10_000 * 4 * GIB_BYTES;

/** Returns the record in a line; the text has neither its newline nor a carriage return before that. */
export function parseJournalLine(text: string): JournalLine {
  const [, version = '', time = '', id = '', size = '', mtime = '', hash = '', name = ''] =
    CREATED.exec(text) ?? [];
  if (version !== '') {
    // Version A has no word for an unknown time: it has one wherever the id stands for the name.
    const isTimeKnown = mtime !== 'NONE' && !(version === 'A' && id === name);
    return created({ time, id, size, mtime: isTimeKnown ? mtime : null, hash, name });
  }
  const [old, oldTime = '', oldId = '', oldSize = '', oldHash = '', oldName = ''] =
    OLD_CREATED.exec(text) ?? [];
  if (old !== undefined)
    return created({ time: oldTime, id: oldId, size: oldSize, mtime: null, hash: oldHash, name: oldName });
  const deletedId = (DELETED.exec(text) ?? OLD_DELETED.exec(text))?.[2];
  if (deletedId !== undefined) return { type: 'deleted', archiveId: deletedId };
  if (RETRIEVE.test(text)) return { type: 'other' };
  return { type: NEWER.test(text) ? 'newer' : 'damaged' };
}

interface Fields {
  readonly time: string;
  readonly id: string;
  readonly size: string;
  readonly mtime: string | null;
  readonly hash: string;
  readonly name: string;
}

function created({ time, id, size, mtime, hash, name }: Fields): JournalLine {
  if (!isRelativeName(name)) return { type: 'name' };
  const archive = {
    createdSeconds: Number(time),
    archiveId: id,
    sizeBytes: Number(size),
    mtimeSeconds: mtime === null ? null : Number(mtime),
    treeHash: hash.toLowerCase(),
    relativePath: name === id ? null : name,
  };
  const { createdSeconds, sizeBytes, mtimeSeconds } = archive;
  const areTimes = createdSeconds <= SECONDS_MAX && Math.abs(mtimeSeconds ?? 0) <= SECONDS_MAX;
  if (!areTimes || sizeBytes > ARCHIVE_MAX_BYTES || !TREE_HASH.test(hash)) return { type: 'damaged' };
  return { type: 'created', archive };
}

/** Returns a line of version B, with its newline. The name must be one that mtglacier takes. */
export function formatCreated(archive: JournalArchive): string {
  const { createdSeconds, archiveId, sizeBytes, mtimeSeconds, treeHash, relativePath } = archive;
  const name = relativePath ?? archiveId;
  const fields = [
    'B',
    createdSeconds,
    'CREATED',
    archiveId,
    sizeBytes,
    mtimeSeconds ?? 'NONE',
    treeHash,
    name,
  ];
  return `${fields.join('\t')}\n`;
}

/** Returns true for a name that mtglacier takes. */
export function isRelativeName(name: string): boolean {
  if (name === '' || /[\r\n\t]/.test(name) || name.includes('//')) return false;
  return !name.startsWith('/') && !/(^|\/)\.\.?(\/|$)/.test(name);
}
