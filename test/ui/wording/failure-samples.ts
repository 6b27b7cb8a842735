/** Failures of every kind, for the tests of words and of JSON. The compiler proves that no kind is missing. */

import {
  type FailureContext,
  type FailureFacts,
  type FailureKind,
  type ServiceResponse,
  TransferError,
} from '../../../src/core/failures.js';
import { FLEET_SAMPLES } from './fleet-samples.js';

export const UPLOAD: FailureContext = {
  file: '/data/backup.tar',
  target: 'glacier://photos',
  uploadId: '-Xk3',
  resumable: true,
};

export const DENIED: ServiceResponse = {
  httpStatus: 403,
  code: 'AccessDeniedException',
  message: 'Access denied for account ID: 123456789012\x1b[31m',
  requestId: 'req-1',
  hostId: null,
  resource: null,
};

const HASH_A = 'a'.repeat(64);
const HASH_B = 'b'.repeat(64);

type Samples = { readonly [K in FailureKind]: readonly TransferError<K>[] };

function failure<K extends FailureKind>(
  kind: K,
  facts: FailureFacts[K],
  context: FailureContext = {},
  service?: ServiceResponse,
): TransferError<K> {
  const error = new TransferError(kind, facts, service === undefined ? {} : { service });
  error.context = context;
  return error;
}

const refusals = (
  [
    'no-credentials',
    'wrong-credentials',
    'clock',
    'no-longer-supported',
    'untrusted-certificate',
    'rejected',
    'quota',
    'too-large',
    'not-the-service',
  ] as const
).map((why) => failure('refused', { why, operation: 'create the upload', detail: null }));

const noCredentials = (operation: string) =>
  failure('refused', { why: 'no-credentials', operation, detail: null });

const missing = (what: FailureFacts['not-found']['what'], name: string) =>
  failure('not-found', { what, name, detail: null });

const sources = (
  [
    'missing',
    'no-working-folder',
    'unreadable',
    'no-resources',
    'empty',
    'empty-stream',
    'folder',
    'not-regular',
    'no-size',
    'changed',
    'other-upload',
  ] as const
).map((why) =>
  failure('source', { path: '/data/my files', why, detail: why === 'unreadable' ? 'EACCES' : null }, UPLOAD),
);

const found = (
  [
    ['folder-unreadable', 'EACCES: permission denied, scandir'],
    ['not-utf8', null],
    ['not-a-path', 'it has a NUL byte'],
    ['outside', null],
    ['same-name', '/data/other'],
    ['no-key', null],
  ] as const
).map(([why, detail]) => failure('source', { path: '/data/my\nfile', why, detail }));

const streams = (
  [
    ['short', '-', '3 of 7 bytes'],
    ['command', 'pg_dump', 'it ended with 3'],
    ['no-command', 'pg_dump', 'spawn pg_dump ENOENT'],
    ['read-once', '-', null],
  ] as const
).map(([why, path, detail]) => failure('source', { path, why, detail }, { ...UPLOAD, resumable: false }));

/** Failures of a stream that is sent once more. */
const resend = {
  uploadId: '-Xk3',
  target: { url: 's3://photos/db.sql', region: 'eu-west-1', endpoint: null, account: null },
  connection: { accountId: '-', profile: 'backup', pathStyle: false },
};
const RESENT = { file: 'db.sql', target: resend.target.url, uploadId: resend.uploadId, resend };
const resent = (
  [
    ['command', 'pg_dump', 'it ended with 3'],
    ['empty-stream', 'db.sql', null],
    ['other-upload', 'db.sql', 'part 0 has other bytes'],
    ['read-once', 'db.sql', null],
  ] as const
).map(([why, path, detail]) => failure('source', { path, why, detail }, { ...RESENT, resumable: true }));

const states = (
  [
    'damaged',
    'not-writable',
    'no-spool',
    'system',
    'no-folder',
    'no-home',
    'foreign',
    'open',
    'link',
    'no-access',
    'newer',
  ] as const
).map((why) =>
  failure('state', { path: '/state/x', why, detail: why === 'damaged' ? 'line 3' : null }, UPLOAD),
);

const LATE = {
  index: 17,
  sizeBytes: 16 * 1024 ** 2,
  elapsedMs: 271_000,
  partTimeMs: 270_000,
  sentBytes: 11 * 1024 ** 2,
  bytesPerSecond: 42_560,
};

export const SAMPLES: Samples = {
  usage: [
    failure('usage', {
      what: '--part-size 5M',
      why: 'a part is a power of two',
      hint: 'name one such as 16M',
    }),
    failure('usage', { what: 'target x\ny', why: 'it has no scheme', hint: null }),
  ],
  unreachable: [
    failure(
      'unreachable',
      { operation: 'send part 17', why: 'connection reset', attempts: 10, elapsedMs: 302_000 },
      UPLOAD,
    ),
    failure(
      'unreachable',
      { operation: 'create the upload', why: 'no answer', attempts: 1, elapsedMs: 400 },
      { file: '/data/a' },
    ),
  ],
  'too-slow': [
    failure('too-slow', { ...LATE, fittingPartSizeBytes: 8 * 1024 ** 2 }, UPLOAD),
    failure('too-slow', { ...LATE, bytesPerSecond: null, fittingPartSizeBytes: null }, UPLOAD),
  ],
  stopped: [
    failure('stopped', { signal: 'SIGINT' }, UPLOAD),
    failure('stopped', { signal: 'SIGTERM' }),
    failure('stopped', { signal: null }, UPLOAD),
  ],
  'not-found': [
    missing('vault', 'photos'),
    missing('bucket', 'photos'),
    missing('upload', '-Xk3'),
    missing('unfinished upload', '/data/backup.tar'),
    missing('catalogue entry', 'arch-1'),
    failure('not-found', { what: 'vault', name: 'photos', detail: null }, { target: 'local://photos' }),
  ],
  busy: [
    failure('busy', {
      what: '/data/backup.tar',
      holder: 'nas, process 4711',
      sinceMs: Date.UTC(2026, 10, 20, 10, 4),
    }),
    failure('busy', { what: '/data/backup.tar', holder: 'nas, process 4711', sinceMs: null }),
  ],
  refused: [
    ...refusals,
    ...['DescribeVault', 'FindCredentials'].map(noCredentials),
    failure('refused', { why: 'denied', operation: 'UploadMultipartPart', detail: null }, UPLOAD, DENIED),
    failure(
      'refused',
      { why: 'endpoint-unconfirmed', operation: 'resume the upload', detail: 'https://evil.example' },
      UPLOAD,
    ),
  ],
  source: [...sources, ...streams, ...found, ...resent],
  state: states,
  unrecorded: [failure('unrecorded', { archiveId: 'arch-1', path: '/data/calve', detail: 'ENOSPC' }, UPLOAD)],
  checksum: [
    failure('checksum', { what: 'part', index: 17, expected: HASH_A, got: HASH_B }, UPLOAD),
    failure('checksum', { what: 'part', index: 17, expected: HASH_A, got: '' }, UPLOAD),
    failure('checksum', { what: 'archive', index: null, expected: HASH_A, got: HASH_B }),
  ],
  limit: [
    ...(['part-number', 'part-too-small', 'too-large'] as const).flatMap((why) => [
      failure('limit', { limit: 'store', why, operation: 'UploadPart', partsMax: null }, UPLOAD),
      failure('limit', { limit: 'store', why, operation: 'UploadPart', partsMax: 1000 }, { file: '-' }),
    ]),
    ...(['key', 'description'] as const).map((thing) =>
      failure(
        'limit',
        { limit: 'name', thing, length: 1200, max: 1024, unit: thing === 'key' ? 'bytes' : 'characters' },
        { file: '/data/x' },
      ),
    ),
    failure('limit', { limit: 'stream', partsMax: 10_000, partSizeBytes: 64 * 1024 ** 2 }, { file: '-' }),
    failure(
      'limit',
      { limit: 'size', sizeBytes: 50 * 1024 ** 4, maxBytes: 40 * 1024 ** 4 },
      { file: '/data/huge' },
    ),
    failure(
      'limit',
      {
        limit: 'parts',
        partCount: 40_960,
        partsMax: 10_000,
        partSizeBytes: 1024 ** 2,
        fittingPartSizeBytes: 16 * 1024 ** 2,
      },
      { file: '/data/huge' },
    ),
  ],
  gone: [
    failure('gone', { uploadId: '-Xk3', completing: null }, { ...UPLOAD, resumable: false }),
    failure(
      'gone',
      { uploadId: '-Xk3', completing: { sizeBytes: 5_368_709_120, treeHash: HASH_A } },
      { ...UPLOAD, resumable: false },
    ),
  ],
  'inventory-pending': [
    ...[true, false].map((isNew) =>
      failure(
        'inventory-pending',
        { jobId: 'job-1', startedAt: '2026-11-26T04:00:00.000Z', isNew },
        { target: 'glacier://photos' },
      ),
    ),
    failure('inventory-pending', { jobId: null }, { target: 'glacier://photos' }),
  ],
  'archives-missing': [failure('archives-missing', { count: 1 }, { target: 'glacier://photos' })],
  'archives-different': [failure('archives-different', { count: 1000 }, { target: 's3://photos' })],
  ...FLEET_SAMPLES,
  exists: [failure('exists', { url: 's3://photos/backup.tar' }, UPLOAD)],
  'lines-refused': [
    failure('lines-refused', { path: '/tmp/list', count: 1, line: 7, why: 'torn' }),
    failure('lines-refused', { path: '-', count: 2000, line: 7, why: 'damaged' }),
  ],
  output: [
    failure('output', { detail: 'ENOSPC', archiveId: 'arch-1' }),
    failure('output', { detail: 'ENOSPC', archiveId: null }),
    failure('output', { detail: 'ENOSPC', archiveId: null, path: '/tmp/list' }),
  ],
  bug: [
    failure('bug', { detail: "TypeError: cannot read 'x'" }, UPLOAD),
    failure('bug', { detail: 'x is null' }),
  ],
};
