/** Stores whose limits are not those of S3, by the built program. Swift plays them, behind a front that refuses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sharedBuckets } from '../support/bucket-service.js';
import { jsonLines } from '../support/calve.js';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { headerOf, isComplete, isCreate, isPart, type Passing } from '../support/requests.js';
import { missingSwift, startSwift } from '../support/swift.js';

const MIB_BYTES = 1024 * 1024;
/** Three parts of 8 MiB, the last one short. */
const SIZE_BYTES = 16 * MIB_BYTES + 5;

function numberOf({ path }: Passing): number {
  return Number(/partNumber=(\d+)/.exec(path)?.[1]);
}

/** The words of Scaleway, for a store that takes two parts. */
function takesTwoParts(passing: Passing) {
  if (!isPart(passing) || numberOf(passing) <= 2) return 'pass';
  const message = 'Part number must be an integer between 1 and 2, inclusive';
  return { status: 400, code: 'InvalidArgument', message };
}

describe('a store with limits of its own', { skip: missingSwift(), concurrency: 2 }, () => {
  const buckets = sharedBuckets(startSwift);

  test('that takes fewer parts ends the run with 15, also when it is resumed, and the hint helps', async (t) => {
    const home = await buckets.home(t, 's3');
    home.hook({ before: takesTwoParts });
    const file = home.file('photos.tar', SIZE_BYTES);
    const line = ['upload', file, `${home.target}/photos.tar`];
    const hint = /^hint: resuming this upload fails again: run calve upload with --fresh and --max-parts 2$/m;
    const first = await home.run([...line, '--part-size=8M']);
    assert.match(assertFailed(first, 15), /could not send a part .*: the store takes no more than 2 parts/);
    assert.match(first.stderr, hint);
    const resumed = assertFailedJson(await home.run(['resume', file, '--json']), 15);
    assert.deepEqual([resumed['resumable'], resumed['code']], [false, 'InvalidArgument']);
    const changed = await home.run([...line, '--max-parts=2']);
    assert.match(assertFailed(changed, 2), /^calve: --max-parts 2: .*unfinished upload has 3 parts/);
    const { code, stderr } = await home.run([...line, '--fresh', '--max-parts=2']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await home.readBack('photos.tar'), readFileSync(file));
    assert.deepEqual(await home.openKeys(), []);
  });

  test('takes a stream of no more parts than --max-parts says, and the rest is not sent', async (t) => {
    const home = await buckets.home(t, 's3');
    home.hook({ before: takesTwoParts });
    home.file('photos.tar', SIZE_BYTES);
    const words = [
      `${home.target}/k`,
      '--from-command',
      '--part-size=8M',
      '--max-parts=2',
      '--',
      'cat',
      'photos.tar',
    ];
    const ended = await home.run(['upload', ...words]);
    assert.match(assertFailed(ended, 15), /longer than 2 parts of 8 MiB/);
    assert.match(ended.stderr, /^hint: .*--expected-size/m);
    assert.deepEqual(await home.openKeys(), []);
  });

  test('that finds the parts too small at complete ends the run with 15, and a new upload of larger parts helps', async (t) => {
    const home = await buckets.home(t, 's3');
    const message = 'Your proposed upload is smaller than the minimum allowed size';
    home.hook({
      before: (passing) =>
        isComplete(passing) && home.passed().filter(isPart).length === 3
          ? { status: 400, code: 'EntityTooSmall', message }
          : 'pass',
    });
    const file = home.file('photos.tar', SIZE_BYTES);
    const line = ['upload', file, `${home.target}/photos.tar`];
    const ended = await home.run([...line, '--part-size=8M']);
    assert.match(assertFailed(ended, 15), /could not complete .*: the parts are too small for this store/);
    assert.match(ended.stderr, /^hint: .*--fresh and a larger --part-size/m);
    const { code, stderr } = await home.run([...line, '--fresh', '--part-size=16M']);
    assert.equal(code, 0, stderr);
    assert.deepEqual([home.passed().filter(isCreate).length, await home.openKeys()], [2, []]);
  });

  test('that requires MD5 with each part (object lock) gets it, also in a run that resumes', async (t) => {
    const home = await buckets.home(t, 's3');
    const message =
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters';
    let isInterrupted = true;
    home.hook({
      before: (passing) => {
        if (!isPart(passing)) return 'pass';
        if (headerOf(passing, 'content-md5') === null)
          return { status: 400, code: 'InvalidRequest', message };
        const isDenied = isInterrupted && numberOf(passing) === 3;
        return isDenied ? { status: 403, code: 'AccessDenied', message: 'No.' } : 'pass';
      },
    });
    const file = home.file('photos.tar', SIZE_BYTES);
    const line = ['upload', file, `${home.target}/photos.tar`, '--part-size=8M', '--concurrency=1'];
    assertFailed(await home.run(line), 12);
    assert.equal(home.passed().filter(isPart).length, 2);
    isInterrupted = false;
    const { code, stderr } = await home.run(['resume', file]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await home.readBack('photos.tar'), readFileSync(file));
    assert.equal(home.passed().filter(isPart).length, 3);
  });

  test('gets larger parts by --max-parts or its variable; a part size that makes more parts is refused', async (t) => {
    const home = await buckets.home(t, 's3');
    home.file('photos.tar', 40 * MIB_BYTES);
    const line = ['upload', 'photos.tar', `${home.target}/photos.tar`, '--dry-run'];
    const { stdout } = await home.run([...line, '--json'], { CALVE_MAX_PARTS: '2' });
    const [{ partSize, parts } = {}] = jsonLines(stdout);
    assert.deepEqual([partSize, parts], [32 * MIB_BYTES, 2]);
    const refused = await home.run([...line.slice(0, -1), '--max-parts=2', '--part-size=8M']);
    assert.match(assertFailed(refused, 2), /^calve: --part-size 8M with --max-parts 2: that makes 5 parts$/);
    assert.match(refused.stderr, /^hint: use --part-size 32M, or omit it/m);
    assertFailed(await home.run([...line, '--max-parts=10001']), 2);
    assert.deepEqual(home.passed(), []);
  });
});
