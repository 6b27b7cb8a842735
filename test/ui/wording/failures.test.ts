import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureKind, TransferError } from '../../../src/core/failures.js';
import { describeFailure, failureText } from '../../../src/ui/wording/failures.js';
import type { WordingEnvironment } from '../../../src/ui/wording/paste-line.js';
import { DENIED, SAMPLES, UPLOAD } from './failure-samples.js';
import { FLEET_TEXTS } from './fleet-samples.js';

const AT_TERMINAL: WordingEnvironment = {
  stateDirectory: '/state',
  stateDirectoryGiven: false,
  isTerminal: true,
};

const HASH_A = 'a'.repeat(64);
const HASH_B = 'b'.repeat(64);

/** The text that a person reads, for each sample. */
const TEXTS: { readonly [K in FailureKind]: readonly (readonly [string, string])[] } = {
  usage: [
    ['calve: --part-size 5M: a part is a power of two', 'hint: name one such as 16M'],
    [
      'calve: target x\\ny: it has no scheme',
      'hint: calve --help lists the commands, calve COMMAND --help lists the options of one',
    ],
  ],
  unreachable: [
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): connection reset, after 10 attempts in 5 min 2 s',
      'hint: calve resume /data/backup.tar',
    ],
    [
      'calve: could not create the upload (/data/a): no answer, after 1 attempt in 0.4 s',
      'hint: run the same command again later',
    ],
  ],
  'too-slow': [
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): its 16 MiB did not arrive within 4 min 30 s, while its signature was valid, although no other part used the connection (41.6 KiB/s)',
      'hint: --fresh --part-size 8M creates a new upload, with the largest parts that this connection can send in time; on a faster connection: calve resume /data/backup.tar',
    ],
    [
      'calve: could not send part 17 (/data/backup.tar to glacier://photos): its 16 MiB did not arrive within 4 min 30 s, while its signature was valid, although no other part used the connection',
      'hint: this file cannot have parts that are small enough for this connection; on a faster connection: calve resume /data/backup.tar',
    ],
  ],
  stopped: [
    [
      'calve: stopped (/data/backup.tar to glacier://photos): SIGINT; the parts that were sent are kept',
      'hint: calve resume /data/backup.tar',
    ],
    ['calve: stopped: SIGTERM', 'hint: run the same command again'],
    [
      'calve: stopped (/data/backup.tar to glacier://photos): aborted by the AbortSignal; the parts that were sent are kept',
      'hint: calve resume /data/backup.tar',
    ],
  ],
  'not-found': [
    [
      'calve: vault photos: the service has no such vault',
      'hint: check its name, the region and the account; calve creates no vaults on a service',
    ],
    [
      'calve: bucket photos: the service has no such bucket',
      'hint: check its name, the region and the endpoint; calve creates no buckets',
    ],
    [
      'calve: upload -Xk3: the service has no such upload: it was completed, aborted, or idle for too long',
      'hint: calve list-uploads TARGET shows the uploads in progress',
    ],
    [
      'calve: unfinished upload /data/backup.tar: the state folder has no such upload (/state)',
      'hint: calve status lists the uploads in it, --state-dir names another folder',
    ],
    [
      'calve: catalogue entry arch-1: the catalogue has no such entry',
      'hint: calve archives lists its entries',
    ],
    [
      'calve: vault photos: the service has no such vault',
      'hint: the first upload creates a vault of local://; --local-dir names the folder of these vaults',
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
      'calve: could not create the upload: no credentials were found',
      'hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has them with --profile; calve then uses only that profile',
    ],
    [
      'calve: could not create the upload: the service does not accept these credentials',
      'hint: check the access key, its secret and the region; temporary credentials need their AWS_SESSION_TOKEN, and must not have expired',
    ],
    [
      "calve: could not create the upload: this machine's clock differs too much from the service's, so its signatures are not valid",
      'hint: set the clock (timedatectl status shows it)',
    ],
    [
      'calve: could not create the upload: this account cannot use vaults; since 15 December 2025 the service accepts no new customers',
      'hint: upload it to a bucket instead: calve upload FILE s3://BUCKET/KEY --storage-class DEEP_ARCHIVE',
    ],
    [
      'calve: could not create the upload: the certificate is not trusted, so nothing was sent',
      "hint: check the name of the endpoint and this machine's clock; if the authority is your own (a private service, or a proxy that reads TLS), set AWS_CA_BUNDLE, ca_bundle in your AWS profile, or NODE_EXTRA_CA_CERTS to the file of its certificate",
    ],
    [
      'calve: could not create the upload: the service refused the request',
      'hint: see the answer of the service above',
    ],
    [
      'calve: could not create the upload: the store has no room left: a quota is used up',
      'hint: free some space there or raise the quota',
    ],
    [
      'calve: could not create the upload: the service, or a proxy in front of it, takes no part of this size',
      'hint: create a new upload of smaller parts with --fresh --part-size, or raise the limit of the proxy',
    ],
    [
      'calve: could not create the upload: the answer is not from the service',
      'hint: check --endpoint-url, and the proxies between this machine and the service',
    ],
    ...['could not ask the service to find the vault', 'could not find the credentials'].map(
      (what): [string, string] => [
        `calve: ${what}: no credentials were found`,
        'hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has them with --profile; calve then uses only that profile',
      ],
    ),
    [
      'calve: could not send a part (/data/backup.tar to glacier://photos): these credentials do not permit this; the service said: Access denied for account ID: 123456789012\\x1b[31m (AccessDeniedException, HTTP 403, request id req-1)',
      'hint: name another profile with --profile, or allow it in the policy of the user and of the vault (glacier:UploadMultipartPart), then: calve resume /data/backup.tar',
    ],
    [
      "calve: could not resume the upload (/data/backup.tar to glacier://photos): the recorded endpoint is neither the service's own nor on this machine: https://evil.example",
      'hint: if you know that endpoint, confirm it with the same --endpoint-url; if not, someone may have changed the state folder',
    ],
  ],
  source: [
    [
      'calve: /data/my files: there is no such file',
      'hint: check the path, then: calve resume /data/backup.tar',
    ],
    [
      'calve: /data/my files: it starts from the working folder, and somebody deleted that folder',
      'hint: change to a folder that exists, or name the whole path, then: calve resume /data/backup.tar',
    ],
    [
      'calve: /data/my files: the file cannot be read: EACCES',
      'hint: check its permissions and the disk that it is on, then: calve resume /data/backup.tar',
    ],
    [
      'calve: /data/my files: the system has no open files, processes or memory left for it',
      'hint: raise the limits (ulimit -n for open files, ulimit -u for processes), end other programs, or use a smaller --concurrency, then: calve resume /data/backup.tar',
    ],
    [
      'calve: /data/my files: the file is empty, and a vault accepts no empty archive',
      'hint: leave this file out; in a folder, --exclude does that',
    ],
    [
      'calve: /data/my files: the stream is empty, so no object was made of it and none was replaced',
      'hint: check why its writer wrote nothing; --allow-empty makes an empty object',
    ],
    [
      'calve: /data/my files: it is a folder, and not a regular file',
      "hint: upload --recursive sends its files one by one; or pack it into one file first: tar -cf '/data/my files.tar' '/data/my files'",
    ],
    [
      'calve: /data/my files: it is a pipe, a socket or a device, and not a regular file',
      "hint: send its output as a stream: calve upload - TARGET < '/data/my files'",
    ],
    [
      'calve: /data/my files: it has bytes although the system gives 0 as its size, so its end is not known',
      "hint: send it as a stream: calve upload - TARGET < '/data/my files'",
    ],
    [
      'calve: /data/my files: the file changed after its upload started, so no archive was made of it',
      'hint: run calve upload again when no program writes to the file: it then creates a new upload of the changed file',
    ],
    [
      'calve: /data/my files: the upload has parts of another file',
      'hint: check the file and the upload id; calve list-parts shows the parts of the upload',
    ],
    [
      'calve: standard input: the stream is shorter than --expected-size, so no archive was made of it: 3 of 7 bytes',
      'hint: check why its writer ended early, or omit --expected-size; then run the same command again: it creates a new upload',
    ],
    [
      'calve: pg_dump: the command failed, so no archive was made of its output: it ended with 3',
      'hint: check its error messages, then run the same calve command again: it creates a new upload',
    ],
    [
      'calve: pg_dump: the command could not be started: spawn pg_dump ENOENT',
      'hint: check its name and the PATH',
    ],
    [
      'calve: standard input: a part must be sent again, and standard input cannot be read again',
      'hint: run the whole pipeline again with calve upload: it creates a new upload; calve abort removes this one',
    ],
    [
      'calve: /data/my\\nfile: the folder cannot be read, so none of its files was sent: EACCES: permission denied, scandir',
      'hint: check its permissions and the disk that it is on, or leave it out with --exclude',
    ],
    [
      'calve: /data/my\\nfile: the name has bytes that are not UTF-8, and Node.js cannot pass them on',
      'hint: rename it, or send it as a stream: calve upload - TARGET < FILE',
    ],
    [
      'calve: /data/my\\nfile: no file can have this name: it has a NUL byte',
      'hint: check the list: one name per line, or with --null names that end with a NUL byte',
    ],
    [
      'calve: /data/my\\nfile: the path leads out of the working folder, so it gives no name below the target',
      'hint: write the whole path into the list, or run calve in a folder above the file',
    ],
    [
      'calve: /data/my\\nfile: it would overwrite another file of this run, which has the same name below the target: /data/other',
      'hint: send it in a run of its own, to another key',
    ],
    [
      'calve: /data/my\\nfile: its name has a control character that the answers of the service cannot contain, so no key can have it',
      'hint: rename it, or send it in a run of its own, to another key',
    ],
    [
      'calve: pg_dump: the command failed, so no archive was made of its output: it ended with 3',
      'hint: check its error messages, then: calve resume - s3://photos/db.sql --upload-id=-Xk3 --name=db.sql --region=eu-west-1 --profile=backup',
    ],
    [
      'calve: db.sql: the stream is empty, so no object was made of it and none was replaced',
      'hint: check why its writer wrote nothing, then: calve resume - s3://photos/db.sql --upload-id=-Xk3 --name=db.sql --region=eu-west-1 --profile=backup',
    ],
    [
      'calve: db.sql: the upload was not made of this stream, so nothing was completed: part 0 has other bytes',
      'hint: check that the bytes are the same as before, and the upload id, then: calve resume - s3://photos/db.sql --upload-id=-Xk3 --name=db.sql --region=eu-west-1 --profile=backup',
    ],
    [
      'calve: db.sql: a part must be sent again, and standard input cannot be read again',
      'hint: send the same bytes again with: calve resume - s3://photos/db.sql --upload-id=-Xk3 --name=db.sql --region=eu-west-1 --profile=backup; or run the whole pipeline again with calve upload: it creates a new upload; calve abort removes this one',
    ],
  ],
  state: [
    [
      "calve: /state/x: calve's record there is damaged: line 3",
      "hint: move it away, and resume from the service's list of parts: calve resume /data/backup.tar glacier://photos --upload-id=-Xk3",
    ],
    [
      'calve: /state/x: calve cannot write there',
      'hint: free space on that disk or fix its permissions, or name another folder with --state-dir and --catalogue (for local:// also --local-dir), then: calve resume /data/backup.tar',
    ],
    [
      'calve: /state/x: calve cannot keep the large parts of a stream there',
      'hint: free space on that disk, or name another folder with TMPDIR; parts of up to 64 MiB need none (--part-size 64M)',
    ],
    [
      'calve: /state/x: the system could not access it, which says nothing about its content',
      'hint: leave it where it is, and try again when the system has recovered',
    ],
    [
      'calve: /state/x: calve needs a folder there',
      'hint: move the file in its place away, or name another folder with --state-dir or --catalogue',
    ],
    [
      'calve: /state/x: this user has no home folder for it',
      'hint: name the folders with --state-dir and --catalogue (for local:// also --local-dir)',
    ],
    [
      'calve: /state/x: calve trusts only what belongs to its own user',
      'hint: name a folder of your own with --state-dir or --catalogue, or run calve as the user that owns this one',
    ],
    [
      'calve: /state/x: other users may change it',
      'hint: take that permission away: chmod -R go-w /state/x; if only your own group has it, --trust-group accepts that',
    ],
    [
      'calve: /state/x: calve made no such thing there',
      'hint: move it away, or name another folder with --state-dir or --catalogue',
    ],
    [
      'calve: /state/x: calve may not read it',
      'hint: permit it: chmod -R u+rwX /state/x, or name another folder with --state-dir or --catalogue',
    ],
    ['calve: /state/x: a newer version of calve wrote it', 'hint: use that newer version'],
  ],
  unrecorded: [
    [
      'calve: archive arch-1: it exists, but calve could not record it in /data/calve: ENOSPC',
      'hint: keep the id above, and fix that folder, then: calve resume /data/backup.tar',
    ],
  ],
  checksum: [
    [
      `calve: checksum of part 17 (/data/backup.tar to glacier://photos): it does not match: the file's is ${HASH_A}, the service's is ${HASH_B}`,
      "hint: keep the file; check this machine's memory and network, then: calve resume /data/backup.tar",
    ],
    [
      `calve: checksum of part 17 (/data/backup.tar to glacier://photos): it does not match: the service did not accept ${HASH_A}`,
      "hint: keep the file; check this machine's memory and network, then: calve resume /data/backup.tar",
    ],
    [
      `calve: checksum of the archive: it does not match: the file's is ${HASH_A}, the service's is ${HASH_B}`,
      "hint: keep the file; check this machine's memory and network",
    ],
  ],
  limit: [
    [
      'calve: could not send a part (/data/backup.tar to glacier://photos): the store does not take so many parts',
      'hint: resuming this upload fails again: run calve upload with --fresh and --max-parts and the number of parts that the store takes, for example 1000',
    ],
    [
      'calve: could not send a part (standard input): the store takes no more than 1,000 parts',
      'hint: run the whole pipeline again with --max-parts 1000, and an estimate of its size, for example --expected-size 2T',
    ],
    [
      'calve: could not send a part (/data/backup.tar to glacier://photos): the parts are too small for this store',
      'hint: resuming this upload fails again: run calve upload with --fresh and a larger --part-size, for example 64M',
    ],
    [
      'calve: could not send a part (standard input): the parts are too small for this store',
      'hint: run the whole pipeline again with a larger --part-size, for example 64M',
    ],
    [
      'calve: could not send a part (/data/backup.tar to glacier://photos): a part, or the object, is too large for this store',
      'hint: resuming this upload fails again: run calve upload with --fresh and a smaller --part-size; if the object is too large, split the file',
    ],
    [
      'calve: could not send a part (standard input): a part, or the object, is too large for this store',
      'hint: run the whole pipeline again with a smaller --part-size; if the object is too large, split the file',
    ],
    [
      'calve: /data/x: the key would have 1,200 bytes, and the service accepts at most 1,024',
      'hint: shorten its path, or send it in a run of its own, to a shorter key',
    ],
    [
      'calve: /data/x: the description that calve makes of its name would have 1,200 characters, and the service accepts at most 1,024',
      'hint: shorten its path, or send it in a run of its own with --description',
    ],
    [
      'calve: standard input: it is longer than 10,000 parts of 64 MiB, and an upload can have no more parts than that',
      'hint: pass an estimate of its size, for example --expected-size 2T: calve then makes the parts larger',
    ],
    [
      'calve: /data/huge: its 50 TiB are more than the 40 TiB that an archive can have',
      'hint: split it into smaller files (split --bytes), and upload those',
    ],
    [
      'calve: /data/huge with --part-size 1M: 40,960 parts are more than the 10,000 parts that an upload can have',
      'hint: use --part-size 16M, or --part-size auto, which chooses it',
    ],
  ],
  gone: [
    [
      'calve: upload -Xk3 (/data/backup.tar to glacier://photos): it is no longer on the service: another program aborted or completed it',
      'hint: calve upload of the same file creates a new upload, and sends the file again',
    ],
    [
      `calve: upload -Xk3 (/data/backup.tar to glacier://photos): it is no longer on the service, and it was being completed: the archive may exist (5368709120 bytes, tree hash ${HASH_A})`,
      'hint: the next inventory of the vault shows if it does; upload --fresh sends the file again, abort --drop-record removes the local record of this upload',
    ],
  ],
  ...FLEET_TEXTS,
  'inventory-pending': [
    [
      'calve: the inventory of the vault is not ready (glacier://photos): the service takes some hours to make it, and calve has asked for it now (job job-1)',
      'hint: run the same command again after 2026-11-26 09:00 UTC, and within a day from then',
    ],
    [
      'calve: the inventory of the vault is not ready (glacier://photos): the service takes some hours to make it, and it was asked for on 2026-11-26 04:00 UTC (job job-1)',
      'hint: run the same command again after 2026-11-26 09:00 UTC, and within a day from then',
    ],
    [
      'calve: the vault has no inventory yet (glacier://photos): the service makes it up to a day after the first archive',
      'hint: run the same command again tomorrow',
    ],
  ],
  'archives-missing': [
    [
      'calve: the audit misses 1 archive (glacier://photos): the catalogue has it, and the service does not',
      'hint: send the files again with calve upload --fresh; for an archive that was deleted on purpose: calve archives --forget=ID',
    ],
  ],
  'archives-different': [
    [
      'calve: the audit found 1,000 archives with other content (s3://photos): the size or the checksum on the service is not that in the catalogue',
      'hint: another program may have replaced them: look at their dates on the service, and send the files again with calve upload --fresh',
    ],
  ],
  exists: [
    [
      'calve: s3://photos/backup.tar: the object exists already, and --no-overwrite keeps it',
      'hint: name another key, or omit --no-overwrite to replace the object',
    ],
  ],
  'lines-refused': [
    [
      'calve: /tmp/list: 1 line could not be imported (line 7: its end is missing, or it is too long)',
      'hint: the other lines were imported; correct the file and import it again',
    ],
    [
      'calve: standard input: 2,000 lines could not be imported (the first is line 7: it is damaged, or no record of an archive)',
      'hint: the other lines were imported; correct the file and import it again',
    ],
  ],
  output: [
    [
      'calve: could not write to standard output: ENOSPC; archive arch-1 exists nevertheless',
      'hint: calve archives lists the archives',
    ],
    ['calve: could not write to standard output: ENOSPC', 'hint: free space on the disk of the output'],
    ['calve: /tmp/list: calve cannot write it: ENOSPC', 'hint: name another file'],
  ],
  bug: [
    [
      "calve: a bug in calve: TypeError: cannot read 'x'",
      'hint: please report it, with the output of --debug, then: calve resume /data/backup.tar',
    ],
    ['calve: a bug in calve: x is null', 'hint: please report it, with the output of --debug'],
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

test('without a terminal every hint to resume names the state folder, because HOME differs under cron', () => {
  const [unreachable] = SAMPLES.unreachable;
  assert.ok(unreachable);
  const { hint } = describeFailure(unreachable, { ...AT_TERMINAL, isTerminal: false });
  assert.equal(hint, 'calve resume --state-dir /state /data/backup.tar');
});

test('the message of the service is cut, and not repeated', () => {
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
    'these credentials do not permit this: Rate exceeded (AccessDeniedException, HTTP 403, request id req-1)',
  );
});

test('an upload that cannot be resumed has no hint to resume it', () => {
  const [reset] = SAMPLES.unreachable;
  assert.ok(reset);
  const lost = Object.assign(Object.create(reset), { context: { ...UPLOAD, resumable: false } });
  assert.equal(describeFailure(lost, AT_TERMINAL).hint, 'run the same command again later');
});

test('an operation is printed as a verb, even if its name is the one of the service', () => {
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

test('a lock without a readable time still names its holder', () => {
  const [busy] = SAMPLES.busy;
  assert.ok(busy);
  const damaged = Object.assign(Object.create(busy), { facts: { ...busy.facts, sinceMs: Number.NaN } });
  assert.equal(describeFailure(damaged, AT_TERMINAL).why, 'another calve works on it: nas, process 4711');
});
