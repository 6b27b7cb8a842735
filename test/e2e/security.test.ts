/**
 * Tests of which hosts get credentials, which certificates are accepted, and what other processes see.
 * docs/security.md names each test.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { encodeLine } from '../../src/state/checked-line.js';
import { selfSigned } from '../support/certificates.js';
import { assertFailed } from '../support/failed.js';
import { isCreate } from '../support/requests.js';
import { socketLog } from '../support/socket-log.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const SECRET = 'secret/key+that/nobody/may/see/anywhere0';
const TOKEN = 'SESSION-TOKEN-THAT-NOBODY-MAY-SEE';

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

/** A service behind TLS that remembers what it was asked. */
async function tlsService(t: TestContext, certificate: ServerOptions) {
  const asked: string[] = [];
  const server = createServer(certificate, (request, response) => {
    asked.push(request.headers.authorization ?? '');
    response.writeHead(500).end();
  });
  t.after(() => server.closeAllConnections());
  return { asked, url: `https://127.0.0.1:${await listen(t, server)}` };
}

describe('Security', { concurrency: 2 }, () => {
  const service = sharedVaults({ accessKeyId: 'AKIDSECRETS', secretAccessKey: SECRET });

  test('a certificate of an unknown authority is refused with exit 12, and no request is sent', async (t) => {
    const home = await service.home(t);
    const certificate = selfSigned(home.folder, 'IP:127.0.0.1');
    if (certificate === null) return t.skip('there is no openssl here');
    const { asked, url } = await tlsService(t, certificate);
    const words = ['upload', home.file('f', 9), home.target, `--endpoint-url=${url}`, '--max-attempts=2'];
    const ended = await home.run(words);
    assert.match(assertFailed(ended, 12), /DEPTH_ZERO_SELF_SIGNED_CERT/);
    assert.deepEqual(asked, []);
    // The same service is asked as soon as its certificate is trusted.
    const trusted = await home.run(words, { NODE_EXTRA_CA_CERTS: certificate.path });
    assert.equal(trusted.code, 3, trusted.stderr);
    assert.match(asked.join(), /^AWS4-HMAC-SHA256 /);
  });

  test('a certificate of another name is refused with 12, and no request is made', async (t) => {
    const home = await service.home(t);
    const certificate = selfSigned(home.folder, 'DNS:glacier.example');
    if (certificate === null) return t.skip('there is no openssl here');
    const { asked, url } = await tlsService(t, certificate);
    const words = ['upload', home.file('f', 9), home.target, `--endpoint-url=${url}`, '--max-attempts=2'];
    const ended = await home.run(words, { NODE_EXTRA_CA_CERTS: certificate.path });
    assert.match(assertFailed(ended, 12), /ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.deepEqual(asked, []);
  });

  test('NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing; only --no-verify-tls accepts any certificate, with a warning', async (t) => {
    const home = await service.home(t);
    const certificate = selfSigned(home.folder, 'DNS:glacier.example');
    if (certificate === null) return t.skip('there is no openssl here');
    const { asked, url } = await tlsService(t, certificate);
    const words = ['upload', home.file('f', 9), home.target, `--endpoint-url=${url}`, '--max-attempts=2'];
    const variable = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const ended = await home.run(words, variable);
    assert.match(assertFailed(ended, 12), /the certificate is not trusted, so nothing was sent/);
    assert.doesNotMatch(ended.stderr, /Warning/);
    assert.deepEqual(asked, []);
    const open = await home.run([...words, '--no-verify-tls'], variable);
    assert.equal(open.code, 3, open.stderr);
    assert.match(open.stderr, /^note: no certificate is verified \(--no-verify-tls\)/m);
    assert.match(asked.join(), /^AWS4-HMAC-SHA256 /);
    // The command whose output is sent gets the variable as it was.
    const show = [
      'upload',
      'local://v',
      '--from-command',
      '--',
      'sh',
      '-c',
      'echo "<$NODE_TLS_REJECT_UNAUTHORIZED>" >&2; echo x',
    ];
    const shown = await home.run(show, variable);
    assert.match(shown.stderr, /^<0>$/m);
  });

  test('AWS_CA_BUNDLE and the profile’s ca_bundle name the authorities that are trusted', async (t) => {
    const home = await service.home(t);
    const certificate = selfSigned(home.folder, 'IP:127.0.0.1');
    if (certificate === null) return t.skip('there is no openssl here');
    const { asked, url } = await tlsService(t, certificate);
    const words = ['list-uploads', home.target, `--endpoint-url=${url}`, '--max-attempts=1'];
    const trusted = await home.run(words, { AWS_CA_BUNDLE: certificate.path });
    assert.equal(trusted.code, 3, trusted.stderr);
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = home.env;
    mkdirSync(join(home.folder, 'home/.aws'));
    writeFileSync(
      join(home.folder, 'home/.aws/config'),
      `[profile own]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\nca_bundle = ${certificate.path}\n`,
    );
    const byProfile = await home.run([...words, '--profile=own']);
    assert.equal(byProfile.code, 3, byProfile.stderr);
    assert.equal(asked.length, 2);
    const unknown = await home.run(words);
    assertFailed(unknown, 12);
    assert.match(unknown.stderr, /^hint: .*AWS_CA_BUNDLE.*ca_bundle.*NODE_EXTRA_CA_CERTS/m);
    const missing = await home.run(words, { AWS_CA_BUNDLE: '/nowhere/ca.pem' });
    assert.match(assertFailed(missing, 2), /AWS_CA_BUNDLE=\/nowhere\/ca\.pem: .*ENOENT/);
    assert.equal(asked.length, 2);
  });

  test('a certificate that is for clients only is refused with 12', async (t) => {
    const home = await service.home(t);
    const certificate = selfSigned(home.folder, 'IP:127.0.0.1', 'extendedKeyUsage=clientAuth');
    if (certificate === null) return t.skip('there is no openssl here');
    const { asked, url } = await tlsService(t, certificate);
    const words = ['list-uploads', home.target, `--endpoint-url=${url}`, '--max-attempts=2'];
    const ended = await home.run(words, { NODE_EXTRA_CA_CERTS: certificate.path });
    assert.match(assertFailed(ended, 12), /the certificate is not trusted.*purpose/);
    assert.deepEqual(asked, []);
  });

  test('plain http to another machine is refused with 2, whoever named it, and nothing is looked up', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    mkdirSync(join(home.folder, 'home/.aws'));
    writeFileSync(
      join(home.folder, 'home/.aws/config'),
      '[profile plain]\nregion = eu-west-1\nendpoint_url = http://vault.invalid\n',
    );
    const given = 'http://192.0.2.1:8080';
    const ways: [string[], Record<string, string>][] = [
      [[`--endpoint-url=${given}`], {}],
      [[], { CALVE_ENDPOINT_URL: given }],
      [[], { AWS_ENDPOINT_URL_GLACIER: given }],
      [[], { AWS_ENDPOINT_URL_GLACIER: '', AWS_ENDPOINT_URL: given }],
      [['--profile=plain'], { AWS_ENDPOINT_URL_GLACIER: '' }],
      // Names that only look like this machine's.
      [['--endpoint-url=http://localhost.example'], {}],
      [['--endpoint-url=http://127.0.0.1.example'], {}],
      [['--endpoint-url=http://0.0.0.0:1'], {}],
    ];
    for (const [words, env] of ways) {
      const log = socketLog(home.folder);
      const ended = await home.run(['upload', file, home.target, ...words], { ...env, ...log.env });
      assert.match(
        assertFailed(ended, 2),
        /plain http would send your archive/,
        JSON.stringify([words, env]),
      );
      assert.deepEqual(log.reached(), []);
    }
  });

  test('an answer that points elsewhere is not followed', async (t) => {
    const home = await service.home(t);
    const asked: string[] = [];
    const elsewhere = createPlainServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    const port = await listen(t, elsewhere);
    for (const status of [301, 302, 307, 308]) {
      const front = createPlainServer((request, response) => {
        response.writeHead(status, { location: `http://127.0.0.1:${port}${request.url}` }).end();
        request.resume();
      });
      const url = `http://127.0.0.1:${await listen(t, front)}`;
      const words = ['upload', home.file('f', 9), home.target, `--endpoint-url=${url}`, '--max-attempts=2'];
      const { code, stderr } = await home.run(words);
      front.closeAllConnections();
      assert.ok(code === 3 || code === 12, `${status}: ${code} ${stderr}`);
    }
    assert.deepEqual(asked, []);
  });

  test('a journal that names another profile takes no endpoint from it', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    await home.leaveUnfinished(file, 1);
    mkdirSync(join(home.folder, 'home/.aws'));
    writeFileSync(
      join(home.folder, 'home/.aws/config'),
      '[profile evil]\nregion = eu-west-1\nendpoint_url = https://glacier.evil.invalid\n',
    );
    const uploads = join(home.folder, 'home/.local/state/calve/v2/uploads');
    const path = join(uploads, readdirSync(uploads)[0] ?? '');
    const [line = '', ...rest] = readFileSync(path, 'utf8').split('\n');
    const { check: _, ...head } = JSON.parse(line) as { check: string; recipe: object };
    const changed = { ...head, recipe: { ...head.recipe, profile: 'evil' } };
    writeFileSync(path, [encodeLine(changed).trimEnd(), ...rest].join('\n'));
    const log = socketLog(home.folder);
    await home.run(['resume', file, '--max-attempts=1'], log.env);
    assert.doesNotMatch(log.reached().join(), /evil/);
  });

  test('a state folder or catalogue that is a link to somebody else’s folder is refused with 13', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const open = join(home.folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o1777);
    const foreign = join(home.folder, 'foreign');
    mkdirSync(foreign, { mode: 0o700 });
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) chownSync(foreign, 65_534, 65_534);
    else t.diagnostic('only the superuser can give a folder away: the other half was tried');
    for (const [i, to] of [open, ...(isRoot ? [foreign] : [])].entries()) {
      const link = join(home.folder, `link-${i}`);
      symlinkSync(to, link);
      for (const option of ['--state-dir', '--catalogue']) {
        const ended = await home.run(['upload', file, home.target, `${option}=${link}`]);
        assert.match(
          assertFailed(ended, 13),
          /: (calve trusts only what belongs to its own user|other users may change it): /,
        );
      }
      assert.deepEqual(readdirSync(to), [], 'nothing was written there');
    }
    assert.equal(home.passed().filter(isCreate).length, 0);
  });

  test('no other process sees a secret in a command line: neither ours nor a child’s', async (t) => {
    const home = await service.home(t);
    if (!existsSync('/proc/self/cmdline')) return t.skip('there is no /proc here');
    const seen = join(home.folder, 'seen');
    const keys = { Version: 1, AccessKeyId: 'AKIDSECRETS', SecretAccessKey: SECRET, SessionToken: TOKEN };
    const script = join(home.folder, 'process.sh');
    writeFileSync(
      script,
      `#!/bin/sh\ncat /proc/$PPID/cmdline /proc/$$/cmdline /proc/*/cmdline > '${seen}' 2>/dev/null\necho '${JSON.stringify(keys)}'\n`,
      { mode: 0o700 },
    );
    mkdirSync(join(home.folder, 'home/.aws'));
    writeFileSync(
      join(home.folder, 'home/.aws/config'),
      `[profile child]\nregion = eu-west-1\ncredential_process = ${script}\n`,
    );
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...env } = home.env;
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) delete home.env[name];
    const ended = await home.run(
      ['upload', home.file('f', 9), home.target, '--profile=child', '--debug'],
      env,
    );
    assert.equal(ended.code, 0, ended.stderr);
    const commandLines = readFileSync(seen, 'latin1');
    assert.match(commandLines, /calve\.js/, 'our own line was looked at');
    for (const secret of [SECRET, TOKEN]) {
      assert.ok(!commandLines.includes(secret));
      assert.ok(!(ended.stdout + ended.stderr).includes(secret));
    }
  });
});
