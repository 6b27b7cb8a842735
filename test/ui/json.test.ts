import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TransferError } from '../../src/core/failures.js';
import { archiveJson } from '../../src/ui/archive-json.js';
import {
  abortedJson,
  errorJson,
  hashJson,
  jsonLine,
  listeningJson,
  pageJson,
  partJson,
  unfinishedJson,
  uploadJson,
  verifiedJson,
} from '../../src/ui/json.js';
import { planJson } from '../../src/ui/plan-output.js';
import { ENTRY, OPEN, UNFINISHED } from './listing-samples.js';
import { DENIED, UPLOAD } from './wording/failure-samples.js';

const MIB_BYTES = 1024 ** 2;
const HASH_A = 'a'.repeat(64);
const DAY_MS = 86_400_000;

/** Compares text with text, so that the order of the keys counts too. */
function assertLine(object: { type: string }, line: string): void {
  assert.equal(jsonLine(object), line);
}

const ARCHIVE_HEAD = `{"type":"archive","file":"/data/backup.tar","target":"glacier://photos","uploadId":"-Xk3","archiveId":"arch-1","location":"/123456789012/vaults/photos/archives/arch-1","bucket":null,"key":null,"etag":null,"versionId":null,"storageClass":null,"size":41943040,"treeHash":"${HASH_A}","partSize":16777216,"parts":3`;

const ARCHIVE_TAIL =
  '"archivedAt":"2026-11-20T10:04:05.678Z","mtime":"2025-11-20T10:00:45.678Z","description":"backup.tar","region":"eu-west-1","account":"123456789012"}';

test('a new archive has the work of the run for it', () => {
  const run = { partsSent: 2, partsReused: 1, resumed: true, skipped: false, durationMs: 1234 };
  assertLine(
    archiveJson(ENTRY, run),
    `${ARCHIVE_HEAD},"partsSent":2,"partsReused":1,"resumed":true,"skipped":false,"durationMs":1234,${ARCHIVE_TAIL}`,
  );
});

test('an archive of the catalogue has the same keys, and no work of a run', () => {
  assertLine(
    archiveJson(ENTRY),
    `${ARCHIVE_HEAD},"partsSent":null,"partsReused":null,"resumed":null,"skipped":null,"durationMs":null,${ARCHIVE_TAIL}`,
  );
});

test('an archive that was imported has no upload id', () => {
  assert.equal(archiveJson({ ...ENTRY, uploadId: 'imported' }).uploadId, null);
});

test('an upload in progress has its time in milliseconds, and null for unknown facts', () => {
  assertLine(
    uploadJson(OPEN, 'glacier://photos', null),
    '{"type":"upload","uploadId":"-Xk3","target":"glacier://photos","key":null,"description":"backup\\t.tar","partSize":16777216,"createdAt":"2026-11-20T10:04:05.000Z","vaultArn":"arn:aws:glacier:eu-west-1:123456789012:vaults/photos","storageClass":null,"local":null}',
  );
  const local = { file: '/data/backup.tar', partsDone: 1, parts: 3 };
  assert.match(
    jsonLine(uploadJson({ ...OPEN, createdAt: 'soon' }, 'glacier://photos', local)),
    /"createdAt":null,.*"local":\{"file":"\/data\/backup.tar","partsDone":1,"parts":3\}\}$/,
  );
});

test('a part has its index, and an inclusive end, as in requests to the service', () => {
  const held = { startByte: 32 * MIB_BYTES, endByte: 40 * MIB_BYTES - 1, treeHash: HASH_A, etag: null };
  assertLine(
    partJson(held, 16 * MIB_BYTES),
    `{"type":"part","index":2,"start":33554432,"end":41943039,"size":8388608,"treeHash":"${HASH_A}","etag":null}`,
  );
});

test('an unfinished upload expires a while after its last activity, or never', () => {
  const head =
    '{"type":"unfinished","uploadId":"-Xk3","file":"/data/backup.tar","target":"glacier://photos","size":41943040,"partSize":16777216,"parts":3,"partsDone":1,"startedAt":"2026-11-20T10:00:00.000Z","lastActivityAt":"2026-11-20T10:04:05.678Z"';
  assertLine(unfinishedJson(UNFINISHED, DAY_MS), `${head},"expiresAt":"2026-11-21T10:04:05.678Z"}`);
  assertLine(unfinishedJson(UNFINISHED, null), `${head},"expiresAt":null}`);
});

test('an aborted upload has the answer of the service, if there was one', () => {
  const upload = { uploadId: '-Xk3', target: 'glacier://photos', key: null };
  assertLine(
    abortedJson(upload, { httpStatus: 204, requestId: 'req-1', hostId: null }),
    '{"type":"aborted","uploadId":"-Xk3","target":"glacier://photos","key":null,"httpStatus":204,"requestId":"req-1","hostId":null}',
  );
  assertLine(
    abortedJson(upload, null),
    '{"type":"aborted","uploadId":"-Xk3","target":"glacier://photos","key":null,"httpStatus":null,"requestId":null,"hostId":null}',
  );
});

test('the keys of the small objects have a fixed order', () => {
  assertLine(
    planJson({
      archivedAt: null,
      archiveId: null,
      uploadId: '-Xk3',
      storageClass: null,
      requests: 5,
      partsDone: 1,
      action: 'continue',
      parts: 3,
      partSize: 16,
      size: 40,
      target: 'glacier://photos',
      file: '-',
    }),
    '{"type":"plan","file":"-","target":"glacier://photos","action":"continue","size":40,"partSize":16,"parts":3,"partsDone":1,"requests":5,"storageClass":null,"uploadId":"-Xk3","archiveId":null,"archivedAt":null}',
  );
  assertLine(
    verifiedJson({ expected: 'x', treeHash: 'y', archiveId: 'arch-1', file: '/data/a' }),
    '{"type":"verified","file":"/data/a","archiveId":"arch-1","treeHash":"y","expected":"x","match":false}',
  );
  assert.equal(verifiedJson({ expected: 'x', treeHash: 'x', archiveId: 'a', file: 'f' }).match, true);
  assertLine(hashJson('-', 5, 'y'), '{"type":"hash","file":"-","size":5,"treeHash":"y"}');
  assertLine(
    listeningJson('http://127.0.0.1:4000', 'DEMO'),
    '{"type":"listening","url":"http://127.0.0.1:4000","accessKeyId":"DEMO"}',
  );
  assertLine(pageJson('m'), '{"type":"page","marker":"m"}');
  assertLine(pageJson(null), '{"type":"page","marker":null}');
});

const ENV = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: true };

test('an error has its words, its exit number, and the fields of the answer of the service', () => {
  const facts = { why: 'rejected', operation: 'send part 17', detail: null } as const;
  const error = new TransferError('refused', facts, { service: { ...DENIED, message: 'no' } });
  error.context = { ...UPLOAD, resumable: false };
  assertLine(
    errorJson(error, 12, ENV),
    '{"type":"error","kind":"refused","exitCode":12,"message":"could not send part 17 (/data/backup.tar to glacier://photos): the service refused the request; the service said: no (AccessDeniedException, HTTP 403, request id req-1)","hint":"see the answer of the service above","file":"/data/backup.tar","target":"glacier://photos","uploadId":"-Xk3","resumable":false,"httpStatus":403,"code":"AccessDeniedException","requestId":"req-1","hostId":null,"resource":null,"serviceMessage":"no","reason":null,"indicator":null}',
  );
});

test('a usage error has every key too', () => {
  const error = new TransferError('usage', { what: '--x', why: 'y', hint: null });
  assertLine(
    errorJson(error, 2, ENV),
    '{"type":"error","kind":"usage","exitCode":2,"message":"--x: y","hint":"calve --help lists the commands, calve COMMAND --help lists the options of one","file":null,"target":null,"uploadId":null,"resumable":false,"httpStatus":null,"code":null,"requestId":null,"hostId":null,"resource":null,"serviceMessage":null,"reason":null,"indicator":null}',
  );
});

test('a JSON line has no raw control characters, and a parser still reads the same text', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom('\x9b', '\u202e', '\u{e0041}', '\ud800', '\n'),
    ),
  });
  fc.assert(
    fc.property(text, (key) => {
      const line = jsonLine({ type: 'hash', file: key } as { type: string });
      assert.doesNotMatch(line, /[\p{Cc}\p{Cs}\u202a-\u202e\u{e0000}-\u{e007f}]/u);
      assert.deepEqual(JSON.parse(line), { type: 'hash', file: key });
    }),
  );
});
