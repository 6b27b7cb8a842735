/** Notices of every name, for the tests of words and of JSON. */
import type { Notice } from '../../../src/transfer/events.js';

type NoticeOf<N extends Notice['notice']> = Extract<Notice, { notice: N }>;
type Facts<N extends Notice['notice']> = Omit<NoticeOf<N>, 'notice'>;

const target = { url: 'glacier://photos', region: null, endpoint: null, account: null };
const connection = { accountId: '-', profile: null, pathStyle: false };
const address = { uploadId: '-Xk3', target, connection };
const startedAt = '2026-11-19T08:00:00.000Z';

/** Every notice, and its line of text. The compiler proves that none is missing. */
export const NOTICE_LINES: { readonly [N in Notice['notice']]: readonly [Facts<N>, string] } = {
  'already-archived': [
    { archiveId: 'arch-1', archivedAt: '2026-11-20T10:04:05.678Z' },
    'this file was archived to this target on 2026-11-20 10:04 UTC: nothing was sent; --fresh sends it again',
  ],
  'older-version-unfinished': [
    { uploadId: '-Xk3', startedAt, address },
    'an upload of an older version of this file, started on 2026-11-19 08:00 UTC, is unfinished; abort it with: calve abort glacier://photos --upload-id=-Xk3',
  ],
  'left-unfinished': [
    { uploadId: '-Xk3', startedAt, address },
    'an earlier upload of this file, started on 2026-11-19 08:00 UTC, is no longer needed; abort it with: calve abort glacier://photos --upload-id=-Xk3',
  ],
  'superseded-aborted': [
    { uploadId: '-Xk3', startedAt },
    'an earlier upload of this file, started on 2026-11-19 08:00 UTC, was aborted: otherwise its parts would be billed forever',
  ],
  'archive-gone': [
    { archiveId: 's3://photos/a', archivedAt: startedAt },
    's3://photos/a, archived on 2026-11-19 08:00 UTC, was deleted or replaced: the file is sent again',
  ],
  'part-differs': [
    { index: 7 },
    'part 7 on the service has other bytes than this stream: it is sent again, as is every other part that differs',
  ],
  'default-class': [
    { storageClass: 'STANDARD' },
    'the storage class is STANDARD; --storage-class chooses a colder one, for example DEEP_ARCHIVE',
  ],
  'parts-may-remain': [
    { uploadId: '-Xk3', parts: 2 },
    'upload -Xk3 was aborted, but the service still lists 2 parts of it: storage may still be billed; abort it again later',
  ],
  'archive-unchecked': [
    { archiveId: 's3://photos/a' },
    'these credentials may not look at s3://photos/a (s3:GetObject): calve believes its catalogue that the archive is there',
  ],
  'parts-unchecked': [
    { parts: 3, target: 's3://photos/a' },
    'these credentials may not list the parts of the upload (s3:ListMultipartUploadParts): calve believes its own record of 3 parts, and the service checks them when the upload is completed',
  ],
  'completed-elsewhere': [
    { uploadId: '-Xk3' },
    'another program has completed upload -Xk3: the object has the bytes of this file, so nothing is sent again',
  ],
  'not-comparable': [
    {},
    'this store gives no checksum of the whole object that can be compared with the file; each part was checked when it was sent',
  ],
  'tags-missing': [
    {},
    'the store has not set the tags of --tagging on the object; set them afterwards, for example with: aws s3api put-object-tagging',
  ],
  'tags-unchecked': [
    {},
    'calve could not read the tags of the object, so it cannot tell whether the store has set those of --tagging',
  ],
  'looked-instead': [
    {},
    'this store does not support conditional requests: calve looked for an object under the key just before it completed the upload, and found none',
  ],
  'expired-created-again': [
    { uploadId: '-Xk3', lastActivityAt: startedAt },
    'the upload has expired, because it was idle since 2026-11-19 08:00 UTC; calve creates a new one',
  ],
  'gone-created-again': [
    { uploadId: '-Xk3' },
    'upload -Xk3 is no longer on the service: another program aborted or completed it; calve creates a new one',
  ],
  'comparing-again': [
    { parts: 12_000 },
    "the file's metadata changed, though its size and modification time are the same: 12,000 parts are read again and compared",
  ],
  'journal-damaged': [
    { path: '/state/\x1bx', lines: 2 },
    "/state/\\x1bx: 2 lines could not be read; calve uses the service's list of parts instead",
  ],
  'journal-left': [
    { path: '/state/x', detail: 'EROFS: read-only file system' },
    'the archive is recorded, but /state/x could not be removed (EROFS: read-only file system): the next run removes it',
  ],
  'create-repeated': [
    { attempts: 3, description: 'backup.tar' },
    'the request to create the upload was sent 3 times, and not every answer arrived: the service may keep an empty upload with the same description (backup.tar) until it is aborted (a vault removes it after 24 hours); calve list-uploads shows it',
  ],
  'fewer-at-once': [
    { from: 4, to: 1, bytesPerSecond: 104_858, partTimeMs: 270_000 },
    'the connection is slow (102 KiB/s), and a part must arrive within 4 min 30 s: 1 part is sent at a time instead of 4',
  ],
  'more-at-once': [
    { from: 1, to: 4, bytesPerSecond: 2 * 1024 ** 2 },
    'the connection is faster again (2 MiB/s): 4 parts are sent at a time instead of 1',
  ],
  'completing-again': [
    { uploadId: '-Xk3' },
    'an earlier run sent complete, and the result is not known: complete is sent again',
  ],
  'busy-skipped': [
    { file: '/data/a', holder: 'nas, process 4711' },
    '/data/a: another calve works on it (nas, process 4711): skipped',
  ],
  'certificates-not-verified': [
    {},
    'no certificate is verified (--no-verify-tls): whoever is on the way can pose as the service, and read and change the archive',
  ],
  'line-refused': [
    { path: '/tmp/list', line: 7, why: 'newer' },
    '/tmp/list, line 7: a newer version wrote it',
  ],
  imported: [
    { path: '/tmp/list', imported: 1000, present: 2, deleted: 0, refused: 1 },
    '/tmp/list: 1,000 archives imported, 2 in the catalogue already, 1 refused',
  ],
  'left-out': [
    { archiveId: 'arch-1', why: 'object' },
    'archive arch-1 is left out: mtglacier knows archives of vaults only',
  ],
  exported: [
    { path: '/tmp/list', exported: 1, leftOut: 1000 },
    '/tmp/list: 1 archive exported, 1,000 left out',
  ],
  audited: [
    {
      ...{ inventoryAt: startedAt, imported: 2 },
      ...{ ok: 1000, missing: 1, different: 0, unknown: 2, newer: 3, replaced: 0 },
    },
    'audited, by the inventory of 2026-11-19 08:00 UTC: 1,000 ok, 1 missing, 2 unknown, 3 newer, 2 imported',
  ],
  'account-unknown': [
    {},
    'the account number is unknown, because these credentials may not describe the vault (glacier:DescribeVault): calve distinguishes uploads without it',
  ],
  'in-use-elsewhere': [
    { uploadId: '-Xk3', createdAt: startedAt },
    'upload -Xk3, created on 2026-11-19 08:00 UTC, has not expired, so another machine is sending it: it is not aborted (--all aborts it too)',
  ],
  'nothing-aborted': [{ why: 'declined' }, 'the answer was not yes: nothing was aborted'],
  'nothing-to-resume': [{}, 'there is no unfinished upload to resume'],
  'next-page': [{ marker: '-Xk3' }, 'there are more entries; the next page: --marker=-Xk3'],
  'files-skipped': [
    { links: 2, pipes: 1, sockets: 1, devices: 3, loops: 1, mounts: 1 },
    'skipped: 2 symbolic links (--follow-links follows them), 1 pipe, 1 socket, 3 devices, 1 link to a folder above, 1 folder on another file system',
  ],
  'fleet-created-already': [
    { uploadId: '-Xk3', createdAt: '2026-11-20T10:04:00.000Z' },
    'the manifest exists already: its upload -Xk3 was created on 2026-11-20 10:04 UTC, and no other one is created',
  ],
  'fleet-orphan': [
    { uploadId: '-Xk3', address },
    'an earlier run was killed while it created the upload, and may have left this empty one; if no other program uses it, abort it with: calve abort glacier://photos --upload-id=-Xk3',
  ],
  'fleet-finished': [
    {},
    'the upload of this fleet was completed already: nothing is left to send, and calve verify compares a file with its archive',
  ],
  'receipts-damaged': [
    { path: '/mnt/a.fleet.receipts', lines: 2 },
    '/mnt/a.fleet.receipts: 2 lines could not be read; their parts are read again and compared',
  ],
  'fleet-in-use': [
    { uploadId: '-Xk3', manifest: '/mnt/my fleet' },
    "upload -Xk3 belongs to a fleet, so it is not aborted; its own command is: calve fleet abort '/mnt/my fleet'",
  ],
  'state-folder': [{ path: '/var/lib/calve' }, 'the state folder is /var/lib/calve'],
};
