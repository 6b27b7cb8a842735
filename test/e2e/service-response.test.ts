import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openHome } from '../support/home.js';

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };

test('All fields of the response to a missing bucket are shown, its headers with --debug and without secrets', async (t) => {
  const headers = {
    'x-reserved-indicator': 'ind-7',
    'x-amz-request-id': 'r-1',
    'set-cookie': 'session=s3cr3t',
  };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(404, 'No Such Thing', headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = openHome(t, { ...KEYS, AWS_REGION: '' });
  const words = ['upload', home.file('f', 9), 's3://photos/f', '--endpoint-url', endpoint];
  const ended = await home.run([...words, '--json', '--debug']);
  assert.equal(ended.code, 10);
  const { code, reason, indicator, serviceMessage } = JSON.parse(ended.stdout) as Record<string, unknown>;
  assert.deepEqual(
    { code, reason, indicator, serviceMessage },
    { code: 'NoSuchBucket', reason: 'No Such Thing', indicator: 'ind-7', serviceMessage: null },
  );
  assert.match(ended.stderr, /^response: HTTP 404 No Such Thing$/m);
  assert.match(ended.stderr, /^response header x-amz-request-id: r-1$/m);
  assert.match(ended.stderr, /^response header set-cookie: \(hidden\)$/m);
  assert.doesNotMatch(ended.stderr, /s3cr3t/);
});
