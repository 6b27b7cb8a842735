import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { canonicalRequest, parseAuthorization, signatureOf } from '../../../src/emulator/http/signature.js';

// These examples are from the Amazon Glacier developer guide, amazon-glacier-signing-requests. It prints the path of the
// second one without `/archives`, but its signature is only correct with it.
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SCOPE = { region: 'us-east-1', service: 'glacier' };
const HEADERS = {
  host: ['glacier.us-east-1.amazonaws.com'],
  'x-amz-glacier-version': ['2012-06-01'],
};

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test("the signature of the developer guide's CreateVault is the printed one", () => {
  const signedHeaders = ['host', 'x-amz-date', 'x-amz-glacier-version'];
  const request = {
    method: 'PUT',
    path: '/-/vaults/examplevault',
    query: '',
    headers: { ...HEADERS, 'x-amz-date': ['20120525T002453Z'] },
    payloadHash: sha256(''),
  };
  assert.equal(
    sha256(canonicalRequest(request, signedHeaders)),
    '5f1da1a2d0feb614dd03d71e87928b8e449ac87614479332aced3a701f916743',
  );
  assert.equal(
    signatureOf(request, { ...SCOPE, date: '20120525', signedHeaders }, '20120525T002453Z', SECRET),
    '3ce5b2f2fffac9262b4da9256f8d086b4aaf42eba5f111c21681a65a127b7c2a',
  );
});

test("the signature of the developer guide's streaming example is the printed one", () => {
  const payloadHash = '726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628';
  const signedHeaders = ['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-glacier-version'];
  const request = {
    method: 'POST',
    path: '/-/vaults/examplevault/archives',
    query: '',
    headers: { ...HEADERS, 'x-amz-date': ['20120507T000000Z'], 'x-amz-content-sha256': [payloadHash] },
    payloadHash,
  };
  assert.equal(
    sha256(canonicalRequest(request, signedHeaders)),
    'f3df090abf5698dbe2230b41165a7b8991f9616ef67de13ac283577a02732819',
  );
  assert.equal(
    signatureOf(request, { ...SCOPE, date: '20120507', signedHeaders }, '20120507T000000Z', SECRET),
    'b092397439375d59119072764a1e9a144677c43d9906fd98a5742c57a2855de6',
  );
});

test('the query is sorted and encoded, runs of spaces become one space, and the path is encoded a second time', () => {
  const text = canonicalRequest(
    {
      method: 'GET',
      path: '/-/vaults/./a%20b/../c%2Fd',
      query: 'marker=x%2Fy&limit=5&empty',
      headers: { host: ['h'], 'x-amz-archive-description': ['  a   b '] },
      payloadHash: 'p',
    },
    ['host', 'x-amz-archive-description'],
  );
  assert.deepEqual(text.split('\n'), [
    'GET',
    '/-/vaults/c%252Fd',
    'empty=&limit=5&marker=x%2Fy',
    'host:h',
    'x-amz-archive-description:a b',
    '',
    'host;x-amz-archive-description',
    'p',
  ]);
});

test('an Authorization header of another scheme or scope, or without a signed host, is not valid', () => {
  const good =
    'AWS4-HMAC-SHA256 Credential=AK/20120525/us-east-1/glacier/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab';
  assert.equal(parseAuthorization(good)?.accessKeyId, 'AK');
  assert.equal(parseAuthorization(good.replaceAll(', ', ','))?.signature, 'ab');
  for (const bad of [
    'Basic abc',
    good.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    good.replace('aws4_request', 'aws5_request'),
    good.replace('SignedHeaders=host;', 'SignedHeaders='),
    good.replace('Signature=ab', ''),
    good.replace('/20120525', ''),
  ]) {
    assert.equal(parseAuthorization(bad), null, bad);
  }
});
