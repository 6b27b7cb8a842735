/** Credentials from each place that the AWS tools know: damaged, replaced during a run, or missing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { startConnectProxy } from '../support/connect-proxy.js';
import { assertFailed } from '../support/failed.js';
import { headerOf, isPart } from '../support/requests.js';
import { missingOpenssl, startTlsFront } from '../support/tls-front.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
/** Takes the credentials out of the environment. */
const NONE = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };

function writeAws(home: VaultHome, name: 'config' | 'credentials', text: string): void {
  mkdirSync(join(home.folder, 'home/.aws'), { recursive: true });
  writeFileSync(join(home.folder, 'home/.aws', name), text);
}

function writeKeys(home: VaultHome, token: string): void {
  const { accessKeyId, secretAccessKey } = home.emulator;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  writeAws(home, 'credentials', `[night]\n${keys}aws_session_token = ${token}\n`);
}

describe('Credentials', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('with a line end at their end, as secrets of Kubernetes have it, are used without it', async (t) => {
    const home = await service.home(t);
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = home.env;
    const ended = await home.run(['list-uploads', home.target], {
      AWS_ACCESS_KEY_ID: `${id}\n`,
      AWS_SECRET_ACCESS_KEY: `${secret}\r\n`,
      AWS_SESSION_TOKEN: 'token\n',
      AWS_REGION: 'eu-west-1\n',
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(home.passed().every((passing) => headerOf(passing, 'x-amz-security-token') === 'token'));
  });

  test('with a control character in the middle exit 12 and name the variable, and never show the value', async (t) => {
    const home = await service.home(t);
    const vault = await home.run(['list-uploads', home.target], { AWS_SESSION_TOKEN: 'hid\nden' });
    assert.match(assertFailed(vault, 12), /AWS_SESSION_TOKEN has a character that no key/);
    const bucket = await home.run(['list-uploads', 'obs://photos', '--region=ap-southeast-1'], {
      OBS_ACCESS_KEY_ID: 'hid\tden',
      OBS_SECRET_ACCESS_KEY: 'hidden',
    });
    assert.match(assertFailed(bucket, 12), /OBS_ACCESS_KEY_ID has a character that no key/);
    assert.doesNotMatch(vault.stderr + bucket.stderr, /hid/);
    assert.equal(home.passed().length, 0);
  });

  test('that another program replaces in the file during a run are read again, and a stream is not lost', async (t) => {
    const home = await service.home(t);
    writeKeys(home, 'old');
    let refusals = 0;
    let parts = 0;
    home.hook({
      before: (passing) => {
        if (isPart(passing)) parts += 1;
        if (headerOf(passing, 'x-amz-security-token') === 'new' || parts < 3) return 'pass';
        refusals += 1;
        // The file is written after the first look-up has found the old token once more.
        if (refusals === 2) writeKeys(home, 'new');
        return { status: 403, code: 'ExpiredTokenException', message: 'The security token has expired' };
      },
    });
    const bytes = seededBytes(6 * MIB_BYTES, 7);
    const words = ['upload', '-', home.target, '--part-size=1M', '--concurrency=1', '--profile=night'];
    const ended = await home.run(words, NONE, bytes);
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(refusals >= 2);
    assert.deepEqual(await home.readBack(ended.stdout.trim()), bytes);
  });

  test('of a permanent key that the service does not know are not tried again', async (t) => {
    const home = await service.home(t);
    writeAws(home, 'credentials', '[typo]\naws_access_key_id = AKIDTYPO\naws_secret_access_key = x\n');
    const ended = await home.run(['list-uploads', home.target, '--profile=typo'], NONE);
    assert.match(assertFailed(ended, 12), /the service does not accept these credentials/);
    assert.equal(home.passed().length, 1);
  });

  test('of a profile that does not exist exit 12 and name it', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['list-uploads', home.target, '--profile=nosuch'], {
      ...NONE,
      AWS_REGION: '',
    });
    assert.match(
      assertFailed(ended, 12),
      /there is no profile "nosuch" in ~\/\.aws\/config or ~\/\.aws\/credentials/,
    );
    const byVariable = await home.run(['list-uploads', home.target], { AWS_PROFILE: 'nosuch' });
    assert.match(assertFailed(byVariable, 12), /there is no profile "nosuch"/);
    assert.equal(home.passed().length, 0);
  });

  test('of a process that fails exit 12 at once and name the profile and the program, but not its words', async (t) => {
    const home = await service.home(t);
    const runs = join(home.folder, 'runs');
    const script = join(home.folder, 'helper.sh');
    writeFileSync(script, `#!/bin/sh\necho run >> '${runs}'\necho leaked >&2\nexit 3\n`, { mode: 0o700 });
    writeAws(
      home,
      'config',
      `[profile job]\ncredential_process = ${script} --password hidden\n[profile role]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = job\n`,
    );
    const env = {
      ...NONE,
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
    };
    const ended = await home.run(['list-uploads', home.target, '--profile=job'], env);
    const line = assertFailed(ended, 12);
    assert.ok(line.includes(`the credential_process of profile job failed: ${script}`), line);
    assert.doesNotMatch(ended.stderr, /hidden|leaked/);
    assert.equal(readFileSync(runs, 'utf8'), 'run\n', 'it runs once');
    const role = await home.run(['list-uploads', home.target, '--profile=role'], env);
    assert.match(assertFailed(role, 12), /the credential_process of profile job failed/);
  });

  test('of a token file that is missing exit 12 and name the file', async (t) => {
    const home = await service.home(t);
    const path = join(home.folder, 'no-token');
    const role = { ...NONE, AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/backup' };
    for (const env of [
      { ...role, AWS_WEB_IDENTITY_TOKEN_FILE: path },
      {
        ...NONE,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1',
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path,
      },
    ]) {
      const ended = await home.run(['list-uploads', home.target], env);
      assert.ok(
        assertFailed(ended, 12).includes(`the token file ${path} cannot be read: ENOENT`),
        ended.stderr,
      );
    }
  });

  test('from a container come with a token whose file ends in a line end; an endpoint that is down ends in 3', async (t) => {
    const home = await service.home(t);
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = home.emulator;
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    const asked: unknown[] = [];
    const url = await answering(t, (authorization) => {
      asked.push(authorization);
      return { AccessKeyId, SecretAccessKey, Token: 'container', Expiration };
    });
    const path = join(home.folder, 'token');
    writeFileSync(path, 'let-me-in\n');
    const ended = await home.run(['list-uploads', home.target], {
      ...NONE,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path,
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(asked, ['let-me-in']);
    const down = await home.run(['list-uploads', home.target, '--max-attempts=1'], {
      ...NONE,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/',
    });
    assert.match(
      assertFailed(down, 3),
      /the endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI gives no credentials/,
    );
  });

  test('of SSO are asked for through the proxy, and a proxy that fails is tried again', {
    skip: missingOpenssl(),
  }, async (t) => {
    const home = await service.home(t);
    const host = 'portal.sso.eu-west-1.amazonaws.com';
    signInBySso(home);
    const { accessKeyId, secretAccessKey } = home.emulator;
    const expiration = Date.now() + 3_600_000;
    const roleCredentials = { accessKeyId, secretAccessKey, sessionToken: 'sso', expiration };
    const portal = await answering(t, () => ({ roleCredentials }));
    const front = await startTlsFront(t, home.folder, portal, { bytesPerSecond: 1e9, name: host });
    const words = ['list-uploads', home.target, '--profile=staff', '--max-attempts=2'];
    const env = { ...NONE, NODE_EXTRA_CA_CERTS: front.certificatePath };
    const proxy = await startConnectProxy(t, front);
    const ended = await home.run(words, { ...env, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      proxy.asked.map(({ authority }) => authority),
      [`${host}:443`],
    );
    const broken = await startConnectProxy(t, { status: 503, words: 'Service Unavailable' });
    const failed = await home.run(words, { ...env, HTTPS_PROXY: `http://127.0.0.1:${broken.port}` });
    assert.match(assertFailed(failed, 3), /the proxy .* answered 503.*after 2 attempts/);
    assert.equal(broken.asked.length, 2);
  });
});

/** Starts a server that answers each request with an object. @returns its URL */
async function answering(t: TestContext, answer: (authorization: unknown) => object): Promise<string> {
  const server = createServer(({ headers }, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer(headers.authorization)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Writes the profile `staff`, and the token that `aws sso login` would leave. */
function signInBySso(home: VaultHome): void {
  const startUrl = 'https://staff.awsapps.com/start';
  writeAws(
    home,
    'config',
    `[profile staff]\nsso_start_url = ${startUrl}\nsso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = backup\n`,
  );
  const cache = join(home.folder, 'home/.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const name = createHash('sha1').update(startUrl).digest('hex');
  writeFileSync(join(cache, `${name}.json`), JSON.stringify({ startUrl, accessToken: 'a', expiresAt }));
  assert.ok(existsSync(cache));
}
