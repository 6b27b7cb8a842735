import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureKind, TransferError } from '../../../src/core/failures.js';
import { describeFailure, failureText } from '../../../src/ui/wording/failures.js';
import type { WordingEnvironment } from '../../../src/ui/wording/paste-line.js';
import { DENIED, SAMPLES, UPLOAD } from './failure-samples.js';

const AT_TERMINAL: WordingEnvironment = {
  stateDirectory: '/state',
  stateDirectoryGiven: false,
  isTerminal: true,
};

const HASH_A = 'a'.repeat(64);
const HASH_B = 'b'.repeat(64);

/** What a person reads, sample by sample. */
const TEXTS: { readonly [K in FailureKind]: readonly (readonly [string, string])[] } = {
  usage: [
    ['calve: --part-size 5M: a part is a power of two', 'hint: name one such as 16M'],
    [
      'calve: target x\\ny: it has no scheme',
      'hint: calve --help lists the commands, calve COMMAND --help the options of one',
    ],
  ],
  unreachable: [
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): connection reset, after 10 attempts in 5 min 2 s',
      'hint: calve resume /data/backup.tar',
    ],
    [
      'calve: could not begin the upload (/data/a): no answer, after 1 attempt in 0.4 s',
      'hint: run the same command again later',
    ],
  ],
  'too-slow': [
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): with the line to itself (41.6 KiB/s) its 16 MiB did not arrive within 4 min 30 s, which is how long its signature holds',
      'hint: --fresh --part-size 8M begins anew with the largest parts that this line carries; on a faster line: calve resume /data/backup.tar',
    ],
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): with the line to itself its 16 MiB did not arrive within 4 min 30 s, which is how long its signature holds',
      'hint: no part size that this file can have is small enough; on a faster line: calve resume /data/backup.tar',
    ],
  ],
  stopped: [
    [
      'calve: stopped (/data/backup.tar to glacier://photos): SIGINT; what was sent is kept',
      'hint: calve resume /data/backup.tar',
    ],
    ['calve: stopped: SIGTERM', 'hint: run the same command again'],
  ],
  'not-found': [
    [
      'calve: vault photos: the service knows no such vault',
      'hint: check its name, the region and the account; calve makes vaults on local:// only',
    ],
    [
      'calve: bucket photos: the service knows no such bucket',
      'hint: check its name, the region and the endpoint; calve makes no buckets',
    ],
    [
      'calve: upload -Xk3: the service knows no such upload: it was completed, aborted, or idle for too long',
      'hint: calve list-uploads TARGET shows the uploads in progress',
    ],
    [
      'calve: unfinished upload /data/backup.tar: the state folder knows no such upload (/state)',
      'hint: calve status lists those that it knows, --state-dir names another folder',
    ],
    [
      'calve: catalogue entry arch-1: the catalogue has no such entry',
      'hint: calve archives lists its entries',
    ],
  ],
  busy: [
    [
      'calve: /data/backup.tar: another calve works on it: nas, process 4711, since 2026-11-20 10:04 UTC',
      'hint: let it finish, or wait for it with --lock-wait 1h',
    ],
    [
      'calve: /data/backup.tar: another calve works on it: nas, process 4711',
      'hint: let it finish, or wait for it with --lock-wait 1h',
    ],
  ],
  refused: [
    [
      'calve: could not begin the upload: no credentials were found',
      'hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has them with --profile; a profile that is named is asked alone',
    ],
    [
      'calve: could not begin the upload: the service does not accept these credentials',
      'hint: check the access key, its secret and the region; temporary credentials need their AWS_SESSION_TOKEN, and must not have expired',
    ],
    [
      "calve: could not begin the upload: this machine's clock and the service's differ too much for a signature to hold",
      'hint: set the clock (timedatectl status shows it)',
    ],
    [
      'calve: could not begin the upload: this account cannot use vaults any more; since 15 December 2025 the service takes no new customers',
      'hint: send it to a bucket instead: calve upload FILE s3://BUCKET/KEY --storage-class DEEP_ARCHIVE',
    ],
    [
      'calve: could not begin the upload: the service refuses the request',
      'hint: see what the service said above',
    ],
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): these credentials may not do this; the service said: Access denied for account ID: 123456789012\\x1b[31m (AccessDeniedException, HTTP 403, request id req-1)',
      'hint: allow it in the policy of the user and of the vault (glacier:InitiateMultipartUpload, UploadMultipartPart, ListParts, ListMultipartUploads, CompleteMultipartUpload, AbortMultipartUpload, DescribeVault), or name another profile with --profile, then: calve resume /data/backup.tar',
    ],
    [
      "calve: could not go on (/data/backup.tar to glacier://photos): the recorded endpoint is neither the service's own nor on this machine: https://evil.example",
      'hint: if you know that endpoint, confirm it by giving the same --endpoint-url; if not, somebody may have changed the state folder',
    ],
  ],
  source: [
    [
      'calve: /data/my files: there is no such file',
      'hint: check the path, then: calve resume /data/backup.tar',
    ],
    [
      'calve: /data/my files: the file cannot be read: EACCES',
      'hint: check its permissions and the disk that it is on, then: calve resume /data/backup.tar',
    ],
    ['calve: /data/my files: the file is empty, and a vault takes no empty archive', 'hint: leave it out'],
    [
      'calve: /data/my files: this is a folder, and not a regular file',
      "hint: pack it into one file first: tar -cf '/data/my files.tar' '/data/my files'",
    ],
    [
      'calve: /data/my files: this is a pipe, a socket or a device, and not a regular file',
      "hint: send what it gives as a stream: calve upload - TARGET < '/data/my files'",
    ],
    [
      'calve: /data/my files: the file changed since its upload began, so no archive was made of it',
      'hint: run calve upload again when nothing writes to the file: it begins anew with the file as it is then',
    ],
    [
      'calve: /data/my files: the upload holds parts of another file',
      'hint: check the file and the upload id; calve list-parts shows what the upload holds',
    ],
    [
      'calve: standard input: the stream ended before the size that --expected-size foretold, so no archive was made of it: 3 of 7 bytes',
      'hint: see why its writer ended early, or leave --expected-size away; then run the same command again: it begins anew',
    ],
    [
      'calve: pg_dump: the command did not end well, so no archive was made of what it printed: it ended with 3',
      'hint: see what it said, and run the same calve command again: it begins anew',
    ],
    [
      'calve: pg_dump: the command could not be started: spawn pg_dump ENOENT',
      'hint: check its name and the PATH',
    ],
    [
      'calve: standard input: what was read from standard input cannot be read again',
      'hint: run the whole pipeline again with calve upload: it begins anew; calve abort drops this upload',
    ],
  ],
  state: [
    [
      'calve: /state/x: what calve recorded there is damaged: line 3',
      "hint: move it away; the service's own list of parts is enough to go on with: calve resume /data/backup.tar glacier://photos --upload-id=-Xk3",
    ],
    [
      'calve: /state/x: calve cannot write there',
      'hint: make room on that disk or fix its permissions, then: calve resume /data/backup.tar',
    ],
    [
      'calve: /state/x: calve needs a folder there',
      'hint: move aside what is in the way, or name another folder: --state-dir, --catalogue',
    ],
    [
      'calve: /state/x: it belongs to someone else, or others may write to it',
      'hint: make it yours alone: chmod go= /state/x',
    ],
    ['calve: /state/x: a newer calve wrote it', 'hint: run that newer calve'],
  ],
  unrecorded: [
    [
      'calve: archive arch-1: it exists, but that could not be recorded in /data/calve: ENOSPC',
      'hint: keep the id above, and fix that folder, then: calve resume /data/backup.tar',
    ],
  ],
  checksum: [
    [
      `calve: checksum of part 17 (/data/backup.tar to glacier://photos): it stayed wrong: the file's is ${HASH_A}, the service's ${HASH_B}`,
      "hint: keep the file; check this machine's memory and network, then: calve resume /data/backup.tar",
    ],
    [
      `calve: checksum of the archive: it stayed wrong: the file's is ${HASH_A}, the service's ${HASH_B}`,
      "hint: keep the file; check this machine's memory and network",
    ],
  ],
  limit: [
    [
      'calve: standard input: it goes on after 10,000 parts of 64 MiB, and an upload may have no more',
      'hint: foretell about how long it will be, as in --expected-size 2T: that makes the parts larger',
    ],
    [
      'calve: /data/huge: its 50 TiB are more than the 40 TiB that an archive may have',
      'hint: cut it into smaller files (split --bytes), and send those',
    ],
    [
      'calve: /data/huge with --part-size 1M: 40,960 parts are more than the 10,000 parts that an upload may have',
      'hint: --part-size 16M fits, and --part-size auto finds it',
    ],
  ],
  gone: [
    [
      'calve: upload -Xk3 (/data/backup.tar to glacier://photos): it is gone from the service: it was aborted, or completed from elsewhere',
      'hint: calve upload of the same file begins anew, and sends it again',
    ],
    [
      `calve: upload -Xk3 (/data/backup.tar to glacier://photos): it is gone from the service, and it was being completed: the archive may exist (5368709120 bytes, tree hash ${HASH_A})`,
      'hint: the next inventory tells; upload --fresh sends again, abort --drop-record drops what is recorded here',
    ],
  ],
  exists: [
    [
      'calve: s3://photos/backup.tar: an object is there already, and --no-overwrite keeps it',
      'hint: name another key, or leave --no-overwrite away to replace it',
    ],
  ],
  output: [
    [
      'calve: could not write to standard output: ENOSPC; archive arch-1 exists all the same',
      'hint: calve archives lists what was archived',
    ],
    ['calve: could not write to standard output: ENOSPC', 'hint: make room where the output goes'],
  ],
  bug: [
    [
      "calve: a bug in calve: TypeError: cannot read 'x'",
      'hint: please report it with what --debug prints, then: calve resume /data/backup.tar',
    ],
    ['calve: a bug in calve: x is null', 'hint: please report it with what --debug prints'],
  ],
};

for (const kind of Object.keys(TEXTS) as FailureKind[]) {
  test(`a failure of kind ${kind} says what failed, why, and what to do`, () => {
    const errors: readonly TransferError[] = SAMPLES[kind];
    const texts = errors.map((error) => failureText(describeFailure(error, AT_TERMINAL)));
    assert.deepEqual(
      texts,
      TEXTS[kind].map(([what, hint]) => `${what}\n${hint}\n`),
    );
    for (const text of texts) assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
  });
}

test('every hint to resume off a terminal names the state folder, because the HOME of cron is another', () => {
  const [unreachable] = SAMPLES.unreachable;
  assert.ok(unreachable);
  const { hint } = describeFailure(unreachable, { ...AT_TERMINAL, isTerminal: false });
  assert.equal(hint, 'calve resume --state-dir /state /data/backup.tar');
});

test('what the service said is cut, and not said twice', () => {
  const [denied] = SAMPLES.refused.filter((error) => error.facts.why === 'denied');
  assert.ok(denied?.service);
  const long = Object.assign(Object.create(denied), {
    service: { ...DENIED, message: '<html>'.repeat(1000), requestId: 'r'.repeat(500) },
  });
  assert.ok(describeFailure(long, AT_TERMINAL).why.length < 700);
  const same = Object.assign(Object.create(denied), {
    facts: { ...denied.facts, detail: 'Rate exceeded' },
    service: { ...DENIED, message: 'Rate exceeded' },
  });
  assert.equal(
    describeFailure(same, AT_TERMINAL).why,
    'these credentials may not do this: Rate exceeded (AccessDeniedException, HTTP 403, request id req-1)',
  );
});

test('an upload that cannot go on is not told to', () => {
  const [reset] = SAMPLES.unreachable;
  assert.ok(reset);
  const lost = Object.assign(Object.create(reset), { context: { ...UPLOAD, resumable: false } });
  assert.equal(describeFailure(lost, AT_TERMINAL).hint, 'run the same command again later');
});

test('an operation is told by a verb, or by the name that the service has for it', () => {
  const [reset] = SAMPLES.unreachable;
  assert.ok(reset);
  const named = Object.assign(Object.create(reset), {
    facts: { ...reset.facts, operation: 'UploadMultipartPart' },
  });
  assert.equal(
    describeFailure(named, AT_TERMINAL).what,
    'could not send a part (/data/backup.tar to glacier://photos)',
  );
});

test('a lock without a readable time still tells who holds it', () => {
  const [busy] = SAMPLES.busy;
  assert.ok(busy);
  const damaged = Object.assign(Object.create(busy), { facts: { ...busy.facts, sinceMs: Number.NaN } });
  assert.equal(describeFailure(damaged, AT_TERMINAL).why, 'another calve works on it: nas, process 4711');
});
