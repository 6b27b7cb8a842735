/** Properties over inputs that nobody would write: a bounded number in `npm test`, for as long as is asked in chaos. */
import process from 'node:process';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { drawSeed } from '../support/seed.js';

/** Each property goes on for so long; set by `npm run chaos`. */
const LONG_MS = Number(process.env['CALVE_FUZZ_MS'] ?? 0);

/** Checks the property for so many inputs, or for CALVE_FUZZ_MS; the seed is printed, and how many there were. */
export async function fuzz<T>(
  t: TestContext,
  inputs: number,
  arbitrary: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
): Promise<void> {
  const seed = drawSeed(t);
  let tried = 0;
  const property = fc.asyncProperty(arbitrary, async (input) => {
    tried += 1;
    await holds(input);
  });
  const limits =
    LONG_MS > 0 ? { numRuns: 10_000_000, interruptAfterTimeLimit: LONG_MS } : { numRuns: inputs };
  await fc.assert(property, { seed, ...limits });
  t.diagnostic(`${tried} inputs`);
}

/** Text that somebody hostile, broken or foreign might send: what acts on terminals, what breaks parsers, and length. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      ...['\x1b[2J', '\x1b]0;owned\x07', '\x9b31m', '\r', '\n', '\t', '\0', '\b', '\x7f', '\u202e', '\u2066'],
      ...[
        '\u2028',
        '\ufeff',
        '\u{e0041}',
        '\ud800',
        '\udc00',
        '"',
        '\\',
        "'",
        '$(id)',
        '`',
        '%',
        '../',
        '-',
        '<b>',
      ],
    ),
    maxLength: 12,
  }),
  fc.constantFrom(
    '',
    ' ',
    '-',
    '--',
    '-x',
    '..',
    '/',
    '\0',
    '__proto__',
    'constructor',
    'null',
    'NaN',
    '1e9',
  ),
  fc
    .tuple(fc.constantFrom('a', '\x1b', '\u202e', '\n', '𝕏'), fc.integer({ min: 1, max: 5000 }))
    .map(([text, count]) => text.repeat(count)),
);
