/** Answers that never come must not end in a success: Node ends a process that has nothing left to wait for with 0. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
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
    assert.match(assertFailed(ended, 3), /EPROTO: HTTP 101: the server switched to another protocol/);
    assert.equal(server.requests() - before, 2);
  }
});

test('A run that ends before its work is done says so, and its exit is not 0', async (t) => {
  const server = await startSwitching(t);
  const credentials = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/keys`, AWS_REGION: 'eu-west-1' };
  const home = openHome(t, { ...credentials, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
  const words = ['upload', home.file('f', 9), 's3://bucket/f', '--max-attempts=1'];
  const ended = await home.run([...words, '--json']);
  const [error, ...others] = jsonLines(ended.stdout);
  assert.deepEqual([others, ended.code, error?.['exitCode']], [[], 1, 1], ended.stderr);
  assert.match(ended.stderr, /^calve: a bug in calve: .*: an answer never came$/m);
  assert.match(ended.stderr, /^hint: \S/m);
});
