import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { looksLikeTarget, parseTargetUrl, SCHEMES } from '../../src/core/target-url.js';

const alphabet = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'];
const vaultName = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 255 });

test('every legal vault name is taken as it is, whatever the case of the scheme', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SCHEMES), vaultName, fc.boolean(), (scheme, vault, upper) => {
      const word = `${upper ? scheme.toUpperCase() : scheme}://${vault}`;
      assert.deepEqual(parseTargetUrl(word), { scheme, vault, url: `${scheme}://${vault}` });
      assert.ok(looksLikeTarget(word));
    }),
  );
});

test('one slash at the end is forgiven, and the one spelling has none', () => {
  assert.equal(parseTargetUrl('glacier://photos/').url, 'glacier://photos');
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
  test(`${JSON.stringify(word.slice(0, 30))} is no target`, () => {
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
