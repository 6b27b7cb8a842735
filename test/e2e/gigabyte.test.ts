/** Files of 1 GiB, in `npm run test:long`: to an emulator, and to Swift, where the program dies half-way. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { awsTools, missingTool, sizesReadBack } from '../support/aws-tools.js';
import type { BucketHome } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { jsonLines } from '../support/calve.js';
import { openCommandHome } from '../support/emulator-command.js';
import { TEST_ALL } from '../support/seed.js';
import { missingSwift, startSwift } from '../support/swift.js';

const MIB_BYTES = 1024 * 1024;
const SIZE_BYTES = 1024 * MIB_BYTES;
const PARTS = 64;
const HALF = PARTS / 2;

const isShort = !TEST_ALL && 'a minute and 4 GiB of disk: npm run test:long';
const skip = isShort || missingSwift() || (await missingTool('aws'));

/** Writes a sparse file with the number of each MiB in its middle: every leaf differs, and the disk keeps little. */
function writeHoledFile(path: string): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, SIZE_BYTES);
  for (let start = 0; start < SIZE_BYTES; start += MIB_BYTES) {
    writeSync(file, `MiB ${start / MIB_BYTES}`, start + MIB_BYTES / 2);
  }
  closeSync(file);
}

test('An archive of 1 GiB is what boto3 reads back, byte for byte', {
  skip: isShort || (await missingTool('boto3')),
}, async (t) => {
  const home = await openCommandHome(t, ['--vault', 'photos', '--data-dir', 'vaults']);
  const file = join(home.folder, 'photos.tar');
  writeHoledFile(file);
  const words = ['upload', file, 'glacier://photos', '--part-size=16M', '--json'];
  const { code, stdout, stderr } = await home.run(words);
  assert.equal(code, 0, stderr);
  const archives = jsonLines(stdout);
  assert.deepEqual(
    archives.map(({ parts }) => parts),
    [PARTS],
  );
  assert.deepEqual(await sizesReadBack(awsTools(home), archives), [SIZE_BYTES]);
});

async function dieHalfWay(home: BucketHome): Promise<{ file: string; words: string[]; url: string }> {
  const file = home.file('photos.tar', SIZE_BYTES);
  const url = `${home.target}/2026/photos.tar`;
  const words = ['upload', file, url, '--part-size', '16M'];
  await home.killAtPart(words, HALF);
  assert.deepEqual(await home.openKeys(), ['2026/photos.tar']);
  return { file, words, url };
}

describe('1 GiB', { skip }, () => {
  const buckets = sharedBuckets(startSwift);

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
      const { storedBytes } = buckets.server();
      const before = storedBytes();
      const { url } = await dieHalfWay(home);
      assert.ok(storedBytes() - before >= SIZE_BYTES / 2, 'half of it is there');
      const ended = await home.run(['abort', url, '--all', '--yes']);
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(await home.openKeys(), []);
      assert.ok(storedBytes() - before < MIB_BYTES, `${storedBytes() - before} bytes are left`);
    });
  }
});
