import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStreamName } from '../../src/core/stream-name.js';
import { failsAs } from '../transfer/rig.js';

test('the name of a stream is one that a file could have', () => {
  for (const name of ['db.sql', 'Fotos 2026 ü.tar', '.hidden', '-x', 'a'.repeat(255)]) {
    assert.equal(checkStreamName(name), name);
  }
});

test('a name that no file has, or that cannot be printed, is refused', () => {
  for (const name of [
    '',
    '-',
    '.',
    '..',
    'a/b',
    '/a',
    'a\nb',
    'a\x1bb',
    'a\u0085b',
    'a\ufffdb',
    'ü'.repeat(128),
  ]) {
    assert.throws(() => checkStreamName(name), failsAs('usage', { what: '--name' }), JSON.stringify(name));
  }
});
