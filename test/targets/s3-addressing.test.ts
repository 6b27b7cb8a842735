/** Tests that the bucket goes into the path, except for stores that are known to require it in the host name. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isPathStyle } from '../../src/targets/s3/addressing.js';
import { cleanEnv, runCalve } from '../support/calve.js';
import { tempFolder } from '../support/temp.js';
import { scriptedServer } from './scripted-server.js';

for (const [endpoint, isInPath] of [
  [null, false],
  ['https://s3.eu-west-1.amazonaws.com', false],
  ['https://s3.dualstack.eu-west-1.amazonaws.com', false],
  ['https://s3.cn-north-1.amazonaws.com.cn', false],
  ['https://oss-cn-hangzhou.aliyuncs.com', false],
  ['https://obs.eu-west-101.myhuaweicloud.eu', false],
  ['https://minio.lan:9000', true],
  ['http://localhost:9000', true],
  ['http://127.0.0.1:9000', true],
  ['https://0123456789abcdef.r2.cloudflarestorage.com', true],
  ['https://notamazonaws.com', true],
] as const) {
  test(`${endpoint ?? "the service's own endpoint"} expects the bucket in the ${isInPath ? 'path' : 'host'}`, () => {
    assert.equal(isPathStyle(endpoint), isInPath);
  });
}

for (const [scheme, host, path] of [
  ['s3', 'localhost', '/photos/a'],
  ['obs', 'photos.localhost', '/a'],
] as const) {
  test(`${scheme}: a private store with a name gets requests for ${path} at ${host}`, async (t) => {
    const { url, requests } = await scriptedServer(t, (response) => {
      response.writeHead(403, { 'x-amz-request-id': 'r' });
      response.end('<Error><Code>AccessDenied</Code><Message>No.</Message></Error>');
    });
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'a'), 'a');
    const env = cleanEnv(folder, {
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      OBS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      OBS_SECRET_ACCESS_KEY: 'secret',
    });
    const named = url.replace('127.0.0.1', 'localhost');
    const words = ['upload', 'a', `${scheme}://photos/a`, '--region', 'eu-west-1', '--endpoint-url', named];
    const { code, stderr } = await runCalve(words, { env, cwd: folder });
    assert.equal(code, 12, stderr);
    const put = requests.find(({ method }) => method === 'PUT');
    assert.equal(put?.headers.host, `${host}:${new URL(url).port}`);
    assert.equal(put?.url.split('?')[0], path);
  });
}
