/** A gibibyte to Swift, as `npm run test:long` sends it: half of it is on the service when the program dies. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { missingTool } from '../support/aws-tools.js';
import type { BucketHome } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { jsonLines } from '../support/calve.js';
import { TEST_ALL } from '../support/seed.js';
import { missingSwift } from '../support/swift.js';

const MIB_BYTES = 1024 * 1024;
const SIZE_BYTES = 1024 * MIB_BYTES;
const PARTS = 64;
const HALF = PARTS / 2;

const isShort = !TEST_ALL && 'a minute and 4 GiB of disk: npm run test:long';
const skip = isShort || missingSwift() || (await missingTool('aws'));

async function dieHalfWay(home: BucketHome): Promise<{ file: string; words: string[]; url: string }> {
  const file = home.file('photos.tar', SIZE_BYTES);
  const url = `${home.target}/2026/photos.tar`;
  const words = ['upload', file, url, '--part-size', '16M'];
  await home.killAtPart(words, HALF);
  assert.deepEqual(await home.openKeys(), ['2026/photos.tar']);
  return { file, words, url };
}

describe('1 GiB', { skip }, () => {
  const buckets = sharedBuckets();

  for (const scheme of ['s3', 'obs'] as const) {
    test(`${scheme}: killed half-way goes on with every part that had arrived, and reads back byte for byte`, async (t) => {
      const home = await buckets.home(t, scheme);
      const { file, words } = await dieHalfWay(home);
      const ended = await home.run([...words, '--json']);
      assert.equal(ended.code, 0, ended.stderr);
      const [done] = jsonLines(ended.stdout);
      assert.deepEqual([done?.['partsReused'], done?.['partsSent']], [HALF, PARTS - HALF]);
      // cmp ends with 1 where a byte differs.
      await promisify(execFile)('cmp', [file, await home.download('2026/photos.tar')]);
      assert.deepEqual(await home.openKeys(), []);
    });

    test(`${scheme}: killed half-way and aborted leaves nothing on the service's disk`, async (t) => {
      const home = await buckets.home(t, scheme);
      const before = home.storedBytes();
      const { url } = await dieHalfWay(home);
      assert.ok(home.storedBytes() - before >= SIZE_BYTES / 2, 'half of it is there');
      const ended = await home.run(['abort', url, '--all', '--yes']);
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(await home.openKeys(), []);
      assert.ok(home.storedBytes() - before < MIB_BYTES, `${home.storedBytes() - before} bytes are left`);
    });
  }
});
