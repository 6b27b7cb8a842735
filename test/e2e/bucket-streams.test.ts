/** Streams to buckets on Swift: sent again after a kill, and with names. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Scheme } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { seededBytes } from '../support/bytes.js';
import { jsonLines, onlyObject } from '../support/calve.js';
import { isCreate, isPart } from '../support/requests.js';
import { missingSwift, startSwift } from '../support/swift.js';

const MIB_BYTES = 1024 * 1024;
const SMALL_PARTS = ['--part-size', '8M'];
const skip = missingSwift();

describe('a stream to a bucket', { skip, concurrency: 2 }, () => {
  const buckets = sharedBuckets(startSwift);
  /** Three parts of 8 MiB, the last one short. */
  const bytes = seededBytes(16 * MIB_BYTES + 5, 11);

  for (const scheme of ['s3', 'obs'] satisfies Scheme[]) {
    test(`${scheme}: after kill -9 is sent again, and only what is missing goes`, async (t) => {
      const home = await buckets.home(t, scheme);
      const folder = `${home.target}/nightly/`;
      const named = ['--name', 'db.sql'];
      await home.killAtPart(['upload', '-', folder, ...named, ...SMALL_PARTS], 2, bytes);
      const listed = await home.run(['list-uploads', home.target, '--json']);
      const [{ uploadId, target } = {}] = jsonLines(listed.stdout);
      assert.equal(target, `${folder}db.sql`);
      writeFileSync(join(home.folder, 'stream'), bytes);
      const words = ['resume', folder, ...named, `--upload-id=${uploadId}`, '--json'];
      const done = onlyObject(await home.run([...words, '--from-command', '--', 'cat', 'stream']));
      const { archiveId, file, key, partsSent, partsReused, resumed, partSize } = done;
      assert.deepEqual([archiveId, file, key], [`${folder}db.sql`, 'db.sql', 'nightly/db.sql']);
      assert.deepEqual([partsSent, partsReused, resumed, partSize], [1, 2, true, 8 * MIB_BYTES]);
      assert.deepEqual(await home.readBack('nightly/db.sql'), bytes);
      assert.deepEqual(await home.openKeys(), []);
      assert.equal(home.passed().filter(isPart).length, 3);
    });
  }

  test('s3: with one part on the service takes the part size that is given, and a longer stream', async (t) => {
    const home = await buckets.home(t, 's3');
    const url = `${home.target}/db.sql`;
    await home.killAtPart(['upload', '-', url, ...SMALL_PARTS], 1, bytes);
    const [{ uploadId } = {}] = jsonLines((await home.run(['list-uploads', url, '--json'])).stdout);
    const longer = Buffer.concat([bytes, seededBytes(8 * MIB_BYTES, 12)]);
    const words = ['resume', '-', url, `--upload-id=${uploadId}`, ...SMALL_PARTS, '--json'];
    const done = onlyObject(await home.run(words, {}, longer));
    assert.deepEqual([done['partsSent'], done['partsReused'], done['parts']], [3, 1, 4]);
    assert.deepEqual(await home.readBack('db.sql'), longer);
    assert.equal(home.passed().filter(isCreate).length, 1);
  });
});
