/** Answers that never come must not end in a success: Node ends a process that has nothing left to wait for with 0. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { jsonLines } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { openHome } from '../support/home.js';

/** A server that switches to another protocol, which no client asked for, and says nothing more. */
async function startSwitching(t: TestContext): Promise<{ readonly url: string; requests(): number }> {
  let requests = 0;
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('data', () => {
      requests += 1;
      socket.write('HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };

test('A server that switches to another protocol has not answered: the request is tried again, and the exit is 3', async (t) => {
  const server = await startSwitching(t);
  const home = openHome(t, { ...KEYS, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: server.url });
  const file = home.file('f', 9);
  for (const target of ['glacier://v', 's3://bucket/f']) {
    const before = server.requests();
    const ended = await home.run(['upload', file, target, '--max-attempts=2']);
    assert.match(assertFailed(ended, 3), /: HTTP 101: the server switched to another protocol/);
    assert.equal(server.requests() - before, 2);
  }
});

test('A container’s endpoint that switches to another protocol has not answered, and ends in 3', async (t) => {
  const server = await startSwitching(t);
  const credentials = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/keys`, AWS_REGION: 'eu-west-1' };
  const home = openHome(t, { ...credentials, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
  const ended = await home.run(['list-uploads', 's3://bucket/f', '--max-attempts=1']);
  assert.match(assertFailed(ended, 3), /the endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI gives no cred/);
});

/** A server that answers the first bytes of a connection with one text, and then writes another again and again. */
async function startDripping(t: TestContext, first: string, text: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(first);
      const timer = setInterval(() => socket.write(text), 10);
      socket.on('close', () => clearInterval(timer));
    });
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('An answer that never ends exits 3 and names the time-out', async (t) => {
  const url = await startDripping(t, 'HTTP/1.1 200 OK\r\n', 'a: b\r\n');
  const home = openHome(t, { ...KEYS, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: url });
  const words = ['upload', home.file('f', 9), 's3://bucket/f', '--max-attempts=1', '--read-timeout=250ms'];
  const ended = await home.run(words);
  assert.match(
    assertFailed(ended, 3),
    /: the answer was not complete after 2\.5 s \(10 times --read-timeout\), after 1 attempt/,
  );
});

test('A container’s endpoint that says nothing ends in 3, and nothing but calve writes on stderr', async (t) => {
  const url = await startDripping(t, '', '');
  const credentials = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys`, AWS_REGION: 'eu-west-1' };
  const home = openHome(t, credentials);
  const words = ['list-uploads', 's3://bucket/f', '--max-attempts=1', '--read-timeout=1500ms'];
  const ended = await home.run(words);
  assert.match(assertFailed(ended, 3), /the endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI gives no cred/);
});

test('A credential_process that does not end is killed, and the exit is 12', async (t) => {
  const home = openHome(t, { AWS_REGION: 'eu-west-1' });
  const pidFile = join(home.folder, 'pid');
  mkdirSync(join(home.folder, 'home/.aws'));
  writeFileSync(
    join(home.folder, 'home/.aws/config'),
    `[default]\ncredential_process = echo $$ > ${pidFile}; exec sleep 600\n`,
  );
  const ended = await home.run(['list-uploads', 's3://bucket/f', '--read-timeout=50ms']);
  assert.match(
    assertFailed(ended, 12),
    /the credential_process of profile default did not end within 0\.5 s: echo/,
  );
  assert.throws(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0), { code: 'ESRCH' });
});

/** Makes Node lose every request, so that no answer ever comes and nothing waits for one. */
const LOSE_REQUESTS = "import http from 'node:http'; http.Agent.prototype.addRequest = () => undefined;";

test('A run that ends before its work is done says so, and its exit is not 0', async (t) => {
  const home = openHome(t, { ...KEYS, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
  const lost = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(LOSE_REQUESTS)}` };
  const words = ['upload', home.file('f', 9), 's3://bucket/f', '--max-attempts=1'];
  const ended = await home.run([...words, '--json'], lost);
  const [error, ...others] = jsonLines(ended.stdout);
  assert.deepEqual([others, ended.code, error?.['exitCode']], [[], 1, 1], ended.stderr);
  assert.match(ended.stderr, /^calve: a bug in calve: .*: an answer never came$/m);
  assert.match(ended.stderr, /^hint: \S/m);
});
