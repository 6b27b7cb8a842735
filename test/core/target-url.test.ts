import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import {
  isBeyondXml,
  keyExcess,
  looksLikeTarget,
  namesMany,
  parseTargetUrl,
  urlOfFile,
  withKey,
} from '../../src/core/target-url.js';

const alphabet = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'];
const vaultName = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 255 });

test('every legal vault name is accepted unchanged, with the scheme in any case', () => {
  fc.assert(
    fc.property(fc.constantFrom('glacier', 'local'), vaultName, fc.boolean(), (scheme, container, upper) => {
      const url = `${scheme}://${container}`;
      const word = `${upper ? scheme.toUpperCase() : scheme}://${container}`;
      assert.deepEqual(parseTargetUrl(word), { scheme, container, key: '', url });
      assert.ok(looksLikeTarget(word));
    }),
  );
});

test('one slash at the end is accepted, and is removed from the URL', () => {
  assert.equal(parseTargetUrl('glacier://photos/').url, 'glacier://photos');
});

test('the ARN of an access point is refused with a hint to its alias', () => {
  for (const arn of [
    'arn:aws:s3:eu-west-1:123456789012:accesspoint/mine/a.tar',
    'arn:aws:s3:::photos/a.tar',
  ]) {
    assert.throws(
      () => parseTargetUrl(`s3://${arn}`),
      (error) => {
        assert.ok(isFailure(error, 'usage'));
        assert.match(
          error.facts.hint ?? '',
          arn.includes('accesspoint') ? /-s3alias/ : /name only the bucket/,
        );
        return true;
      },
    );
  }
});

const wrong = [
  'photos',
  'photos/2024',
  '/mnt/photos',
  'glacier:photos',
  'glacier://',
  'glacier:///',
  'glacier://a/b',
  'glacier://a//',
  'glacier://a b',
  'glacier://é',
  'glacier://a?b',
  'glacier://a#b',
  'glacier://a@b',
  'glacier://a:80',
  `glacier://${'a'.repeat(256)}`,
  'ftp://photos',
  'gs://photos',
  'glacier://a\n',
  '',
];
for (const word of wrong) {
  test(`${JSON.stringify(word.slice(0, 30))} is not a target`, () => {
    assert.throws(
      () => parseTargetUrl(word),
      (error) => isFailure(error, 'usage'),
    );
  });
}

test('a path does not look like a target', () => {
  for (const word of ['photos', './a://b', '/a', 'C:\\x', 'a:b', '-', '://x'])
    assert.ok(!looksLikeTarget(word), word);
  for (const word of ['gs://x', 'GLACIER://', 's3://b/k']) assert.ok(looksLikeTarget(word), word);
});

test('a bucket and a key are accepted unchanged, and the key may contain any characters', () => {
  for (const scheme of ['s3', 'obs'] as const) {
    for (const key of ['a', 'a/b.tar', 'a//b', '/a', ' ', 'a?b#c%20', 'ü/\u{1f40b}', 'a\nb', '../a']) {
      const url = `${scheme}://my-bucket/${key}`;
      assert.deepEqual(parseTargetUrl(url), { scheme, container: 'my-bucket', key, url });
    }
    for (const word of [`${scheme}://my-bucket`, `${scheme}://my-bucket/`]) {
      const url = `${scheme}://my-bucket`;
      assert.deepEqual(parseTargetUrl(word), { scheme, container: 'my-bucket', key: '', url });
    }
  }
});

/** Source: Huawei OBS, "Aborting a Multipart Upload", bucketName. */
const WRONG_OBS_NAMES = [
  ...['ab', 'a'.repeat(64), 'Photos', 'my_bucket', '-photos', 'photos-', '.photos', 'photos.', 'phötos'],
  ...['192.168.0.1', '1.2.3.4', 'my..bucket', 'my-.bucket', 'my.-bucket', 'a b c', ''],
];

test('names that OBS forbids are refused, and names at the limits of its rules are accepted', () => {
  for (const name of WRONG_OBS_NAMES) {
    assert.throws(
      () => parseTargetUrl(`obs://${name}/k`),
      (error) => isFailure(error, 'usage'),
      name,
    );
  }
  for (const name of ['abc', '0ab', 'a'.repeat(63), 'my.bucket', 'a--b', '1.2.3', '1.2.3.4.5', 'a.1.2.3']) {
    assert.equal(parseTargetUrl(`obs://${name}/k`).container, name);
  }
});

test('a key has at most 1,024 characters in OBS, and at most 1,024 bytes in S3', () => {
  const fits = (word: string): boolean => {
    try {
      return parseTargetUrl(word).key !== '';
    } catch {
      return false;
    }
  };
  assert.deepEqual(
    [fits(`obs://abc/${'ü'.repeat(1024)}`), fits(`obs://abc/${'ü'.repeat(1025)}`)],
    [true, false],
  );
  assert.deepEqual([fits(`s3://abc/${'ü'.repeat(512)}`), fits(`s3://abc/${'ü'.repeat(513)}`)], [true, false]);
});

test('an S3 bucket name may have capitals and underscores, but not a colon, a space or a hyphen at its start', () => {
  assert.equal(parseTargetUrl('s3://My_Old.Bucket/k').container, 'My_Old.Bucket');
  for (const name of ['ab', 'a:b:c', 'a b', '-abc', 'arn:aws:s3:::x']) {
    assert.throws(
      () => parseTargetUrl(`s3://${name}/k`),
      (error) => isFailure(error, 'usage'),
      name,
    );
  }
});

test('the file name is appended to a key that is empty or ends in a slash, and never to a vault', () => {
  const named = (word: string): string => urlOfFile(parseTargetUrl(word), 'a.tar').url;
  assert.equal(named('s3://abc'), 's3://abc/a.tar');
  assert.equal(named('s3://abc/x/'), 's3://abc/x/a.tar');
  assert.equal(named('s3://abc/x'), 's3://abc/x');
  assert.equal(named('glacier://abc'), 'glacier://abc');
  assert.deepEqual(
    ['s3://abc', 's3://abc/x/', 's3://abc/x'].map((word) => namesMany(parseTargetUrl(word))),
    [true, true, false],
  );
  assert.deepEqual(
    [withKey('obs://abc/x', 'y/z'), withKey('glacier://v', null)],
    ['obs://abc/y/z', 'glacier://v'],
  );
});

test('a key that is too long with the name of a file is reported in the unit of the service', () => {
  const excess = (word: string, name: string) => keyExcess(parseTargetUrl(word), name);
  const long = { thing: 'key', length: 1025, max: 1024 };
  assert.equal(excess('s3://abc/x/', 'ü'.repeat(511)), null);
  assert.deepEqual(excess('s3://abc/x/', `ü${'x'.repeat(1021)}`), { ...long, unit: 'bytes' });
  assert.equal(excess('obs://abc/x/', 'ü'.repeat(1022)), null);
  assert.deepEqual(excess('obs://abc/x/', 'ü'.repeat(1023)), { ...long, unit: 'characters' });
  assert.equal(excess('glacier://abc', 'x'.repeat(2000)), null);
});

test('only characters that XML cannot contain are beyond XML', () => {
  for (const text of ['a\x01', '\x0b', '\x1f', '\ufffe', 'x\uffff']) assert.equal(isBeyondXml(text), true);
  for (const text of ['', 'a\tb\r\n', '\x7f', '\ufffd', '😀']) assert.equal(isBeyondXml(text), false);
});
