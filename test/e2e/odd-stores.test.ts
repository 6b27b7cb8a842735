/** Stores and credentials that differ from S3's own, by the built program: one result, whichever run finds it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { assertFailed } from '../support/failed.js';
import { type Home, openHome } from '../support/home.js';
import { type SmallStore, type StoreOperation, startSmallStore } from '../support/small-store.js';

const MIB_BYTES = 1024 * 1024;
/** Three parts of 8 MiB, the last one short. */
const SIZE_BYTES = 16 * MIB_BYTES + 5;
const PART_BYTES = 8 * MIB_BYTES;

interface StoreHome extends Home {
  readonly store: SmallStore;
  readonly line: readonly string[];
  readonly path: string;
}

async function open(t: TestContext, scheme: 's3' | 'obs' = 's3'): Promise<StoreHome> {
  const store = await startSmallStore(t);
  const home = openHome(t, store.env);
  const path = home.file('photos.tar', SIZE_BYTES);
  const style = scheme === 'obs' ? ['--path-style'] : [];
  const line = ['upload', path, `${scheme}://photos/a.tar`, '--part-size', '8M', ...style];
  return { ...home, store, path, line };
}

/** Runs a line that must succeed. @returns what it printed on stderr */
async function succeed(home: StoreHome, words: readonly string[] = home.line): Promise<string> {
  const { code, stdout, stderr } = await home.run(words);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^(s3|obs):\/\/photos\/a\.tar\n$/);
  return stderr;
}

function countOf({ log }: SmallStore, operation: StoreOperation): number {
  return log.filter((each) => each === operation).length;
}

/** Kills the program when it sends its last part. */
async function killAtLastPart(home: StoreHome): Promise<void> {
  const { store } = home;
  store.refuse = (operation, partNumber) => {
    if (operation !== 'UploadPart' || partNumber !== 3) return null;
    running.child.kill('SIGKILL');
    return 'hold';
  };
  const running = home.start([...home.line, '--concurrency', '1']);
  const { signal, stderr } = await running.ended;
  store.refuse = () => null;
  assert.equal(signal, 'SIGKILL', stderr);
}

describe('a store that differs from S3', { concurrency: 2 }, () => {
  test('ETags of another rule are accepted with one note, in the first run and after a lost answer', async (t) => {
    const home = await open(t);
    const { store, line } = home;
    store.etagOf = (md5s) => `${createHash('md5').update(md5s.join()).digest('hex')}-${md5s.length}`;
    assert.match(await succeed(home), /no checksum of the whole object that can be compared/);
    assert.match(await succeed(home), /nothing was sent/);
    store.refuse = (operation) => {
      if (operation !== 'CompleteMultipartUpload') return null;
      for (const uploadId of store.uploads.keys()) store.complete(uploadId);
      return { status: 500, code: 'InternalError' };
    };
    assert.match(await succeed(home, [...line, '--fresh']), /no checksum of the whole object/);
    assert.deepEqual([store.objects.size, store.uploads.size], [1, 0]);
  });

  for (const scheme of ['s3', 'obs'] as const) {
    test(`${scheme}: an object that is not what was sent is 14 in every run, until it is sent again with --fresh`, async (t) => {
      const home = await open(t, scheme);
      const { store, line } = home;
      let etag = '';
      store.refuse = (operation) => {
        const object = store.objects.get('a.tar');
        if (operation === 'HeadObject' && object !== undefined) {
          etag ||= object.etag;
          object.etag = `${'0'.repeat(32)}-3`;
        }
        return null;
      };
      const first = await home.run(line);
      assertFailed(first, 14);
      assert.match(first.stderr, /hint: the archive that was made is not the file; .*calve upload --fresh/);
      store.refuse = () => null;
      const object = store.objects.get('a.tar');
      assert.ok(object);
      object.etag = etag;
      assertFailed(await home.run(line), 14);
      assertFailed(await home.run(['resume']), 14);
      assert.equal(countOf(store, 'CreateMultipartUpload'), 1);
      await succeed(home, [...line, '--fresh']);
      assert.match(await succeed(home), /nothing was sent/);
      assert.deepEqual(await home.unfinishedIds(), []);
    });
  }

  test('a refusal in the body of a 200 leaves the upload open: its parts are compared, and it is completed', async (t) => {
    const home = await open(t);
    const { store } = home;
    store.refuse = (operation) => {
      if (operation !== 'CompleteMultipartUpload') return null;
      store.refuse = () => null;
      for (const { parts } of store.uploads.values()) parts.delete(2);
      return { status: 200, code: 'InvalidPart' };
    };
    await succeed(home);
    const counts = [countOf(store, 'CreateMultipartUpload'), countOf(store, 'UploadPart')];
    assert.deepEqual(counts, [1, 4]);
  });

  test('abort removes the record of an object that is not what was sent', async (t) => {
    const home = await open(t);
    home.store.etagOf = (md5s) => `${'0'.repeat(32)}-${md5s.length + 1}`;
    assertFailed(await home.run(home.line), 14);
    const [uploadId = ''] = await home.unfinishedIds();
    const ended = await home.run(['abort', 's3://photos/a.tar', '--upload-id', uploadId]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(await home.unfinishedIds(), []);
  });

  test('a store that works on complete for longer than a time-out is asked again until the object is there', async (t) => {
    const home = await open(t);
    const { store, line } = home;
    let [uploadId, looks] = ['', 0];
    store.refuse = (operation) => {
      if (operation === 'CompleteMultipartUpload' && uploadId === '') {
        uploadId = [...store.uploads.keys()][0] ?? '';
        return 'hold';
      }
      if (operation === 'CompleteMultipartUpload') return { status: 404, code: 'NoSuchUpload' };
      if (operation === 'HeadObject' && uploadId !== '' && ++looks === 4) store.complete(uploadId);
      return null;
    };
    await succeed(home, [...line, '--read-timeout', '1s']);
    const completes = countOf(store, 'CompleteMultipartUpload');
    assert.deepEqual([countOf(store, 'CreateMultipartUpload'), completes], [1, 4]);
  });

  test('a complete without an answer whose object does not appear ends with 3, and the next run looks again', async (t) => {
    const home = await open(t);
    const { store, line } = home;
    const held = new Map<string, number>();
    store.refuse = (operation) => {
      if (operation !== 'CompleteMultipartUpload') return null;
      const count = (held.get(operation) ?? 0) + 1;
      held.set(operation, count);
      return count === 1 ? 'hold' : { status: 404, code: 'NoSuchUpload' };
    };
    const words = [...line, '--read-timeout', '1s', '--max-attempts', '2'];
    const ended = await home.run(words);
    assertFailed(ended, 3);
    assert.match(ended.stderr, /the store may still be working on it/);
    for (const uploadId of store.uploads.keys()) store.complete(uploadId);
    await succeed(home, words);
    assert.equal(countOf(store, 'CreateMultipartUpload'), 1);
  });

  test('a complete whose answer is always lost ends with 3 if another program has replaced the object', async (t) => {
    const home = await open(t);
    const { store, line } = home;
    store.refuse = (operation) => {
      if (operation !== 'CompleteMultipartUpload') return null;
      store.uploads.clear();
      store.objects.set('a.tar', { etag: 'theirs', sizeBytes: 5, ownId: '', tagging: '' });
      return 'cut';
    };
    assertFailed(await home.run(line), 3);
    assert.equal(countOf(store, 'CompleteMultipartUpload'), 11);
  });

  test('tags that the store drops, or that cannot be read, are reported', async (t) => {
    const home = await open(t);
    const { store, line } = home;
    const tagged = [...line, '--fresh', '--tagging', 'kind=backup&host=nas'];
    assert.doesNotMatch(await succeed(home, tagged), /tags/);
    store.refuse = (operation) => {
      if (operation === 'CompleteMultipartUpload') {
        for (const [id, upload] of store.uploads)
          store.uploads.set(id, { ...upload, tagging: 'kind=backup' });
      }
      return null;
    };
    assert.match(await succeed(home, tagged), /note: .*the store has not set the tags/);
    store.refuse = (operation) =>
      operation === 'GetObjectTagging' ? { status: 403, code: 'AccessDenied' } : null;
    assert.match(await succeed(home, tagged), /note: .*could not read the tags/);
  });

  test('a refusal to create an upload names the options that may be the reason', async (t) => {
    const home = await open(t);
    home.store.refuse = (operation) =>
      operation === 'CreateMultipartUpload' ? { status: 403, code: 'AccessDenied' } : null;
    const options = ['--sse', 'AES256', '--tagging', 'a=b', '--storage-class', 'DEEP_ARCHIVE'];
    const ended = await home.run([...home.line, ...options]);
    assertFailed(ended, 12);
    assert.match(ended.stderr, /the request had --storage-class, --sse, --tagging/);
    const plain = await home.run(home.line);
    assertFailed(plain, 12);
    assert.doesNotMatch(plain.stderr, /the request had/);
  });
});

const READS: ReadonlySet<StoreOperation> = new Set([
  ...(['HeadBucket', 'HeadObject', 'ListParts', 'ListMultipartUploads', 'GetObjectTagging'] as const),
]);

describe('credentials that may only write', { concurrency: 2 }, () => {
  test('the same line again believes the catalogue, and a killed upload its own record', async (t) => {
    const home = await open(t);
    const { store } = home;
    await killAtLastPart(home);
    store.refuse = (operation) => (READS.has(operation) ? { status: 403, code: 'AccessDenied' } : null);
    assert.match(
      await succeed(home),
      /may not list the parts of the upload \(s3:ListMultipartUploadParts\): calve believes its own record of 2 parts/,
    );
    assert.deepEqual([countOf(store, 'CreateMultipartUpload'), countOf(store, 'UploadPart')], [1, 4]);
    assert.match(await succeed(home), /may not look at s3:\/\/photos\/a\.tar/);
    assert.equal(countOf(store, 'CreateMultipartUpload'), 1);
  });

  test('--no-overwrite leaves the decision to the condition of complete', async (t) => {
    const home = await open(t);
    const { store, line } = home;
    store.refuse = (operation) => (READS.has(operation) ? { status: 403, code: 'AccessDenied' } : null);
    await succeed(home, [...line, '--no-overwrite']);
    store.refuse = (operation) => {
      if (READS.has(operation)) return { status: 403, code: 'AccessDenied' };
      return operation === 'CompleteMultipartUpload' ? { status: 412, code: 'PreconditionFailed' } : null;
    };
    const ended = await home.run([...line, '--no-overwrite', '--fresh']);
    assertFailed(ended, 17);
    assert.match(ended.stderr, /the object exists already/);
  });
});

describe('an upload that another program completes', { concurrency: 2 }, () => {
  test('is recorded, and nothing is sent again, if the object has the bytes of the file', async (t) => {
    const home = await open(t);
    const { store } = home;
    await killAtLastPart(home);
    const [[uploadId, upload] = ['', null]] = store.uploads;
    const last = readFileSync(home.path).subarray(2 * PART_BYTES);
    const etag = createHash('md5').update(last).digest('hex');
    upload?.parts.set(3, { etag, sizeBytes: last.length });
    store.complete(uploadId);
    assert.match(await succeed(home), /another program has completed upload/);
    assert.deepEqual([countOf(store, 'CreateMultipartUpload'), countOf(store, 'UploadPart')], [1, 3]);
    assert.deepEqual(await home.cataloguedIds(), ['s3://photos/a.tar']);
    assert.equal((await home.run(['verify', home.path])).code, 0);
  });

  test('is sent again if the object has other bytes', async (t) => {
    const home = await open(t);
    const { store } = home;
    await killAtLastPart(home);
    const [[uploadId, upload] = ['', null]] = store.uploads;
    upload?.parts.set(3, { etag: '0'.repeat(32), sizeBytes: 5 });
    store.complete(uploadId);
    assert.match(await succeed(home), /calve creates a new one/);
    assert.equal(countOf(store, 'CreateMultipartUpload'), 2);
  });
});
