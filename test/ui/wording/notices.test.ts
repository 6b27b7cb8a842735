import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../../src/transfer/events.js';
import { describeNotice } from '../../../src/ui/wording/notices.js';

type NoticeOf<N extends Notice['notice']> = Extract<Notice, { notice: N }>;
type Facts<N extends Notice['notice']> = Omit<NoticeOf<N>, 'notice'>;

const target = { url: 'glacier://photos', region: null, endpoint: null, account: null };
const connection = { accountId: '-', profile: null, pathStyle: false };
const address = { uploadId: '-Xk3', target, connection };
const env = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: true };
const startedAt = '2026-11-19T08:00:00.000Z';

/** Every notice that there is, and the line that it becomes. */
const LINES: { readonly [N in Notice['notice']]: readonly [Facts<N>, string] } = {
  'already-archived': [
    { archiveId: 'arch-1', archivedAt: '2026-11-20T10:04:05.678Z' },
    'this file was archived here on 2026-11-20 10:04 UTC: nothing was sent; --fresh sends it again',
  ],
  'older-version-unfinished': [
    { uploadId: '-Xk3', startedAt, address },
    'an upload of an older version of this file, begun on 2026-11-19 08:00 UTC, is unfinished; drop it with: calve abort glacier://photos --upload-id=-Xk3',
  ],
  'left-unfinished': [
    { uploadId: '-Xk3', startedAt, address },
    'an earlier upload of this file, begun on 2026-11-19 08:00 UTC, is needless now; drop it with: calve abort glacier://photos --upload-id=-Xk3',
  ],
  'superseded-aborted': [
    { uploadId: '-Xk3', startedAt },
    'an earlier upload of this file, begun on 2026-11-19 08:00 UTC, was aborted: its parts would have been billed for ever',
  ],
  'archive-gone': [
    { archiveId: 's3://photos/a', archivedAt: startedAt },
    's3://photos/a, archived on 2026-11-19 08:00 UTC, is not there any more as it was: sent again',
  ],
  'default-class': [
    { storageClass: 'STANDARD' },
    'stored as STANDARD; --storage-class names a colder one, as DEEP_ARCHIVE',
  ],
  'parts-may-remain': [
    { uploadId: '-Xk3', parts: 2 },
    'upload -Xk3 was aborted, but the service still lists 2 parts of it: storage may remain; abort it again later',
  ],
  'expired-created-again': [
    { uploadId: '-Xk3', lastActivityAt: startedAt },
    'the service dropped the upload, which was idle since 2026-11-19 08:00 UTC; begun anew',
  ],
  'gone-created-again': [
    { uploadId: '-Xk3' },
    'upload -Xk3 is gone from the service: it was aborted, or completed from elsewhere; begun anew',
  ],
  'comparing-again': [
    { parts: 12_000 },
    'the file was touched, though its size and time are the same: 12,000 parts are read again and compared',
  ],
  'journal-damaged': [
    { path: '/state/\x1bx', lines: 2 },
    "/state/\\x1bx: 2 lines could not be read; the service's own list stands in",
  ],
  'create-repeated': [
    { attempts: 3, description: 'backup.tar' },
    'begin was sent 3 times and not every answer came: the service may keep an empty upload of the same description (backup.tar) until it expires or is aborted; calve list-uploads shows it',
  ],
  'fewer-at-once': [
    { from: 4, to: 1, bytesPerSecond: 104_858, partTimeMs: 270_000 },
    'the line is slow (102 KiB/s), and a part must arrive within 4 min 30 s: 1 part is sent at once instead of 4',
  ],
  'more-at-once': [
    { from: 1, to: 4, bytesPerSecond: 2 * 1024 ** 2 },
    'the line is faster again (2 MiB/s): 4 parts are sent at once instead of 1',
  ],
  'completing-again': [
    { uploadId: '-Xk3' },
    'complete was sent before, and how that ended is not known: the service is asked again',
  ],
  'busy-skipped': [
    { file: '/data/a', holder: 'nas, process 4711' },
    '/data/a: another calve works on it (nas, process 4711); left to it',
  ],
  'account-unknown': [
    {},
    'the service does not say whose account this is (no right to describe the vault): uploads are told apart without it',
  ],
  'in-use-elsewhere': [
    { uploadId: '-Xk3', createdAt: startedAt },
    'upload -Xk3, begun on 2026-11-19 08:00 UTC, is sent by another machine, or the service would have dropped it: left alone (--all takes it too)',
  ],
  'next-page': [{ marker: '-Xk3' }, 'there are more; the next page: --marker=-Xk3'],
  'state-folder': [{ path: '/var/lib/calve' }, 'the state is kept in /var/lib/calve'],
};

for (const [notice, [facts, line]] of Object.entries(LINES)) {
  test(`the notice ${notice} is one line for people`, () => {
    assert.equal(describeNotice({ notice, ...facts } as Notice, env), line);
  });
}

test('a notice about a file begins with its name, once', () => {
  const file = '/data/b\x1bc';
  assert.match(
    describeNotice({ notice: 'gone-created-again', uploadId: '-X', file } as Notice, env),
    /^b\\x1bc: upload -X is gone/,
  );
  const busy = { notice: 'busy-skipped', file: '/data/a', holder: 'nas' } as const;
  assert.match(describeNotice(busy, env), /^\/data\/a: another calve/);
});

test('one part is not parts', () => {
  assert.match(describeNotice({ notice: 'comparing-again', parts: 1 }, env), /: 1 part is read again/);
});

test('a time that is none is not made up', () => {
  assert.match(
    describeNotice({ notice: 'already-archived', archiveId: 'a', archivedAt: 'yesterday' }, env),
    /archived here on \?: nothing/,
  );
});
