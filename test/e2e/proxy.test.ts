/** A proxy is the only way to the service: HTTPS_PROXY and NO_PROXY, as curl and the AWS CLI take them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { startConnectProxy } from '../support/connect-proxy.js';
import { missingOpenssl, startTlsFront } from '../support/tls-front.js';
import { openVault, TARGET } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
/** No resolver knows it (RFC 6761): it can only be reached through the proxy. */
const HOST = 'vaults.test';

async function openBench(t: TestContext) {
  const vault = await openVault(t);
  const { emulator, folder } = vault;
  const front = await startTlsFront(t, folder, emulator.url, { bytesPerSecond: 1e9, name: HOST });
  const file = join(folder, 'backup.bin');
  writeFileSync(file, seededBytes(3 * MIB_BYTES + 1, 5));
  const upload = (env: Record<string, string>, ...more: string[]) =>
    vault.run(['upload', file, TARGET, '--part-size', '1M', ...more], {
      AWS_ENDPOINT_URL_GLACIER: `https://${HOST}`,
      NODE_EXTRA_CA_CERTS: front.certificatePath,
      ...env,
    });
  return { vault, front, file, upload };
}

describe('Behind a proxy', { skip: missingOpenssl() }, () => {
  test('a file goes up through HTTPS_PROXY, by tunnels to the service, with the proxy’s own credentials', async (t) => {
    const { vault, front, file, upload } = await openBench(t);
    const proxy = await startConnectProxy(t, front);
    const password = 'pr@xy-secret';
    const ended = await upload(
      { HTTPS_PROXY: `http://me:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}` },
      '--debug',
    );
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(Buffer.from(await vault.readBack(ended.stdout.trim())), readFileSync(file));
    const authorization = `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
    assert.ok(
      proxy.asked.length >= 1 && proxy.asked.length <= 8,
      `${proxy.asked.length} tunnels, kept alive`,
    );
    for (const each of proxy.asked) assert.deepEqual(each, { authority: `${HOST}:443`, authorization });
    const home = join(vault.folder, 'home');
    const kept = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    for (const text of [...kept, ended.stderr, ended.stdout]) assert.doesNotMatch(text, /pr(@|%40)xy-secret/);
  });

  test('a proxy that wants other credentials ends the run in 12, and its password is not shown', async (t) => {
    const { upload } = await openBench(t);
    const proxy = await startConnectProxy(t, { status: 407, words: 'Proxy Authentication Required' });
    const ended = await upload({ https_proxy: `me:secret@127.0.0.1:${proxy.port}` });
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /the proxy 127\.0\.0\.1:\d+: it answered 407/);
    assert.doesNotMatch(ended.stderr, /secret/);
    assert.equal(proxy.asked.length, 1, 'it is not asked again');
  });

  test('a proxy that cannot reach the service is tried again, and ends in 3', async (t) => {
    const { upload } = await openBench(t);
    const proxy = await startConnectProxy(t, { status: 503, words: 'Service Unavailable' });
    const ended = await upload({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, '--max-attempts', '2');
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /the proxy 127\.0\.0\.1:\d+: it answered 503 .*after 2 attempts/);
    assert.equal(proxy.asked.length, 2);
  });

  test('what is no proxy is refused by the name of its variable, without its value', async (t) => {
    const { upload } = await openBench(t);
    const ended = await upload({ HTTPS_PROXY: 'socks5://me:secret@127.0.0.1:1080' });
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, /HTTPS_PROXY/);
    assert.doesNotMatch(ended.stderr, /secret/);
  });

  test('an endpoint of plain http is asked through ALL_PROXY, which forwards each request', async (t) => {
    const vault = await openVault(t);
    const file = join(vault.folder, 'backup.bin');
    writeFileSync(file, seededBytes(2 * MIB_BYTES + 1, 6));
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      const { method, url = '', headers } = request;
      asked.push(`${headers['proxy-authorization']} ${url}`);
      const { 'proxy-authorization': _, ...onward } = headers;
      const { hostname, port } = new URL(vault.emulator.url);
      const path = url.replace(`http://${HOST}:9000`, '');
      const forwarded = httpRequest({ hostname, port, method, path, headers: onward }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      });
      request.pipe(forwarded);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      proxy.closeAllConnections();
      return new Promise((resolve) => proxy.close(resolve));
    });
    const { port } = proxy.address() as AddressInfo;
    const words = [
      'upload',
      file,
      TARGET,
      '--part-size=1M',
      '--allow-http',
      `--endpoint-url=http://${HOST}:9000`,
    ];
    const ended = await vault.run(words, { ALL_PROXY: `http://me:pw@127.0.0.1:${port}` });
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(await vault.readBack(ended.stdout.trim()), readFileSync(file));
    assert.ok(asked.length >= 6);
    const beginning = `Basic ${Buffer.from('me:pw').toString('base64')} http://${HOST}:9000/-/vaults/`;
    for (const each of asked) assert.ok(each.startsWith(beginning), each);
  });

  test('a service on this machine is not asked through it', async (t) => {
    const { vault, file } = await openBench(t);
    const front = await startTlsFront(t, vault.folder, vault.emulator.url, { bytesPerSecond: 1e9 });
    const proxy = await startConnectProxy(t, { status: 503, words: 'Service Unavailable' });
    const ended = await vault.run(['upload', file, TARGET, '--part-size', '1M'], {
      AWS_ENDPOINT_URL_GLACIER: front.url,
      NODE_EXTRA_CA_CERTS: front.certificatePath,
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(proxy.asked.length, 0);
  });
});
