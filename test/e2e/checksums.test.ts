/** Objects over TLS, by the built program: what guards the bytes, in each run and in those that resume. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { openCatalogue } from '../../src/state/catalogue.js';
import { allEntries } from '../support/all-entries.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { jsonLines, onlyObject } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { type Home, openHome } from '../support/home.js';
import { headerOf, isPart } from '../support/requests.js';
import { missingRgw, startRgw } from '../support/rgw.js';
import { type SmallStore, startSmallStore } from '../support/small-store.js';
import { missingOpenssl, startTlsFront } from '../support/tls-front.js';

const MIB_BYTES = 1024 * 1024;
/** Three parts of 8 MiB, the last one short. */
const SIZE_BYTES = 16 * MIB_BYTES + 5;
const FAST = { bytesPerSecond: 2 ** 30 };

interface StoreHome extends Home {
  readonly store: SmallStore;
  readonly path: string;
  readonly line: readonly string[];
}

/** Opens a store with checksums behind TLS. */
async function open(t: TestContext): Promise<StoreHome> {
  const store = await startSmallStore(t);
  store.hasChecksums = true;
  const home = openHome(t, store.env);
  const front = await startTlsFront(t, home.folder, store.url, FAST);
  Object.assign(home.env, { CALVE_ENDPOINT_URL: front.url, NODE_EXTRA_CA_CERTS: front.certificatePath });
  const path = home.file('photos.tar', SIZE_BYTES);
  const line = ['upload', path, 's3://photos/a.tar', '--part-size', '8M', '--json'];
  return { ...home, store, path, line };
}

/** Kills the program when it sends its last part. */
async function killAtLastPart(
  { store, start, line }: StoreHome,
  more: readonly string[] = [],
): Promise<void> {
  store.refuse = (operation, partNumber) => {
    if (operation !== 'UploadPart' || partNumber !== 3) return null;
    running.child.kill('SIGKILL');
    return 'hold';
  };
  const running = start([...line, '--concurrency', '1', ...more]);
  const { signal, stderr } = await running.ended;
  store.refuse = () => null;
  assert.equal(signal, 'SIGKILL', stderr);
}

/** Returns which hashes the journal has of its parts. */
function recordedHashes({ stateDir }: Home): string[] {
  const folder = join(stateDir, 'v2/uploads');
  const [name = ''] = readdirSync(folder);
  const lines = jsonLines(readFileSync(join(folder, name), 'utf8'));
  return lines
    .filter(({ type }) => type === 'part')
    .map(
      ({ linearHash, crc32: crc }) =>
        `${linearHash === null ? '' : 'sha256'}${crc === undefined ? '' : 'crc32'}`,
    );
}

async function checksumsOf({ catalogueDir }: Home) {
  return (await allEntries(openCatalogue(catalogueDir))).map(({ object }) => object?.checksum);
}

function crcOf(path: string): string {
  return Buffer.from(crc32(readFileSync(path)).toString(16).padStart(8, '0'), 'hex').toString('base64');
}

describe('objects over TLS', { skip: missingOpenssl(), concurrency: 2 }, () => {
  test('an upload with CRC32 goes on after a kill, and the catalogue has the CRC32 of the whole', async (t) => {
    const home = await open(t);
    await killAtLastPart(home);
    assert.deepEqual(recordedHashes(home), ['crc32', 'crc32']);
    const done = onlyObject(await home.run(home.line));
    assert.deepEqual([done['partsSent'], done['partsReused']], [1, 2]);
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: crcOf(home.path) };
    assert.deepEqual(await checksumsOf(home), [checksum]);
    assert.equal((await home.run(['verify', home.path])).code, 0);
  });

  test('an upload that was created with SHA-256 goes on with SHA-256', async (t) => {
    const home = await open(t);
    await killAtLastPart(home, ['--no-verify-tls']);
    assert.deepEqual(recordedHashes(home), ['sha256', 'sha256']);
    const done = onlyObject(await home.run(home.line));
    assert.deepEqual([done['partsSent'], done['partsReused']], [1, 2]);
    assert.equal((await checksumsOf(home))[0]?.algorithm, 'SHA256');
  });

  test('an upload without local state goes on: its parts are compared by their CRC32', async (t) => {
    const home = await open(t);
    await killAtLastPart(home);
    const [uploadId = ''] = home.store.uploads.keys();
    const [, path, target] = home.line as [string, string, string];
    const elsewhere = { XDG_STATE_HOME: join(home.folder, 'other') };
    const words = ['resume', path, target, `--upload-id=${uploadId}`, '--json'];
    const done = onlyObject(await home.run(words, elsewhere));
    assert.deepEqual([done['partsSent'], done['partsReused']], [1, 2]);
  });

  test('a part that is damaged on its way is sent again', async (t) => {
    const home = await open(t);
    let damaged = 0;
    home.store.damages = (partNumber) => partNumber === 2 && ++damaged === 1;
    onlyObject(await home.run(home.line));
    assert.equal(damaged, 2);
    assert.equal(home.store.objects.get('a.tar')?.checksum?.value, crcOf(home.path));
  });

  test('an object with another CRC32 than the file is 14, in the next run, too', async (t) => {
    const home = await open(t);
    const { store } = home;
    store.refuse = (operation) => {
      if (operation !== 'CompleteMultipartUpload') return null;
      for (const uploadId of store.uploads.keys()) store.complete(uploadId);
      const object = store.objects.get('a.tar');
      // The ETag is of another rule, so that only the checksum shows the damage.
      assert.ok(object?.checksum);
      object.etag = `${'0'.repeat(32)}-3`;
      object.checksum.value = 'AAAAAA==';
      return { status: 500, code: 'InternalError' };
    };
    assertFailed(await home.run(home.line.filter((word) => word !== '--json')), 14);
    store.refuse = () => null;
    assertFailed(await home.run(home.line.filter((word) => word !== '--json')), 14);
  });
});

describe('objects over TLS on Ceph RGW', { skip: missingOpenssl() || missingRgw() }, () => {
  const buckets = sharedBuckets(startRgw);

  for (const scheme of ['s3', 'obs'] as const) {
    const guard = scheme === 's3' ? 'the signature, as the store knows no checksums' : 'the MD5 alone';
    test(`${scheme}: the bytes are guarded by ${guard}`, async (t) => {
      const home = await buckets.home(t, 's3');
      const {
        AWS_ENDPOINT_URL_S3: plain = '',
        AWS_ACCESS_KEY_ID = '',
        AWS_SECRET_ACCESS_KEY = '',
      } = home.env;
      const front = await startTlsFront(t, home.folder, plain, FAST);
      const keys = { OBS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID, OBS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY };
      const env = { ...keys, CALVE_ENDPOINT_URL: front.url, NODE_EXTRA_CA_CERTS: front.certificatePath };
      const path = home.file('a.tar', SIZE_BYTES);
      const target = `${scheme}://${home.bucket}/a.tar`;
      const words = ['upload', path, target, '--part-size', '8M', '--json', '--path-style'];
      const done = onlyObject(await home.run([...words, '--region', 'us-east-1'], env));
      assert.equal(done['partsSent'], 3);
      const sent = home.passed().filter(isPart);
      assert.equal(sent.length, 3);
      for (const part of sent) {
        const isUnsigned = headerOf(part, 'x-amz-content-sha256') === 'UNSIGNED-PAYLOAD';
        const hasMd5 = headerOf(part, 'content-md5') !== null;
        assert.deepEqual([isUnsigned, hasMd5], scheme === 'obs' ? [true, true] : [false, false]);
      }
      assert.deepEqual(await home.readBack('a.tar'), readFileSync(path));
    });
  }
});
