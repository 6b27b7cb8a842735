import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellLine, shellQuote } from '../../src/core/shell-quote.js';

/** Returns the words that `sh` reads from a line. */
function wordsOf(line: string): string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return printed.split('\0').slice(0, -1);
}

const word = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...`'"\\$\`!*?[]{}()<>|&;#~ \t\n=%^-a`), maxLength: 20 }),
  )
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);

test('any words come back from the shell as they were', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      assert.deepEqual(wordsOf(shellLine(words)), words);
    }),
    { numRuns: 60 },
  );
});

test('plain words are not quoted, so that a hint is easy to read', () => {
  for (const plain of ['calve', '--upload-id=-abc_1', 'glacier://photos', '/mnt/a.tar', 'a@b:c,d+e%f']) {
    assert.equal(shellQuote(plain), plain);
  }
});

test('the empty word, a space and a quote are quoted', () => {
  assert.equal(shellQuote(''), "''");
  assert.equal(shellQuote('a b'), "'a b'");
  assert.equal(shellQuote("it's"), "'it'\\''s'");
  assert.equal(shellQuote('~/x'), "'~/x'");
});
