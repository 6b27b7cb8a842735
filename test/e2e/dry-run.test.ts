/** `upload --dry-run`: what the same line would do without it, by the built program. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sharedBuckets } from '../support/bucket-service.js';
import { assertFailed } from '../support/failed.js';
import type { Home } from '../support/home.js';
import { jsonOf, oneJson } from '../support/json-shapes.js';
import { liveUpload } from '../support/live-upload.js';
import { missingSwift, startSwift } from '../support/swift.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

/** Returns every file and folder of calve's own, with its times and bytes. */
function snapshot({ stateDir, catalogueDir }: Home): unknown[] {
  return [stateDir, catalogueDir].flatMap((folder) =>
    (readdirSync(folder, { recursive: true }) as string[]).sort().map((name) => {
      const path = join(folder, name);
      const stats = statSync(path);
      return [name, stats.mtimeMs, stats.isFile() ? readFileSync(path, 'hex') : ''];
    }),
  );
}

describe('upload --dry-run', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('says which file is new, which is continued and which is archived, and changes nothing', async (t) => {
    const home = await service.home(t);
    const [a, b, c] = ['a', 'b', 'c'].map((name, i) => home.file(name, 4 * MIB_BYTES, i)) as [
      string,
      string,
      string,
    ];
    const uploadId = await home.leaveUnfinished(b, 2);
    const archiveId = (await home.run(['upload', c, home.target])).stdout.trimEnd();
    const [before, requests] = [snapshot(home), home.passed().length];
    const line = ['upload', a, b, c, home.target];
    const { stdout, stderr, code } = await home.run([...line, '--dry-run', '--json']);
    assert.deepEqual([code, stderr], [0, '']);
    const plans = jsonOf(stdout, 'plan').map((plan) =>
      ['file', 'action', 'parts', 'partsDone', 'requests', 'uploadId', 'archiveId'].map((key) => plan[key]),
    );
    assert.deepEqual(plans, [
      [a, 'new', 1, null, 3, null, null],
      [b, 'continue', 4, 2, 4, uploadId, null],
      [c, 'skip', 1, null, 0, null, archiveId],
    ]);
    const text = (await home.run([...line, '--dry-run'])).stdout.split('\n');
    assert.equal(text[0], `${a} to ${home.target}: new, 4 MiB in one part, 3 requests`);
    assert.equal(
      text[1],
      `${b} to ${home.target}: continue, 4 MiB in 4 parts of 1 MiB, 4 requests, 2 of 4 parts are done, upload ${uploadId}`,
    );
    assert.match(text[2] ?? '', /: skip, archived on [\d-]+ [\d:]+ UTC as .+$/);
    assert.ok(text[2]?.endsWith(archiveId));
    assert.deepEqual([snapshot(home), home.passed().length], [before, requests]);
  });

  test('of a file that another calve is sending ends with 11, as the upload would', async (t) => {
    const home = await service.home(t);
    const live = await liveUpload(home);
    const before = snapshot(home);
    assert.match(
      assertFailed(await home.run(['upload', live.file, home.target, '--dry-run']), 11),
      /another calve/,
    );
    assert.deepEqual(snapshot(home), before);
    await live.end();
  });

  test('of a local vault knows its uploads, with and without the folder of its data', async (t) => {
    const home = await service.home(t);
    const file = home.file('a', 9);
    const plan = async () =>
      oneJson((await home.run(['upload', file, 'local://v', '--dry-run', '--json'])).stdout, 'plan');
    assert.equal((await plan())['action'], 'new');
    assert.equal((await home.run(['upload', file, 'local://v'])).code, 0);
    assert.equal((await plan())['action'], 'skip');
  });
});

describe('upload --dry-run to a bucket', { skip: missingSwift() }, () => {
  const buckets = sharedBuckets(startSwift);

  for (const scheme of ['s3', 'obs'] as const) {
    test(`${scheme}: says what is continued and what is archived, without a request`, async (t) => {
      const home = await buckets.home(t, scheme);
      const line = ['upload', home.file('a', 16 * MIB_BYTES + 5), `${home.target}/x/`, '--part-size=8M'];
      await home.killAtPart(line, 2);
      const requests = home.passed().length;
      const plan = async () => oneJson((await home.run([...line, '--dry-run', '--json'])).stdout, 'plan');
      const { action, partsDone, parts, target } = await plan();
      assert.deepEqual([action, partsDone, parts, target], ['continue', 2, 3, `${home.target}/x/a`]);
      assert.equal(home.passed().length, requests);
      assert.equal((await home.run(line)).code, 0);
      const skipped = await plan();
      assert.deepEqual([skipped['action'], skipped['archiveId']], ['skip', `${home.target}/x/a`]);
    });
  }
});
