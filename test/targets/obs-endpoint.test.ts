/** Tests how region and endpoint of OBS are resolved, without the settings of AWS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { parseTargetUrl } from '../../src/core/target-url.js';
import { ownEndpoint, resolveObsEndpoint } from '../../src/targets/obs/endpoint.js';
import type { TargetSettings } from '../../src/targets/settings.js';

function settings(change: Partial<TargetSettings>, pathStyle = false): TargetSettings {
  return {
    url: parseTargetUrl('obs://photos/a'),
    region: null,
    endpoint: null,
    profile: null,
    isProfileNamed: false,
    accountId: '-',
    allowHttp: false,
    verifyTls: true,
    localDir: '/nowhere',
    connectTimeoutMs: 1,
    readTimeoutMs: 1,
    concurrency: 1,
    threads: 1,
    env: {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'https://aws.example',
      AWS_ENDPOINT_URL_S3: 'https://aws.example',
    },
    object: { pathStyle, requestHeaders: [], sse: null, sseKmsKeyId: null, tagging: null },
    ...change,
  };
}

function refused(change: Partial<TargetSettings>, why: RegExp): void {
  assert.throws(
    () => resolveObsEndpoint(settings(change)),
    (error) => isFailure(error, 'usage') && why.test(error.facts.why),
  );
}

test('the endpoint follows from the region, and Dublin has a domain of its own', () => {
  assert.equal(ownEndpoint('ap-southeast-1'), 'https://obs.ap-southeast-1.myhuaweicloud.com');
  assert.equal(ownEndpoint('eu-west-101'), 'https://obs.eu-west-101.myhuaweicloud.eu');
});

test('the region and the endpoints of AWS are not used for OBS', () => {
  refused({}, /no region is named \(AWS_REGION applies only to AWS\)/);
  const resolved = { region: 'cn-north-4', endpoint: null };
  assert.deepEqual(resolveObsEndpoint(settings({ region: 'cn-north-4' })), resolved);
});

test("the service's own endpoint contains its region, a private endpoint does not", () => {
  const endpoint = 'https://obs.cn-north-4.myhuaweicloud.com';
  assert.deepEqual(resolveObsEndpoint(settings({ endpoint })), { region: 'cn-north-4', endpoint });
  refused({ endpoint: 'https://obs.internal.example' }, /no region/);
  refused({ endpoint: 'http://obs.internal.example', region: 'x' }, /plain http/);
});

test('a region must be a host label, so that nothing else gets into the host name', () => {
  refused({ region: 'evil.example/' }, /a region is written/);
});

test('a bucket with dots in its name needs --path-style', () => {
  const url = parseTargetUrl('obs://my.bucket/a');
  refused({ url, region: 'cn-north-4' }, /certificate does not cover/);
  assert.equal(resolveObsEndpoint(settings({ url, region: 'cn-north-4' }, true)).region, 'cn-north-4');
});
