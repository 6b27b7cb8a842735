/** Notices in words, one line each. The compiler proves that every notice has its words. */
import { basename } from 'node:path';
import { isStandardInput } from '../../core/identity.js';
import { SCHEMES } from '../../core/target-url.js';
import { formatDuration } from '../../core/units.js';
import type { Notice } from '../../transfer/events.js';
import { formatRate } from '../progress/progress-lines.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatTimestamp } from '../text/timestamps.js';
import { LEFT_OUT, LINE_FAULTS } from './import-words.js';
import { abortLine, pasteLine, type WordingEnvironment } from './paste-line.js';
import { actionOf } from './policy-actions.js';
import { count, safeFile } from './wording-parts.js';

type NoticeOf<N extends Notice['notice']> = Extract<Notice, { notice: N }>;

function parts(n: number): string {
  return n === 1 ? '1 part is' : `${n.toLocaleString('en-US')} parts are`;
}

function atRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? '' : ` (${formatRate(bytesPerSecond)})`;
}

/** Returns ` (s3:GetObject)`: the action that a policy must allow for an operation on this target. */
function neededAction(url: string, operation: string): string {
  const scheme = SCHEMES.find((each) => url.startsWith(`${each}://`));
  return scheme === undefined ? '' : ` (${actionOf(scheme, operation)})`;
}

const WORDINGS: {
  readonly [N in Notice['notice']]: (notice: NoticeOf<N>, env: WordingEnvironment) => string;
} = {
  'already-archived': ({ archivedAt }) =>
    `this file was archived to this target on ${formatTimestamp(archivedAt)}: nothing was sent; --fresh sends it again`,
  'older-version-unfinished': ({ startedAt, address }, env) =>
    `an upload of an older version of this file, started on ${formatTimestamp(startedAt)}, is unfinished; abort it with: ${abortLine(address, env)}`,
  'left-unfinished': ({ startedAt, address }, env) =>
    `an earlier upload of this file, started on ${formatTimestamp(startedAt)}, is no longer needed; abort it with: ${abortLine(address, env)}`,
  'superseded-aborted': ({ startedAt }) =>
    `an earlier upload of this file, started on ${formatTimestamp(startedAt)}, was aborted: otherwise its parts would be billed forever`,
  'archive-gone': ({ archiveId, archivedAt }) =>
    `${safeWhole(archiveId)}, archived on ${formatTimestamp(archivedAt)}, was deleted or replaced: the file is sent again`,
  'default-class': ({ storageClass }) =>
    `the storage class is ${safeText(storageClass)}; --storage-class chooses a colder one, for example DEEP_ARCHIVE`,
  'parts-may-remain': ({ uploadId, parts }) => {
    const finding =
      parts === null
        ? 'calve may not check whether parts remain'
        : `the service still lists ${count(parts, 'part')} of it`;
    return `upload ${safeWhole(uploadId)} was aborted, but ${finding}: storage may still be billed; abort it again later`;
  },
  'archive-unchecked': ({ archiveId }) =>
    `these credentials may not look at ${safeWhole(archiveId)}${neededAction(archiveId, 'HeadObject')}: calve believes its catalogue that the archive is there`,
  'parts-unchecked': ({ parts, target }) =>
    `these credentials may not list the parts of the upload${neededAction(target, 'ListParts')}: calve believes its own record of ${count(parts, 'part')}, and the service checks them when the upload is completed`,
  'completed-elsewhere': ({ uploadId }) =>
    `another program has completed upload ${safeWhole(uploadId)}: the object has the bytes of this file, so nothing is sent again`,
  'not-comparable': () =>
    'this store gives no checksum of the whole object that can be compared with the file; each part was checked when it was sent',
  'tags-missing': () =>
    'the store has not set the tags of --tagging on the object; set them afterwards, for example with: aws s3api put-object-tagging',
  'tags-unchecked': () =>
    'calve could not read the tags of the object, so it cannot tell whether the store has set those of --tagging',
  'looked-instead': () =>
    'this store does not support conditional requests: calve looked for an object under the key just before it completed the upload, and found none',
  'expired-created-again': ({ lastActivityAt }) =>
    `the upload has expired, because it was idle since ${formatTimestamp(lastActivityAt)}; calve creates a new one`,
  'gone-created-again': ({ uploadId }) =>
    `upload ${safeWhole(uploadId)} is no longer on the service: another program aborted or completed it; calve creates a new one`,
  'part-differs': ({ index }) =>
    `part ${index} on the service has other bytes than this stream: it is sent again, as is every other part that differs`,
  'comparing-again': (notice) =>
    `the file's metadata changed, though its size and modification time are the same: ${parts(notice.parts)} read again and compared`,
  'journal-damaged': ({ path, lines }) =>
    `${safeWhole(path)}: ${lines === 1 ? '1 line' : `${lines} lines`} could not be read; calve uses the service's list of parts instead`,
  'journal-left': ({ path, detail }) =>
    `the archive is recorded, but ${safeWhole(path)} could not be removed${detail === null ? '' : ` (${safeText(detail)})`}: the next run removes it`,
  'create-repeated': ({ attempts, description }) =>
    `the request to create the upload was sent ${attempts} times, and not every answer arrived: the service may keep an empty upload with the same description (${safeText(description)}) until it is aborted (a vault removes it after 24 hours); calve list-uploads shows it`,
  'fewer-at-once': ({ from, to, bytesPerSecond, partTimeMs }) =>
    `the connection is slow${atRate(bytesPerSecond)}, and a part must arrive within ${formatDuration(partTimeMs)}: ${parts(to)} sent at a time instead of ${from}`,
  'more-at-once': ({ from, to, bytesPerSecond }) =>
    `the connection is faster again${atRate(bytesPerSecond)}: ${parts(to)} sent at a time instead of ${from}`,
  'completing-again': () =>
    'an earlier run sent complete, and the result is not known: complete is sent again',
  'busy-skipped': ({ file, holder }) =>
    `${safeWhole(file)}: another calve works on it (${safeText(holder)}): skipped`,
  'account-unknown': () =>
    'the account number is unknown, because these credentials may not describe the vault (glacier:DescribeVault): calve distinguishes uploads without it',
  'in-use-elsewhere': ({ uploadId, createdAt }) =>
    `upload ${safeWhole(uploadId)}, created on ${formatTimestamp(createdAt)}, has not expired, so another machine is sending it: it is not aborted (--all aborts it too)`,
  'nothing-aborted': ({ why }) =>
    why === 'declined' ? 'the answer was not yes: nothing was aborted' : 'there is no upload to abort',
  'nothing-to-resume': () => 'there is no unfinished upload to resume',
  'certificates-not-verified': () =>
    'no certificate is verified (--no-verify-tls): whoever is on the way can pose as the service, and read and change the archive',
  'next-page': ({ marker }) => `there are more entries; the next page: --marker=${safeWhole(marker)}`,
  audited: (notice) => {
    const inventory =
      notice.inventoryAt === null ? '' : `, by the inventory of ${formatTimestamp(notice.inventoryAt)}`;
    const found = (['missing', 'different', 'unknown', 'newer', 'replaced'] as const)
      .filter((result) => notice[result] > 0)
      .map((result) => `${notice[result].toLocaleString('en-US')} ${result}`);
    const imported = notice.imported > 0 ? [`${notice.imported.toLocaleString('en-US')} imported`] : [];
    return `audited${inventory}: ${[`${notice.ok.toLocaleString('en-US')} ok`, ...found, ...imported].join(', ')}`;
  },
  'line-refused': ({ path, line, why }) => `${safeFile(path)}, line ${line}: ${LINE_FAULTS[why]}`,
  imported: ({ path, imported, present, deleted, refused }) => {
    const others = { 'in the catalogue already': present, 'deleted since': deleted, refused };
    const found = Object.entries(others).filter(([, n]) => n > 0);
    const counts = found.map(([what, n]) => `${n.toLocaleString('en-US')} ${what}`);
    return `${safeFile(path)}: ${[`${count(imported, 'archive')} imported`, ...counts].join(', ')}`;
  },
  'left-out': ({ archiveId, why }) => `archive ${safeWhole(archiveId)} is left out: ${LEFT_OUT[why]}`,
  exported: ({ path, exported, leftOut }) => {
    const others = leftOut === 0 ? '' : `, ${leftOut.toLocaleString('en-US')} left out`;
    const name = isStandardInput(path) ? 'standard output' : safeWhole(path);
    return `${name}: ${count(exported, 'archive')} exported${others}`;
  },
  'files-skipped': ({ links, pipes, sockets, devices, loops, mounts }) => {
    const found = [
      links > 0 ? `${count(links, 'symbolic link')} (--follow-links follows them)` : '',
      ...[pipes > 0 ? count(pipes, 'pipe') : '', sockets > 0 ? count(sockets, 'socket') : ''],
      devices > 0 ? count(devices, 'device') : '',
      loops > 0 ? `${count(loops, 'link')} to a folder above` : '',
      mounts > 0 ? `${count(mounts, 'folder')} on another file system` : '',
    ];
    return `skipped: ${found.filter((words) => words !== '').join(', ')}`;
  },
  'fleet-created-already': ({ uploadId, createdAt }) =>
    `the manifest exists already: its upload ${safeWhole(uploadId)} was created on ${formatTimestamp(createdAt)}, and no other one is created`,
  'fleet-orphan': ({ address }, env) =>
    `an earlier run was killed while it created the upload, and may have left this empty one; if no other program uses it, abort it with: ${abortLine(address, env)}`,
  'fleet-finished': () =>
    'the upload of this fleet was completed already: nothing is left to send, and calve verify compares a file with its archive',
  'receipts-damaged': ({ path, lines }) =>
    `${safeWhole(path)}: ${count(lines, 'line')} could not be read; their parts are read again and compared`,
  'fleet-in-use': ({ uploadId, manifest }) =>
    `upload ${safeWhole(uploadId)} belongs to a fleet, so it is not aborted; its own command is: ${pasteLine(['calve', 'fleet', 'abort', manifest])}`,
  'state-folder': ({ path }) => `the state folder is ${safeWhole(path)}`,
};

function wordingOf<N extends Notice['notice']>(
  notice: N,
): (notice: NoticeOf<N>, env: WordingEnvironment) => string {
  return WORDINGS[notice];
}

/** The notices whose own words start with the file. */
const NAMES_ITS_FILE: ReadonlySet<Notice['notice']> = new Set(['busy-skipped']);

/** Returns one line for people, safe to print. A command line in it is never cut. */
export function describeNotice(notice: Notice & { readonly file?: string }, env: WordingEnvironment): string {
  const words: (notice: never, env: WordingEnvironment) => string = wordingOf(notice.notice);
  const isAbout = notice.file !== undefined && !NAMES_ITS_FILE.has(notice.notice);
  const about = isAbout
    ? `${isStandardInput(notice.file) ? 'standard input' : safeWhole(basename(notice.file))}: `
    : '';
  return about + words(notice as never, env);
}
