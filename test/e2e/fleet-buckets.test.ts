/** Fleets that send objects, by the built program, to Swift and to Ceph's gateway. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { BucketHome, Scheme } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { onlyObject } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { isComplete, isPart } from '../support/requests.js';
import { missingRgw, startRgw } from '../support/rgw.js';
import { missingSwift, startSwift } from '../support/swift.js';

const MIB_BYTES = 1024 * 1024;
const MANIFEST = 'my fleet.json';

const send = (shard: number, ...more: readonly string[]): string[] => [
  ...['fleet', 'send', MANIFEST, '--shard', String(shard)],
  ...more,
];

/** The facts that every store of objects must keep. */
function objectFacts(
  homeOf: (t: TestContext, scheme: Scheme) => Promise<BucketHome>,
  schemes: readonly Scheme[],
): void {
  const BIG_BYTES = 16 * MIB_BYTES + 5;

  for (const scheme of schemes) {
    test(`${scheme}: machines with folders of their own send an object, after one was killed and one lost its receipts`, async (t) => {
      const home = await homeOf(t, scheme);
      const file = home.file('disk.img', BIG_BYTES);
      const create = ['fleet', 'create', file, `${home.target}/p/`, '--part-size', '8M'];
      const made = await home.run([...create, '--shards', '2', '--manifest', MANIFEST, '--json']);
      assert.equal(onlyObject(made)['target'], `${home.target}/p/disk.img`);
      const machine = (name: string): string[] => ['--receipts', join(home.folder, name)];
      await home.killAtPart(send(1, ...machine('b')), 1);
      const sentBefore = home.passed().filter(isPart).length;
      const rest = await home.run([...send(1, ...machine('b')), '--json']);
      assert.deepEqual([onlyObject(rest)['partsSent'], onlyObject(rest)['partsReused']], [1, 1]);
      assert.equal(home.passed().filter(isPart).length, sentBefore + 1);
      assert.equal((await home.run(send(0, ...machine('a')))).code, 0);
      rmSync(join(home.folder, 'b'), { recursive: true });
      const finish = ['fleet', 'finish', MANIFEST, ...machine('a'), ...machine('b')];
      assert.match(assertFailed(await home.run(finish), 3), /2 parts of 3 on the service have no receipt/);
      const compared = onlyObject(await home.run([...send(1, ...machine('b')), '--json']));
      assert.deepEqual([compared['partsSent'], compared['partsReused']], [0, 2]);
      let running = home.start(finish);
      home.hook({
        after: (passing) => {
          if (!isComplete(passing)) return 'pass';
          running.child.kill('SIGKILL');
          return 'hold';
        },
      });
      assert.equal((await running.ended).signal, 'SIGKILL');
      home.hook({});
      running = home.start([...finish, '--json']);
      const done = onlyObject(await running.ended);
      assert.deepEqual([done['archiveId'], done['partsSent']], [`${home.target}/p/disk.img`, 0]);
      assert.deepEqual(await home.readBack('p/disk.img'), readFileSync(file));
      assert.deepEqual([await home.openKeys(), await home.cataloguedIds()], [[], [done['archiveId']]]);
      const skipped = await home.run(['upload', file, `${home.target}/p/`, '--json']);
      assert.equal(onlyObject(skipped)['skipped'], true, 'the next upload finds it in the catalogue');
    });
  }
}

describe('calve fleet, to Swift', { skip: missingSwift(), concurrency: 2 }, () => {
  const buckets = sharedBuckets(startSwift);
  objectFacts((t, scheme) => buckets.home(t, scheme), ['s3', 'obs']);
});

describe('calve fleet, to Ceph RGW', { skip: missingRgw() }, () => {
  const buckets = sharedBuckets(startRgw);
  objectFacts((t, scheme) => buckets.home(t, scheme), ['s3']);
});
