/** Objects that a single request makes, by the built program: what is sent, and what the next run finds. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import { allEntries } from '../support/all-entries.js';
import { jsonLines, onlyObject } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { type Home, openHome } from '../support/home.js';
import { type SmallStore, startSmallStore } from '../support/small-store.js';

const MIB_BYTES = 1024 * 1024;

async function open(t: TestContext): Promise<Home & { readonly store: SmallStore }> {
  const store = await startSmallStore(t);
  store.hasChecksums = true;
  return { ...openHome(t, store.env), store };
}

/** The requests for objects; each run also looks for the bucket. */
function objectRequests({ log }: SmallStore): string[] {
  return log.filter((operation) => operation !== 'HeadBucket');
}

const md5 = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

describe('an object of one part', { concurrency: 2 }, () => {
  for (const scheme of ['s3', 'obs'] as const) {
    test(`${scheme}: is one request; it can be verified and audited, and is not sent again`, async (t) => {
      const home = await open(t);
      const file = home.file('a', 10_000);
      const line = ['upload', file, `${scheme}://photos/x/`, '--path-style', '--json'];
      const done = onlyObject(await home.run(line));
      assert.deepEqual(objectRequests(home.store), ['PutObject']);
      assert.deepEqual([done['uploadId'], done['etag'], done['location']], [null, md5(file), null]);
      assert.deepEqual([done['parts'], done['partsSent'], done['resumed']], [1, 1, false]);
      const [entry, ...others] = await allEntries(openCatalogue(home.catalogueDir));
      assert.deepEqual([others, entry?.uploadId], [[], null]);
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('base64');
      const checksum = { algorithm: 'SHA256', type: 'FULL_OBJECT', value: sha256 };
      assert.deepEqual(entry?.object?.checksum, scheme === 's3' ? checksum : undefined);
      assert.equal(onlyObject(await home.run(line))['skipped'], true);
      assert.deepEqual(objectRequests(home.store), ['PutObject', 'HeadObject']);
      assert.equal((await home.run(['verify', file])).code, 0);
      const audited = await home.run(['audit', `${scheme}://photos`, '--path-style', '--json']);
      assert.equal(jsonLines(audited.stdout)[0]?.['result'], 'ok', audited.stderr);
      assert.ok(!existsSync(home.stateDir), 'there was neither a journal nor a lock');
    });
  }

  test('of a new version of a file replaces the object and its only entry in the catalogue', async (t) => {
    const home = await open(t);
    const line = ['upload', home.file('a', 5), 's3://photos/a', '--json'];
    await home.run(line);
    const file = home.file('a', 6, 2);
    assert.equal(onlyObject(await home.run(line))['skipped'], false);
    assert.equal(home.store.objects.get('a')?.etag, md5(file));
    assert.equal((await allEntries(openCatalogue(home.catalogueDir))).length, 1);
  });

  test('is not sent in parts after a 503 and a lost answer, which only repeat the request', async (t) => {
    const home = await open(t);
    const answers = [{ status: 503, code: 'SlowDown' }];
    home.store.refuse = (operation) => (operation === 'PutObject' ? (answers.shift() ?? null) : null);
    let puts = 0;
    home.store.loses = (operation) => (operation === 'PutObject' && ++puts === 1 ? 'cut' : null);
    const file = home.file('a', 5);
    const done = await home.run(['upload', file, 's3://photos/a', '--retry-delay', '1ms', '--json']);
    assert.equal(onlyObject(done)['etag'], md5(file));
    assert.deepEqual(objectRequests(home.store), ['PutObject', 'PutObject', 'PutObject']);
  });

  test('that is damaged each time on its way ends in 14, and is not recorded', async (t) => {
    const home = await open(t);
    home.store.damages = () => true;
    const line = ['upload', home.file('a', 5), 's3://photos/a', '--retry-delay', '1ms'];
    const ended = await home.run(line);
    assert.match(assertFailed(ended, 14), /checksum of part 0 .*BadDigest/);
    assert.equal(objectRequests(home.store).length, 3);
    assert.deepEqual(await allEntries(openCatalogue(home.catalogueDir)), []);
  });

  test('is made again by the same line after kill -9, and recorded once', async (t) => {
    const home = await open(t);
    const file = home.file('a', 5);
    const line = ['upload', file, 's3://photos/a', '--json'];
    home.store.loses = (operation) => {
      if (operation === 'PutObject') running.child.kill('SIGKILL');
      return operation === 'PutObject' ? 'hold' : null;
    };
    const running = home.start(line);
    assert.equal((await running.ended).signal, 'SIGKILL');
    assert.ok(home.store.objects.has('a'), 'the object was made');
    home.store.loses = () => null;
    assert.equal(onlyObject(await home.run(line))['skipped'], false);
    assert.deepEqual(objectRequests(home.store), ['PutObject', 'PutObject']);
    assert.equal(home.store.objects.get('a')?.etag, md5(file));
    assert.equal((await allEntries(openCatalogue(home.catalogueDir))).length, 1);
  });

  test('that is stopped names no upload to resume', async (t) => {
    const home = await open(t);
    home.store.refuse = (operation) => {
      if (operation === 'PutObject') running.child.kill('SIGINT');
      return operation === 'PutObject' ? 'hold' : null;
    };
    const running = home.start(['upload', home.file('a', 5), 's3://photos/a', '--json']);
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 130, stderr);
    const [error] = jsonLines(stdout);
    assert.deepEqual([error?.['uploadId'], error?.['resumable']], [null, false]);
    assert.match(stderr, /^hint: run the same command again$/m);
  });

  test('with --no-overwrite, or above the memory for parts, is an upload in parts', async (t) => {
    const home = await open(t);
    const file = home.file('a', 5);
    const line = ['upload', file, 's3://photos/a', '--no-overwrite', '--json'];
    assert.notEqual(onlyObject(await home.run(line))['uploadId'], null);
    assert.deepEqual(
      objectRequests(home.store).filter((operation) => operation !== 'HeadObject'),
      ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
    );
    const plan = async (...more: string[]) =>
      onlyObject(await home.run(['upload', file, 's3://photos/b', '--dry-run', '--json', ...more]));
    assert.equal((await plan('--no-overwrite'))['requests'], 3);
    truncateSync(file, 64 * MIB_BYTES);
    assert.equal((await plan('--part-size=128M'))['requests'], 1);
    truncateSync(file, 64 * MIB_BYTES + 1);
    assert.equal((await plan('--part-size=128M'))['requests'], 3);
  });
});
