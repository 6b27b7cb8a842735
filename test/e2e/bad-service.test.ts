/** A service that refuses a request, or that does not answer: exits 3, 10 and 12. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isPart } from '../support/requests.js';
import { sharedVaults } from '../support/vault-service.js';

describe('A service that says no', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('for want of credentials exits 12 and says where they may come from', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const ended = await home.run(['upload', file, home.target], none);
    assert.match(assertFailed(ended, 12), /no credentials were found/);
    assert.match(ended.stderr, /^hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile/m);
    const half = await home.run(['upload', file, home.target, '--json'], { AWS_SECRET_ACCESS_KEY: '' });
    assert.equal(assertFailedJson(half, 12)['kind'], 'refused');
    const profile = await home.run(['upload', file, home.target, '--profile', 'absent'], none);
    assertFailed(profile, 12);
    assert.equal(home.passed().length, 0);
  });

  test('for wrong credentials exits 12 with its own words, and no secret in ours', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    for (const wrong of [{ AWS_ACCESS_KEY_ID: 'AKIDWRONG' }, { AWS_SECRET_ACCESS_KEY: 'wrong-secret' }]) {
      const ended = await home.run(['upload', file, home.target, '--debug'], wrong);
      assert.equal(ended.code, 12, ended.stderr);
      assert.match(
        ended.stderr,
        /^calve: .*the service does not accept these credentials.*HTTP 40[03], request id /m,
      );
      assert.doesNotMatch(ended.stderr, /wrong-secret/);
      const error = assertFailedJson(await home.run(['list-uploads', home.target, '--json'], wrong), 12);
      assert.match(String(error['requestId']), /^[\w-]{47}$/);
      assert.equal(error['target'], home.target);
    }
  });

  test('takes a region with capitals where the endpoint is the user’s own, also for resume', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * 1024 * 1024);
    await home.leaveUnfinished(file, 1, ['--region=RegionOne']);
    const resumed = await home.run(['resume', file]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const own = await home.run(['list-uploads', home.target, '--region=NL'], {
      AWS_ENDPOINT_URL_GLACIER: '',
    });
    assert.match(
      assertFailed(own, 2),
      /^calve: region NL: a region of the service itself is written in lower-case/,
    );
  });

  test('takes the credentials of a profile that is named', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = home.env;
    mkdirSync(join(home.folder, 'home/.aws'));
    writeFileSync(
      join(home.folder, 'home/.aws/credentials'),
      `[cold]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
    );
    writeFileSync(join(home.folder, 'home/.aws/config'), '[profile cold]\nregion = eu-central-1\n');
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_REGION: '' };
    const flag = await home.run(['upload', file, home.target, '--profile', 'cold'], none);
    assert.equal(flag.code, 0, flag.stderr);
    const again = await home.run(['upload', file, home.target], { ...none, AWS_PROFILE: 'cold' });
    assert.deepEqual([again.code, again.stdout], [0, flag.stdout], again.stderr);
  });

  test('stops at once where the vault is unknown: one failure, one request, whatever the number of files', async (t) => {
    const home = await service.home(t);
    const files = ['a', 'b', 'c'].map((name) => home.file(name, 9));
    const ended = await home.run(['upload', ...files, 'glacier://nowhere']);
    assert.match(assertFailed(ended, 10), /^calve: vault nowhere: /);
    assert.equal(ended.stderr.match(/^calve: /gm)?.length, 1);
    assert.match(ended.stderr, /^hint: check its name, the region and the account/m);
  });

  test('for another account exits 12 or 10, and sends nothing there', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const words = ['upload', file, home.target, '--account-id', '999999999999'];
    const ended = await home.run(words);
    assert.ok(ended.code === 12 || ended.code === 10, `${ended.code}: ${ended.stderr}`);
    assertWords(ended.stderr);
    const own = await home.run(['upload', file, home.target, '--account-id', '111122223333']);
    assert.equal(own.code, 0, own.stderr);
  });

  test('that nobody runs exits 3, says what was tried, and that running it again goes on', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const closed = { AWS_ENDPOINT_URL_GLACIER: 'http://127.0.0.1:9' };
    const words = ['upload', file, home.target, '--max-attempts=2', '--retry-delay=1ms'];
    const ended = await home.run(words, closed);
    assert.match(assertFailed(ended, 3), /ECONNREFUSED.*, after 2 attempts in /);
    assert.match(ended.stderr, /^hint: run the same command again later$/m);
    const error = assertFailedJson(await home.run([...words, '--json'], closed), 3);
    assert.deepEqual([error['kind'], error['httpStatus']], ['unreachable', null]);
  });
});

describe('An answer of another server', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('that a part is too large exits 12 at once and names --part-size', async (t) => {
    const home = await service.home(t);
    let refused = 0;
    home.hook({
      before: (passing) => {
        if (!isPart(passing)) return 'pass';
        refused += 1;
        return { status: 413 };
      },
    });
    const ended = await home.run(['upload', home.file('f', 9), home.target]);
    assert.match(assertFailed(ended, 12), /takes no part of this size.*HTTP 413/);
    assert.match(ended.stderr, /^hint: create a new upload of smaller parts with --fresh --part-size/m);
    assert.equal(refused, 1);
  });

  test('with status 404 exits 12 at once, and the upload is not taken for gone', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    home.hook({ before: (passing) => (isPart(passing) ? { status: 404 } : 'pass') });
    const ended = await home.run(['upload', file, home.target]);
    assert.match(assertFailed(ended, 12), /the answer is not from the service.*HTTP 404/);
    assert.match(ended.stderr, /^hint: check --endpoint-url, and the proxies .*, then: calve resume /m);
    const [uploadId] = await home.openIds();
    home.hook({});
    const resumed = await home.run(['resume', '--json']);
    assert.equal(oneJson(resumed.stdout, 'archive')['uploadId'], uploadId);
  });
});

describe('A service of an account without vaults', { concurrency: 2 }, () => {
  const service = sharedVaults({ faults: ['no-longer-supported@initiate'] });

  test('exits 12, says since when, and names where the same file can go instead', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['upload', home.file('a', 9), home.file('b', 9), home.target]);
    assert.match(assertFailed(ended, 12), /15 December 2025/);
    assert.match(ended.stderr, / s3:\/\/BUCKET\/KEY --storage-class DEEP_ARCHIVE$/m);
    assert.equal(ended.stderr.match(/^calve: /gm)?.length, 1, 'the next file would meet it as well');
  });
});
