/** Notices in words, one line each. The compiler proves that every notice has its words. */
import { basename } from 'node:path';
import { formatDuration } from '../../core/units.js';
import type { Notice } from '../../transfer/events.js';
import { formatRate } from '../progress/progress-lines.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatTimestamp } from '../text/timestamps.js';
import { abortLine, type WordingEnvironment } from './paste-line.js';

type NoticeOf<N extends Notice['notice']> = Extract<Notice, { notice: N }>;

function parts(n: number): string {
  return n === 1 ? '1 part is' : `${n.toLocaleString('en-US')} parts are`;
}

function atRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? '' : ` (${formatRate(bytesPerSecond)})`;
}

const WORDINGS: {
  readonly [N in Notice['notice']]: (notice: NoticeOf<N>, env: WordingEnvironment) => string;
} = {
  'already-archived': ({ archivedAt }) =>
    `this file was archived here on ${formatTimestamp(archivedAt)}: nothing was sent; --fresh sends it again`,
  'older-version-unfinished': ({ startedAt, address }, env) =>
    `an upload of an older version of this file, begun on ${formatTimestamp(startedAt)}, is unfinished; drop it with: ${abortLine(address, env)}`,
  'left-unfinished': ({ startedAt, address }, env) =>
    `an earlier upload of this file, begun on ${formatTimestamp(startedAt)}, is needless now; drop it with: ${abortLine(address, env)}`,
  'superseded-aborted': ({ startedAt }) =>
    `an earlier upload of this file, begun on ${formatTimestamp(startedAt)}, was aborted: its parts would have been billed for ever`,
  'archive-gone': ({ archiveId, archivedAt }) =>
    `${safeWhole(archiveId)}, archived on ${formatTimestamp(archivedAt)}, is not there any more as it was: sent again`,
  'default-class': ({ storageClass }) =>
    `stored as ${safeText(storageClass)}; --storage-class names a colder one, as DEEP_ARCHIVE`,
  'parts-may-remain': (notice) =>
    `upload ${safeWhole(notice.uploadId)} was aborted, but the service still lists ${notice.parts === 1 ? '1 part' : `${notice.parts} parts`} of it: storage may remain; abort it again later`,
  'expired-created-again': ({ lastActivityAt }) =>
    `the service dropped the upload, which was idle since ${formatTimestamp(lastActivityAt)}; begun anew`,
  'gone-created-again': ({ uploadId }) =>
    `upload ${safeWhole(uploadId)} is gone from the service: it was aborted, or completed from elsewhere; begun anew`,
  'comparing-again': (notice) =>
    `the file was touched, though its size and time are the same: ${parts(notice.parts)} read again and compared`,
  'journal-damaged': ({ path, lines }) =>
    `${safeWhole(path)}: ${lines === 1 ? '1 line' : `${lines} lines`} could not be read; the service's own list stands in`,
  'create-repeated': ({ attempts, description }) =>
    `begin was sent ${attempts} times and not every answer came: the service may keep an empty upload of the same description (${safeText(description)}) until it expires or is aborted; calve list-uploads shows it`,
  'fewer-at-once': ({ from, to, bytesPerSecond, partTimeMs }) =>
    `the line is slow${atRate(bytesPerSecond)}, and a part must arrive within ${formatDuration(partTimeMs)}: ${parts(to)} sent at once instead of ${from}`,
  'more-at-once': ({ from, to, bytesPerSecond }) =>
    `the line is faster again${atRate(bytesPerSecond)}: ${parts(to)} sent at once instead of ${from}`,
  'completing-again': () =>
    'complete was sent before, and how that ended is not known: the service is asked again',
  'busy-skipped': ({ file, holder }) =>
    `${safeWhole(file)}: another calve works on it (${safeText(holder)}); left to it`,
  'account-unknown': () =>
    'the service does not say whose account this is (no right to describe the vault): uploads are told apart without it',
  'in-use-elsewhere': ({ uploadId, createdAt }) =>
    `upload ${safeWhole(uploadId)}, begun on ${formatTimestamp(createdAt)}, is sent by another machine, or the service would have dropped it: left alone (--all takes it too)`,
  'next-page': ({ marker }) => `there are more; the next page: --marker=${safeWhole(marker)}`,
  'state-folder': ({ path }) => `the state is kept in ${safeWhole(path)}`,
};

function wordingOf<N extends Notice['notice']>(
  notice: N,
): (notice: NoticeOf<N>, env: WordingEnvironment) => string {
  return WORDINGS[notice];
}

/** Notices that begin with their file by themselves. */
const NAMES_ITS_FILE: ReadonlySet<Notice['notice']> = new Set(['busy-skipped']);

/** One line for people, safe to print. Lines to paste in it are whole. */
export function describeNotice(notice: Notice & { readonly file?: string }, env: WordingEnvironment): string {
  const words: (notice: never, env: WordingEnvironment) => string = wordingOf(notice.notice);
  const isAbout = notice.file !== undefined && !NAMES_ITS_FILE.has(notice.notice);
  const about = isAbout ? `${safeWhole(basename(notice.file))}: ` : '';
  return about + words(notice as never, env);
}
