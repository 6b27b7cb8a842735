import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escaped, examples, item, paragraphs } from '../../../src/ui/manual/roff.js';

test('every character of a text stands for itself in the source of a page', () => {
  assert.equal(
    escaped('a-b \\ \'c\' `d` ~/e ^ "f"'),
    'a\\-b \\e \\(aqc\\(aq \\(gad\\(ga \\(ti/e \\(ha \\(dqf\\(dq',
  );
});

test('no line of text is read as a macro, also where a long text is divided', () => {
  const long = `${'word '.repeat(15)}.profile ${'word '.repeat(15)}'quoted`;
  for (const source of [
    paragraphs(['.profile', long]),
    item('x', long),
    item('x', "'quoted"),
    item('x', '.x'),
  ]) {
    const lines = source.split('\n');
    assert.deepEqual(
      lines.filter((line) => /^['.]/.test(line) && !/^\.(PP|TP)$/.test(line)),
      [],
    );
    assert.ok(lines.every((line) => line.length <= 80));
  }
});

test('a command line keeps its form', () => {
  const text = examples([{ line: "find . -name '*.tar'  | x", meaning: 'Finds files.' }]);
  assert.match(
    text,
    /^\.SH EXAMPLES\nFinds files\.\n\.PP\n\.nf\n\.RS 4\nfind \. \\-name \\\(aq\*\.tar\\\(aq {2}\| x\n\.RE\n\.fi\n$/,
  );
});
