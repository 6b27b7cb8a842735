import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { barLine } from '../../../src/ui/progress/bar-line.js';
import type { Progress } from '../../../src/ui/progress/progress-meter.js';
import { terminalStyle } from '../../../src/ui/progress/terminal-style.js';
import { textWidth } from '../../../src/ui/text/text-width.js';

const STYLE = terminalStyle({ color: false, unicode: true });
const GIB_BYTES = 1024 ** 3;

const HALF: Progress = {
  fileName: 'backup.tar',
  totalBytes: 5 * GIB_BYTES,
  doneBytes: 2.5 * GIB_BYTES,
  sentBytes: 2.5 * GIB_BYTES,
  partsSent: 160,
  partCount: 320,
  partsDone: 160,
  partsReused: 0,
  partsInFlight: 4,
  elapsedMs: 100_000,
  bytesPerSecond: 25.6 * 1024 ** 2,
  leftMs: 100_000,
};

test('a wide terminal shows everything, and a narrow one shows as much as fits', () => {
  assert.deepEqual(
    [120, 80, 72, 60, 40, 28, 10].map((columns) => barLine(HALF, columns, STYLE)),
    [
      'backup.tar  ━━━━━━━━━━━━━━━━━━━━────────────────────   50%  2.50/5.00 GiB  25.6 MiB/s   ETA 1 min 40 s',
      'backup.tar  ━━━━━━━━─────────   50%  2.50/5.00 GiB  25.6 MiB/s   ETA 1 min 40 s',
      'backup.tar  ━━━━━━━━━━───────────   50%  2.50/5.00 GiB   ETA 1 min 40 s',
      'backup.tar  ━━━━━━━━━━━━────────────   50%   ETA 1 min 40 s',
      '...p.tar  ━━━━━━━━━━━────────────   50%',
      '...p.tar  ━━━━━──────   50%',
      '50%',
    ],
  );
});

test('the line is always narrower than the terminal, for any file name and any numbers', () => {
  const progress = fc.record({
    fileName: fc.string({ unit: 'grapheme' }),
    totalBytes: fc.integer({ min: 0, max: 40 * 1024 ** 4 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    bytesPerSecond: fc.option(fc.integer({ min: 1, max: 100 * GIB_BYTES })),
    leftMs: fc.option(fc.integer({ min: 0, max: 40 * 86_400_000 })),
    partsInFlight: fc.integer({ min: 0, max: 64 }),
  });
  fc.assert(
    fc.property(progress, fc.integer({ min: 2, max: 250 }), (given, columns) => {
      const doneBytes = Math.floor(given.totalBytes * given.part);
      const line = barLine({ ...HALF, ...given, doneBytes }, columns, STYLE);
      assert.ok(textWidth(line) < columns, JSON.stringify(line));
    }),
  );
});

test('100% is printed only when nothing is missing', () => {
  const almost = { ...HALF, doneBytes: (HALF.totalBytes ?? 0) - 1 };
  assert.match(barLine(almost, 80, STYLE), /─ {3}99% /);
  assert.match(barLine({ ...HALF, doneBytes: HALF.totalBytes ?? 0 }, 80, STYLE), /━ {2}100% /);
});

test('a stream of unknown length shows its size and rate, and no percentage', () => {
  const stream = { ...HALF, fileName: 'standard input', totalBytes: null, partCount: null, leftMs: null };
  assert.deepEqual(
    [80, 40, 9].map((columns) => barLine(stream, columns, STYLE)),
    ['standard input       2.50 GiB  25.6 MiB/s', '...input       2.50 GiB', '2.50 GiB'],
  );
});

test('a terminal that shows ASCII only gets nothing else', () => {
  const ascii = terminalStyle({ color: false, unicode: false });
  assert.match(barLine(HALF, 40, ascii), /^\.\.\.p\.tar {2}=+-+ {3}50%$/);
});
