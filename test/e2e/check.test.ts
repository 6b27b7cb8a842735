import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Ended, jsonLines } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { openHome } from '../support/home.js';
import { checkObject, tableOf } from '../support/json-shapes.js';
import { startSmallStore } from '../support/small-store.js';
import { tempFolder } from '../support/temp.js';
import { sharedVaults } from '../support/vault-service.js';

/** Returns `ok vault` and the like, one for each check, in order. */
function results({ stdout }: Ended): string[] {
  return tableOf(stdout).map(({ status, check }) => `${status} ${check}`);
}

function messageOf({ stdout }: Ended, name: string): string {
  return tableOf(stdout).find(({ check }) => check === name)?.['message'] ?? '';
}

/** A list on stdout, and the failures on stderr. */
function assertEnds(ended: Ended, code: number): void {
  assertFailed({ ...ended, stdout: '' }, code);
}

const FOLDERS = ['ok state', 'ok catalogue', 'ok spool'];

describe('calve check', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('of a vault prints one line for each check, and whose credentials they are, but no secret', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['check', home.target]);
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.deepEqual(results(ended), [
      ...['ok credentials', 'ok vault', 'ok clock', 'ok list-uploads', 'ok list-parts', 'skipped write'],
      ...FOLDERS,
    ]);
    assert.match(messageOf(ended, 'credentials'), new RegExp(`^access key ${service.emulator.accessKeyId}`));
    assert.match(messageOf(ended, 'vault'), /account 111122223333$/);
    assert.ok(!ended.stdout.includes(service.emulator.secretAccessKey));
    assert.ok(
      home.passed().every(({ method }) => method === 'GET'),
      'nothing is written',
    );
  });

  test('with --write creates an upload and aborts it; --json has an object for each check', async (t) => {
    const home = await service.home(t);
    const { code, stdout } = await home.run(['check', home.target, '--write', '--json']);
    assert.equal(code, 0, stdout);
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => checkObject(line, 'check'));
    assert.equal(objects.find(({ check }) => check === 'write')?.['status'], 'ok');
    const methods = home.passed().map(({ method }) => method);
    assert.deepEqual(methods.slice(-3), ['GET', 'POST', 'DELETE']);
    assert.deepEqual(await home.openIds(), []);
  });

  test('of a vault that does not exist ends with 10, and still looks at the folders', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['check', 'glacier://missing', '--write']);
    assertEnds(ended, 10);
    assert.deepEqual(results(ended), [
      ...['ok credentials', 'failed vault', 'ok clock'],
      ...['skipped list-uploads', 'skipped list-parts', 'skipped write'],
      ...FOLDERS,
    ]);
  });

  test('ends with the highest number of several failures, and prints each with its hint', async (t) => {
    const home = await service.home(t);
    mkdirSync(join(home.folder, 'shared'));
    chmodSync(join(home.folder, 'shared'), 0o777);
    const words = ['check', home.target, '--catalogue', 'shared', '--json'];
    const wrong = { AWS_SECRET_ACCESS_KEY: 'wrong', CALVE_STATE_DIR: join(home.folder, 'f', 'state') };
    writeFileSync(join(home.folder, 'f'), '');
    const ended = await home.run(words, wrong);
    assert.equal(ended.code, 13, ended.stderr);
    const objects = jsonLines(ended.stdout);
    const failed = objects.filter(({ status }) => status === 'failed');
    assert.deepEqual(
      failed.map(({ check, exitCode }) => [check, exitCode]),
      [
        ['vault', 12],
        ['state', 13],
        ['catalogue', 13],
      ],
    );
    assert.deepEqual(
      objects.filter(({ type }) => type === 'error').map(({ exitCode }) => exitCode),
      [13, 13, 12],
    );
  });

  test('without credentials ends with 12; a right to list that is missing is a warning', async (t) => {
    const home = await service.home(t);
    const none = await home.run(['check', home.target], { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    assertEnds(none, 12);
    assert.equal(results(none)[0], 'failed credentials');
    const denied = { status: 403, code: 'AccessDeniedException', message: 'No.' };
    home.hook({ before: ({ path }) => (/multipart-uploads/.test(path) ? denied : 'pass') });
    const ended = await home.run(['check', home.target]);
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.deepEqual(results(ended).slice(3, 5), ['warning list-uploads', 'warning list-parts']);
    const writing = await home.run(['check', home.target, '--write']);
    assertEnds(writing, 12);
    assert.deepEqual(results(writing)[5], 'failed write');
  });
});

test('calve check of s3 and obs: a bucket that is there, one that is not, and a clock that is wrong', async (t) => {
  const store = await startSmallStore(t);
  const home = openHome(t, store.env);
  for (const scheme of ['s3', 'obs']) {
    store.log.length = 0;
    const ended = await home.run(['check', `${scheme}://photos/2026/`, '--write']);
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.deepEqual(results(ended), [
      ...['ok credentials', 'ok bucket', 'ok clock', 'ok list-uploads', 'ok list-parts', 'ok write'],
      ...FOLDERS,
    ]);
    assert.deepEqual(store.log.slice(-2), ['CreateMultipartUpload', 'AbortMultipartUpload']);
    assert.equal(store.uploads.size, 0);
  }
  store.refuse = (operation) => (operation === 'HeadBucket' ? { status: 404 } : null);
  assertEnds(await home.run(['check', 's3://photos']), 10);
  store.refuse = () => null;
  store.dateOffsetMs = 600_000;
  const late = await home.run(['check', 'obs://photos']);
  assert.equal(late.code, 0, late.stderr);
  assert.match(
    messageOf(late, 'clock'),
    /^the clock of this machine is (10 min|9 min 5\d s).* behind the service's: /,
  );
});

test('calve check asks the identity service of AWS whose credentials it has, and only for s3 and vaults', async (t) => {
  const store = await startSmallStore(t);
  const arn = 'arn:aws:iam::111122223333:user/backup';
  const asked: string[] = [];
  const identity = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.end(`<R><Arn>${arn}</Arn><Account>111122223333</Account></R>`);
  });
  await new Promise<void>((resolve) => identity.listen(0, '127.0.0.1', resolve));
  t.after(() => identity.close());
  const { port } = identity.address() as AddressInfo;
  const home = openHome(t, { ...store.env, AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}` });
  const ended = await home.run(['check', 's3://photos', '--json']);
  const [credentials] = jsonLines(ended.stdout);
  assert.deepEqual([credentials?.['account'], credentials?.['arn']], ['111122223333', arn], ended.stderr);
  assert.match(
    String(asked),
    /^GET \/\?Action=GetCallerIdentity&Version=2011-06-15 AWS4-HMAC-SHA256 Credential=AKIA\w+\/\d{8}\/eu-west-1\/sts\//,
  );
  const obs = jsonLines((await home.run(['check', 'obs://photos', '--json'])).stdout);
  assert.deepEqual([obs[0]?.['status'], obs[0]?.['arn'], asked.length], ['ok', null, 1]);
});

test('calve check of local:// starts the emulator, creates no vault, and names the folders that it proves', async (t) => {
  const home = openHome(t);
  const ended = await home.run(['check', 'local://trial']);
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  assert.match(messageOf(ended, 'vault'), /the first upload creates it/);
  assert.ok(messageOf(ended, 'state').endsWith(home.stateDir));
  assert.ok(messageOf(ended, 'catalogue').endsWith(home.catalogueDir));
  assert.ok(messageOf(ended, 'spool').startsWith(home.env['TMPDIR'] ?? '?'));
  assert.deepEqual(await home.unfinishedIds(), []);
});

test('calve check with a folder for large parts that is not there fails', async (t) => {
  const home = openHome(t);
  const missing = join(tempFolder(t), 'none');
  const ended = await home.run(['check', 'local://trial'], { TMPDIR: missing });
  assertEnds(ended, 13);
  assert.equal(results(ended).at(-1), 'failed spool');
});
