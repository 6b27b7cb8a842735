import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatDuration,
  formatSize,
  formatSizeOption,
  parseDurationMs,
  parseSizeBytes,
} from '../../src/core/units.js';

test('sizes are integers with a binary unit of any case', () => {
  for (const [text, bytes] of [
    ['1', 1],
    ['67108864', 2 ** 26],
    ['64M', 2 ** 26],
    ['64m', 2 ** 26],
    ['64MiB', 2 ** 26],
    ['64mib', 2 ** 26],
    ['8k', 8192],
    ['8KiB', 8192],
    ['2G', 2 ** 31],
    ['3TiB', 3 * 2 ** 40],
    ['007M', 7 * 2 ** 20],
  ] as const) {
    assert.equal(parseSizeBytes(text), bytes, text);
  }
});

test('other texts are not a size: decimal units, fractions, signs, zero, more than the safe integers', () => {
  for (const text of [
    '',
    '0',
    '0M',
    '64MB',
    '64mb',
    '1.5G',
    '-1',
    '+1',
    '1e6',
    '0x10',
    ' 1',
    '1 ',
    '1 M',
    'M',
    '1P',
    '9007199254740992',
    '9000000T',
    '١',
    '1constructor',
    '1toString',
  ]) {
    assert.equal(parseSizeBytes(text), null, text);
  }
});

test('times need a unit, and have no months or years', () => {
  for (const [text, ms] of [
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['3D', 259_200_000],
    ['2w', 1_209_600_000],
  ] as const) {
    assert.equal(parseDurationMs(text), ms, text);
  }
  for (const text of ['', '30', '0s', '1.5h', '-3d', '1y', '1mo', '1M1', 's', '1 s', '99999999999999w']) {
    assert.equal(parseDurationMs(text), null, text);
  }
});

test('every size formatted for --part-size is parsed to the same size', () => {
  for (let exponent = 0; exponent <= 52; exponent += 1) {
    assert.equal(parseSizeBytes(formatSizeOption(2 ** exponent)), 2 ** exponent);
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (bytes) => {
      assert.equal(parseSizeBytes(formatSizeOption(bytes)), bytes);
    }),
  );
});

test('sizes for people have about three digits', () => {
  for (const [bytes, text] of [
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [1_572_864, '1.50 MiB'],
    [16 * 2 ** 20, '16 MiB'],
    [12.34 * 2 ** 20, '12.3 MiB'],
    [123.4 * 2 ** 30, '123 GiB'],
    [42_949_672_960_000, '39.1 TiB'],
    [2 ** 50, '1024 TiB'],
  ] as const) {
    assert.equal(formatSize(bytes), text);
  }
});

test('durations for people have their two largest units', () => {
  for (const [ms, text] of [
    [0, '0.0 s'],
    [440, '0.4 s'],
    [12_000, '12 s'],
    [200_000, '3 min 20 s'],
    [18_120_000, '5 h 2 min'],
    [183_600_000, '2 d 3 h'],
  ] as const) {
    assert.equal(formatDuration(ms), text);
  }
});

test('no duration is formatted with sixty seconds, sixty minutes or twenty-four hours', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 * 86_400_000 }), (ms) => {
      assert.doesNotMatch(formatDuration(ms), /^60 s$|\b60 min|\b60 s$|\b24 h/);
    }),
    { numRuns: 2000 },
  );
  for (const ms of [9_950, 9_999, 59_499, 59_500, 59_999, 3_599_499, 3_599_999, 86_399_999]) {
    assert.doesNotMatch(formatDuration(ms), /^60 s$|\b60 min|\b60 s$|\b24 h/, `${ms}`);
  }
});
