/** Objects from beginning to end, by the built program, on Swift: s3:// and obs:// keep the same promises. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { assertAuditOfStore } from '../support/audits.js';
import { missingTool } from '../support/aws-tools.js';
import type { BucketHome, Scheme } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { type Ended, jsonLines, onlyObject } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { isAbort, isComplete, isCreate, isPart, isPartList } from '../support/requests.js';
import { missingSwift, startSwift } from '../support/swift.js';

const MIB_BYTES = 1024 * 1024;
/** Three parts of 8 MiB, the last one short. */
const SIZE_BYTES = 16 * MIB_BYTES + 5;
const NO_SUCH_UPLOAD = { status: 404, code: 'NoSuchUpload', message: 'It is over.' };
const SMALL_PARTS = ['--part-size', '8M'];
const skip = missingSwift() || (await missingTool('aws'));

function failed(ended: Ended, code: number, told: RegExp): void {
  assert.equal(ended.code, code, ended.stderr);
  assert.match(ended.stderr, told);
  assert.doesNotMatch(ended.stderr, /\bat .*\.js:\d+/);
}

describe('objects, end to end', { skip }, () => {
  const buckets = sharedBuckets(startSwift);

  type Check = (home: BucketHome, scheme: Scheme, t: TestContext) => Promise<void>;

  /** The same fact of both kinds of bucket; of one, where nothing of it depends on the kind. */
  function fact(title: string, check: Check, schemes: readonly Scheme[] = ['s3', 'obs']): void {
    for (const scheme of schemes) {
      test(`${scheme}: ${title}`, async (t) => check(await buckets.home(t, scheme), scheme, t));
    }
  }

  describe('a file', { concurrency: 2 }, () => {
    fact('an audit finds what was deleted, replaced or added, and nothing else', (home, scheme) =>
      assertAuditOfStore(home, scheme),
    );

    fact('an upload killed half-way goes on, and reads back byte for byte by the AWS CLI', async (home) => {
      const file = home.file('photos.tar', SIZE_BYTES);
      const words = ['upload', file, `${home.target}/2026/`, ...SMALL_PARTS];
      await home.killAtPart(words, 2);
      assert.deepEqual(await home.openKeys(), ['2026/photos.tar']);
      const status = onlyObject(await home.run(['status', '--json']));
      assert.deepEqual([status['partsDone'], status['parts'], status['expiresAt']], [2, 3, null]);
      const done = onlyObject(await home.run([...words, '--json']));
      const { archiveId, target, bucket, key, partsSent, partsReused, resumed, storageClass } = done;
      const url = `${home.target}/2026/photos.tar`;
      assert.deepEqual([archiveId, target, bucket, key], [url, url, home.bucket, '2026/photos.tar']);
      assert.deepEqual([partsSent, partsReused, resumed, storageClass], [1, 2, true, 'STANDARD']);
      assert.match(String(done['etag']), /^[0-9a-f]{32}-3$/);
      assert.deepEqual(readFileSync(await home.download('2026/photos.tar')), readFileSync(file));
      assert.deepEqual(await home.openKeys(), []);
      assert.deepEqual(await home.run(['verify', file]).then(({ code }) => code), 0);
    });

    fact(
      'without any state an upload is adopted: its parts are compared by their MD5 and kept',
      async (home) => {
        const file = home.file('photos.tar', SIZE_BYTES);
        const url = `${home.target}/photos.tar`;
        await home.killAtPart(['upload', file, url, ...SMALL_PARTS], 2);
        const [{ uploadId } = {}] = jsonLines((await home.run(['status', '--json'])).stdout);
        rmSync(join(home.folder, 'home'), { recursive: true });
        const before = home.passed().length;
        const done = onlyObject(
          await home.run(['resume', file, url, '--upload-id', String(uploadId), '--json']),
        );
        assert.deepEqual([done['partsSent'], done['partsReused'], done['partSize']], [1, 2, 8 * MIB_BYTES]);
        assert.equal(home.passed().slice(before).filter(isPartList).length, 1, 'the parts are listed once');
        assert.deepEqual(await home.readBack('photos.tar'), readFileSync(file));
      },
    );

    fact(
      'an upload of another file is not adopted, and stays as it is',
      async (home) => {
        const url = `${home.target}/photos.tar`;
        await home.killAtPart(['upload', home.file('photos.tar', SIZE_BYTES), url, ...SMALL_PARTS], 2);
        const [{ uploadId } = {}] = jsonLines((await home.run(['status', '--json'])).stdout);
        rmSync(join(home.folder, 'home'), { recursive: true });
        const other = home.file('other.tar', SIZE_BYTES, 99);
        const ended = await home.run(['resume', other, url, '--upload-id', String(uploadId)]);
        failed(ended, 13, /none of the 2 parts on the service is a part of this file/);
        assert.deepEqual(await home.openKeys(), ['photos.tar']);
      },
      ['s3'],
    );

    fact(
      'a small and an empty file go up, too, can be verified, and are not sent again when touched',
      async (home) => {
        for (const sizeBytes of [0, 1]) {
          const file = home.file(`file-${sizeBytes}`, sizeBytes);
          const line = ['upload', file, `${home.target}/a b/ü+%/`];
          const { code, stdout, stderr } = await home.run(line);
          assert.deepEqual([code, stdout], [0, `${home.target}/a b/ü+%/file-${sizeBytes}\n`], stderr);
          assert.deepEqual(await home.readBack(`a b/ü+%/file-${sizeBytes}`), readFileSync(file));
          chmodSync(file, 0o400);
          const verified = await home.run(['verify', file]);
          assert.deepEqual([verified.code, verified.stdout], [0, `${file}: OK\n`], verified.stderr);
          const again = onlyObject(await home.run([...line, '--json']));
          assert.deepEqual([again['size'], again['skipped']], [sizeBytes, true]);
        }
      },
    );

    fact(
      'the same line again sends nothing after a look; when the object is gone, it is sent again',
      async (home) => {
        const file = home.file('a.tar', 9 * MIB_BYTES);
        const words = ['upload', file, `${home.target}/`, '--json'];
        assert.equal(onlyObject(await home.run(words))['skipped'], false);
        const before = home.passed().length;
        const again = await home.run(words);
        assert.equal(onlyObject(again)['skipped'], true);
        assert.match(again.stderr, /nothing was sent/);
        assert.ok(
          home
            .passed()
            .slice(before)
            .every(({ method }) => method === 'HEAD'),
        );
        await home.client.send(new DeleteObjectCommand({ Bucket: home.bucket, Key: 'a.tar' }));
        const anew = await home.run(words);
        assert.equal(onlyObject(anew)['skipped'], false);
        assert.match(anew.stderr, /was deleted or replaced: the file is sent again/);
      },
      ['obs'],
    );

    fact(
      'several files go below a key; what would overwrite each other is refused before anything is sent',
      async (home) => {
        const [a, b] = [home.file('a', 5), home.file('b', 6)];
        const { code, stdout } = await home.run(['upload', a, b, `${home.target}/x/`]);
        assert.deepEqual([code, stdout], [0, `${home.target}/x/a\n${home.target}/x/b\n`]);
        failed(await home.run(['upload', a, b, `${home.target}/x`]), 2, /under one key/);
        failed(await home.run(['upload', a, a, `${home.target}/x/`]), 2, /two files have the name a/);
      },
      ['s3'],
    );

    fact(
      'an upload that the file outgrew is aborted once its new version is an object',
      async (home) => {
        const file = home.file('a.tar', SIZE_BYTES);
        const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS];
        await home.killAtPart(words, 2);
        home.file('a.tar', SIZE_BYTES + 1, 2);
        const { code, stderr } = await home.run(words);
        assert.equal(code, 0, stderr);
        assert.match(stderr, /its parts would be billed forever/);
        assert.deepEqual(await home.openKeys(), []);
        assert.deepEqual(await home.readBack('a.tar'), readFileSync(file));
      },
      ['obs'],
    );

    fact(
      'an aborted upload is created again by upload, and not by resume',
      async (home) => {
        const file = home.file('a.tar', SIZE_BYTES);
        const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS];
        await home.killAtPart(words, 2);
        const [{ uploadId } = {}] = jsonLines((await home.run(['status', '--json'])).stdout);
        const address = { Bucket: home.bucket, Key: 'a.tar', UploadId: String(uploadId) };
        await home.client.send(new AbortMultipartUploadCommand(address));
        failed(await home.run(['resume', file]), 16, /another program aborted or completed it/);
        const done = onlyObject(await home.run([...words, '--json']));
        assert.deepEqual([done['partsSent'], done['partsReused']], [3, 0]);
      },
      ['s3'],
    );
  });

  describe('a stream', { concurrency: 2 }, () => {
    fact(
      'a stream becomes an object; one that fails, or is there and must stay, leaves nothing',
      async (home) => {
        const file = home.file('photos.tar', SIZE_BYTES);
        const url = `${home.target}/2026/piped.tar`;
        const line = (...more: string[]) => ['upload', url, ...SMALL_PARTS, ...more, '--from-command', '--'];
        const failing = [...line(), 'sh', '-c', 'cat "$0"; exit 7', file];
        failed(await home.run(failing), 13, /it ended with 7/);
        assert.deepEqual(await home.openKeys(), []);
        const {
          archiveId,
          parts,
          size,
          file: name,
        } = onlyObject(await home.run([...line('--json'), 'cat', file]));
        assert.deepEqual([archiveId, parts, size, name], [url, 3, SIZE_BYTES, '-']);
        assert.deepEqual(await home.readBack('2026/piped.tar'), readFileSync(file));
        failed(await home.run([...line('--no-overwrite'), 'echo', 'other']), 17, /exists already/);
        const emptied = await home.run(['upload', '-', url, ...SMALL_PARTS], {}, '');
        failed(emptied, 13, /the stream is empty, so no object was made of it and none was replaced/);
        assert.match(emptied.stderr, /--allow-empty makes an empty object/);
        const toNothing = [
          'upload',
          `${home.target}/nothing`,
          '--json',
          '--allow-empty',
          '--from-command',
          '--',
        ];
        const nothing = onlyObject(await home.run([...toNothing, 'true']));
        assert.deepEqual([nothing['size'], nothing['parts']], [0, 1]);
        assert.equal((await home.readBack('nothing')).length, 0);
        assert.deepEqual(await home.openKeys(), []);
        assert.deepEqual(await home.readBack('2026/piped.tar'), readFileSync(file));
      },
      ['obs'],
    );

    fact(
      'of two streams to one object at once the second ends in 11, and takes nothing from the first',
      async (home) => {
        const url = `${home.target}/piped`;
        const feed = 'process.stdout.write(Buffer.alloc(9437184)); setInterval(() => {}, 1e6)';
        const line = ['upload', url, ...SMALL_PARTS, '--from-command', '--', process.execPath, '-e', feed];
        const first = home.start(line);
        while ((await home.openKeys()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
        failed(await home.run(line), 11, /another calve works on it/);
        assert.deepEqual(await home.openKeys(), ['piped']);
        first.child.kill('SIGTERM');
        assert.equal((await first.ended).code, 143);
        assert.deepEqual(await home.openKeys(), []);
      },
      ['s3'],
    );
  });

  describe('completing', { concurrency: 2 }, () => {
    fact('a lost response to complete is recognised by our own id in the metadata', async (home) => {
      const file = home.file('a.tar', SIZE_BYTES);
      let completes = 0;
      home.hook({
        // As on AWS and OBS, an upload that was completed is no upload any more.
        before: (passing) => {
          if (!isComplete(passing) || completes === 0) return 'pass';
          completes += 1;
          return NO_SUCH_UPLOAD;
        },
        after: (passing) => (isComplete(passing) && ++completes === 1 ? 'cut' : 'pass'),
      });
      const done = onlyObject(
        await home.run(['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS, '--json']),
      );
      assert.equal(done['partsSent'], 3);
      assert.equal(completes, 1, 'the object is looked at before complete is sent again');
      const { Metadata, ETag } = await home.client.send(
        new HeadObjectCommand({ Bucket: home.bucket, Key: 'a.tar' }),
      );
      assert.match(Metadata?.['calve-upload'] ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(ETag, `"${done['etag']}"`);
    });

    fact(
      "killed after complete was done: the next run finds its own object; a stranger's is not taken for it",
      async (home) => {
        const file = home.file('a.tar', 9 * MIB_BYTES);
        const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS, '--json'];
        const kill = (running: { child: { kill(signal: 'SIGKILL'): unknown } }) =>
          running.child.kill('SIGKILL');
        home.hook({
          after: (passing) => {
            if (!isComplete(passing)) return 'pass';
            kill(running);
            return 'hold';
          },
        });
        const running = home.start(words);
        assert.equal((await running.ended).signal, 'SIGKILL');
        home.hook({
          before: (passing) => (isComplete(passing) || isPartList(passing) ? NO_SUCH_UPLOAD : 'pass'),
        });
        const [unfinished] = jsonLines((await home.run(['status', '--json'])).stdout);
        // Somebody else's object in its place first.
        const own = await home.readBack('a.tar');
        await home.client.send(new PutObjectCommand({ Bucket: home.bucket, Key: 'a.tar', Body: own }));
        // The store may still be making the object, for some minutes.
        failed(await home.run(words), 3, /the store may still be working on it/);
        const [journal = ''] = readdirSync(join(home.stateDir, 'v2/uploads'));
        utimesSync(join(home.stateDir, 'v2/uploads', journal), new Date(0), new Date(0));
        const strange = await home.run(words);
        failed(strange, 16, /if an object is there now, it is not the one that this upload was to create/);
        assert.equal(onlyObject(strange)['uploadId'], unfinished?.['uploadId']);
        assert.equal(home.passed().filter(isCreate).length, 1, 'no second upload was begun');
      },
    );

    fact('--no-overwrite looks before it sends, and once more when it completes', async (home) => {
      const file = home.file('a.tar', SIZE_BYTES);
      const put = () =>
        home.client.send(new PutObjectCommand({ Bucket: home.bucket, Key: 'a.tar', Body: 'theirs' }));
      const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS, '--no-overwrite'];
      await put();
      failed(await home.run(words), 17, /the object exists already/);
      assert.equal(home.passed().filter(isCreate).length, 0);
      await home.client.send(new DeleteObjectCommand({ Bucket: home.bucket, Key: 'a.tar' }));
      // A resumed upload remembers that it was asked to.
      await home.killAtPart(words, 2);
      await put();
      failed(await home.run(['resume', file]), 17, /the object exists already/);
      assert.equal((await home.readBack('a.tar')).toString(), 'theirs');
    });
  });

  describe('lists and aborts', { concurrency: 2 }, () => {
    fact('a refused list names the bucket, and the action that a policy must allow', async (home, scheme) => {
      home.hook({ before: () => ({ status: 403, code: 'AccessDenied', message: '' }) });
      const action = `${scheme === 's3' ? 's3' : 'obs:bucket'}:ListBucketMultipartUploads`;
      for (const words of [['list-uploads'], ['abort', '--all', '--yes']]) {
        const ended = await home.run([...words, home.target]);
        failed(ended, 12, new RegExp(`could not list the uploads \\(${home.target}\\): these credentials`));
        assert.match(ended.stderr, new RegExp(`of the user and of the bucket \\(${action}\\)$`, 'm'));
        assert.doesNotMatch(ended.stderr, /UnknownError|vault/);
      }
      const { target, kind } = onlyObject(await home.run(['list-uploads', home.target, '--json']));
      assert.deepEqual([target, kind], [home.target, 'refused']);
    });

    fact(
      'uploads are listed by bucket, by what lies below a key, and by the key itself, joined with what is known here',
      async (home) => {
        const file = home.file('a.tar', SIZE_BYTES);
        await home.killAtPart(['upload', file, `${home.target}/p/a.tar`, ...SMALL_PARTS], 1);
        for (const Key of ['p/b', 'q']) await home.createUpload(Key);
        const keys = async (target: string): Promise<unknown[]> =>
          jsonLines((await home.run(['list-uploads', target, '--json'])).stdout).map(({ key }) => key);
        assert.deepEqual(await keys(home.target), ['p/a.tar', 'p/b', 'q']);
        assert.deepEqual(await keys(`${home.target}/p/`), ['p/a.tar', 'p/b']);
        assert.deepEqual(await keys(`${home.target}/p/b`), ['p/b']);
        assert.deepEqual(await keys(`${home.target}/p`), []);
        const [first, page] = jsonLines(
          (await home.run(['list-uploads', home.target, '--limit', '1', '--json'])).stdout,
        );
        assert.deepEqual(first?.['local'], { file, partsDone: 1, parts: 3 });
        assert.equal(first?.['target'], `${home.target}/p/a.tar`);
        const next = ['list-uploads', home.target, `--marker=${page?.['marker']}`, '--json'];
        const rest = jsonLines((await home.run(next)).stdout);
        assert.deepEqual(
          rest.map(({ key }) => key),
          ['p/b', 'q', undefined],
        );
        const wrong = await home.run(['list-uploads', home.target, '--marker=nonsense']);
        assert.match(
          assertFailed(wrong, 2),
          /^calve: --marker nonsense: it is not the marker of an earlier page/,
        );
        const id = String(first?.['uploadId']);
        const parts = jsonLines(
          (await home.run(['list-parts', `${home.target}/p/a.tar`, `--upload-id=${id}`, '--json'])).stdout,
        );
        assert.deepEqual(
          parts.map(({ index, size }) => [index, size]),
          [[0, 8 * MIB_BYTES]],
        );
        assert.match(String(parts[0]?.['etag']), /^[0-9a-f]{32}$/);
      },
    );

    fact(
      'abort drops one upload by its exact key, or those below a key, and says what the service said',
      async (home, scheme) => {
        const file = home.file('a.tar', SIZE_BYTES);
        await home.killAtPart(['upload', file, `${home.target}/p/a.tar`, ...SMALL_PARTS], 1);
        for (const Key of ['p/b', 'q']) await home.createUpload(Key);
        const listed = jsonLines((await home.run(['list-uploads', home.target, '--json'])).stdout);
        const id = String(listed[2]?.['uploadId']);
        failed(await home.run(['abort', home.target, `--upload-id=${id}`]), 2, /exact key/);
        const wrong = await home.run(['abort', `${home.target}/p/b`, `--upload-id=${id}`, '--json']);
        failed(wrong, 10, /has no such upload/);
        const { httpStatus, code, resource, hostId } = onlyObject(wrong);
        assert.deepEqual([httpStatus, code], [404, 'NoSuchUpload']);
        assert.equal(String(resource), `/${home.bucket}/p/b`);
        assert.match(String(hostId), scheme === 'obs' ? /^32AAAQ/ : /^tx/);
        const one = onlyObject(await home.run(['abort', `${home.target}/q`, `--upload-id=${id}`, '--json']));
        assert.deepEqual([one['key'], one['httpStatus']], ['q', 204]);
        assert.match(String(one['requestId']), scheme === 'obs' ? /^0000018/ : /^tx/);
        const idle = ['abort', `${home.target}/p/`, '--older-than', '1h', '--yes', '--json'];
        assert.deepEqual(jsonLines((await home.run(idle)).stdout), []);
        const all = await home.run(['abort', `${home.target}/p/`, '--all', '--yes', '--json']);
        assert.deepEqual(
          jsonLines(all.stdout).map(({ key }) => key),
          ['p/a.tar', 'p/b'],
        );
        assert.deepEqual(await home.openKeys(), []);
        assert.deepEqual(jsonLines((await home.run(['status', '--json'])).stdout), []);
      },
    );

    fact('parts that an abort left behind are looked for, and aborted again', async (home) => {
      const url = `${home.target}/a.tar`;
      await home.killAtPart(['upload', home.file('a.tar', SIZE_BYTES), url, ...SMALL_PARTS], 2);
      const [{ uploadId } = {}] = jsonLines((await home.run(['status', '--json'])).stdout);
      let aborts = 0;
      home.hook({
        // The first abort is answered, though a part in flight keeps the upload there.
        before: (passing) => (isAbort(passing) && ++aborts === 1 ? { status: 204 } : 'pass'),
      });
      const { code, stderr } = await home.run(['abort', url, `--upload-id=${uploadId}`]);
      assert.deepEqual([code, aborts], [0, 2], stderr);
      assert.doesNotMatch(stderr, /storage may still be billed/);
      assert.deepEqual(await home.openKeys(), []);
    });
  });

  describe('addresses, headers and options', { concurrency: 2 }, () => {
    fact(
      'a bucket that is not there ends in 10, and so does a key of another bucket',
      async (home, scheme) => {
        const file = home.file('a', 5);
        const ended = await home.run(['upload', file, `${scheme}://nowhere/a`]);
        failed(ended, 10, /bucket nowhere: the service has no such bucket/);
      },
    );

    fact(
      "a request's own headers are sent with create, a customer's keys with every call, and no value is recorded",
      async (home) => {
        const file = home.file('a.tar', SIZE_BYTES);
        // The variable has one header a line; the option replaces the one of the same name.
        const variable =
          'x-amz-meta-origin=other\nx-amz-request-payer=requester-secret\nx-amz-meta-kind=night\n';
        const headers = ['x-amz-meta-origin=nas'];
        const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS];
        const given = headers.flatMap((header) => ['--request-header', header]);
        const { code, stderr } = await home.run([...words, ...given, '--debug'], {
          CALVE_REQUEST_HEADER: variable,
        });
        assert.equal(code, 0, stderr);
        const created = home.passed().find(isCreate);
        assert.equal(created?.headers['x-amz-meta-origin'], 'nas');
        assert.equal(created?.headers['x-amz-meta-kind'], 'night');
        const named = (name: string) =>
          home.passed().filter((passing) => passing.headers[name] !== undefined);
        assert.ok(named('x-amz-meta-origin').every(isCreate) && named('x-amz-meta-origin').length === 1);
        assert.equal(named('x-amz-request-payer').length, home.passed().length);
        assert.equal(home.passed().filter(isPart).length, 3);
        assert.doesNotMatch(stderr, /requester-secret/);
        for (const header of ['host=evil', 'x-amz-content-sha256=0', 'no-value', 'x-amz-meta-a=ü']) {
          failed(await home.run([...words, '--request-header', header]), 2, /--request-header/);
        }
      },
      ['s3'],
    );

    test("obs: AWS's credentials, region and endpoints mean nothing; half a pair is refused", async (t) => {
      const home = await buckets.home(t, 'obs');
      const file = home.file('a', 5);
      const words = ['upload', file, `${home.target}/a`];
      const aws = {
        AWS_ACCESS_KEY_ID: 'aws',
        AWS_SECRET_ACCESS_KEY: 'aws',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      };
      const without = { OBS_ACCESS_KEY_ID: '', OBS_SECRET_ACCESS_KEY: '' };
      failed(await home.run(words, { ...aws, ...without }), 12, /set OBS_ACCESS_KEY_ID/);
      failed(
        await home.run(words, { ...aws, OBS_SECRET_ACCESS_KEY: '' }),
        12,
        /OBS_SECRET_ACCESS_KEY is not set/,
      );
      assert.equal(home.passed().length, 0);
      failed(await home.run(words, { ...aws, CALVE_REGION: '', CALVE_ENDPOINT_URL: '' }), 2, /region/);
      assert.equal((await home.run(words, aws)).code, 0);
      const dotted = ['upload', file, 'obs://my.bucket/a'];
      failed(await home.run(dotted), 2, /certificate does not cover/);
    });

    test("obs: its own names of storage classes, and S3's, in the plan", async (t) => {
      const home = await buckets.home(t, 'obs');
      const words = ['upload', home.file('a', 5), `${home.target}/a`, '--dry-run', '--json'];
      const planned = async (...more: string[]) =>
        onlyObject(await home.run([...words, ...more]))['storageClass'];
      assert.equal(await planned(), null);
      assert.equal(await planned('--storage-class', 'COLD'), 'COLD');
      assert.equal(await planned('--storage-class', 'STANDARD_IA'), 'WARM');
      failed(await home.run([...words, '--storage-class', 'ICE']), 2, /STANDARD, WARM, COLD/);
      assert.equal(home.passed().length, 0);
    });

    test('s3: a storage class that is not named is reported in the plan and in a notice', async (t) => {
      const home = await buckets.home(t, 's3');
      const words = ['upload', home.file('a', 5), `${home.target}/a`];
      const plan = await home.run([...words, '--dry-run']);
      assert.match(plan.stdout, /stored as STANDARD/);
      assert.match(
        (await home.run(words)).stderr,
        /the storage class is STANDARD; --storage-class chooses a colder one/,
      );
    });
  });
});
