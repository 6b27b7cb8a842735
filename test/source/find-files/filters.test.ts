/** The rows were compared with rsync 3.2.7: `rsync -n -r --exclude=PATTERN`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FilterRule, filterOf, patternProblem } from '../../../src/source/find-files/filters.js';

/** A pattern, names that it matches, and names that it does not match. A folder's name has a `/` at its end. */
type Row = readonly [pattern: string, matched: readonly string[], others: readonly string[]];

function assertRows(rows: readonly Row[]): void {
  for (const [pattern, matched, others] of rows) {
    assert.equal(patternProblem(pattern), null, pattern);
    const includes = filterOf([{ action: 'exclude', pattern }]);
    const isIncluded = (name: string) => includes(name.replace(/\/$/, ''), name.endsWith('/'));
    for (const name of matched) assert.equal(isIncluded(name), false, `${pattern} matches ${name}`);
    for (const name of others) assert.equal(isIncluded(name), true, `${pattern} does not match ${name}`);
  }
}

test('a pattern without a slash matches the last part of a name; with one, whole parts at its end', () => {
  assertRows([
    ['a', ['a', 'b/a', 'b/a/'], ['ab', 'a/b']],
    ['b/a', ['b/a', 'c/b/a'], ['a', 'xb/a', 'b/a/c']],
    ['*.o', ['x.o', 'd/.o'], ['x.oo', 'x.o/y']],
    ['b/*.o', ['b/x.o', 'c/b/x.o'], ['b/c/x.o']],
  ]);
});

test('a slash at its start anchors a pattern at the root; one at its end lets it match only folders', () => {
  assertRows([
    ['/a', ['a', 'a/'], ['b/a']],
    ['/a/b', ['a/b'], ['c/a/b']],
    ['a/', ['a/', 'b/a/'], ['a']],
    ['/a/', ['a/'], ['a', 'b/a/']],
  ]);
});

test('stars: one crosses no slash, two do, and three at the end also match the folder', () => {
  assertRows([
    ['/a/*', ['a/b'], ['a/b/c', 'a/']],
    ['/a/**', ['a/b', 'a/b/c'], ['a/']],
    ['a/***', ['a/', 'a/b', 'c/a/b/c'], ['b/']],
    ['**/a', ['a', 'b/a', 'c/b/a'], ['ba']],
    ['a/**/b', ['a/x/b', 'a/x/y/b', 'c/a/x/b'], ['a/b']],
    ['a**b', ['ab', 'a/x/b', 'c/a/b'], ['ba']],
    ['?', ['a', 'd/b', 'ü'], ['ab', 'a/bc']],
  ]);
});

test('brackets: sets, ranges, classes and negation, which match no slash; a backslash escapes beside wildcards', () => {
  assertRows([
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[!a]x', ['bx', 'üx'], ['ax', 'x']],
    ['[^a]', ['b'], ['a']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a-]', ['a', '-'], ['b']],
    ['[c-a]', ['c'], ['a', 'b']],
    ['[[:digit:]-z]', ['5', '-', 'z'], ['a']],
    ['[a\\]b]', [']', 'b'], ['\\']],
    ['a[!x]b', [], ['a/b']],
    ['\\**', ['*', '*a'], ['a']],
    ['a\\b', ['a\\b'], ['ab']],
    ['(a|b)+{c,d}$', ['(a|b)+{c,d}$'], ['a', 'ac']],
    ['*\n?', ['a\nb'], ['ab']],
  ]);
});

test('the first rule that matches decides, whatever it is, and without a match a file is sent', () => {
  const rule = (text: string): FilterRule =>
    text.startsWith('+')
      ? { action: 'include', pattern: text.slice(1) }
      : { action: 'exclude', pattern: text.slice(1) };
  const kept = (rules: readonly string[], names: readonly string[]) => {
    const includes = filterOf(rules.map(rule));
    return names.filter((name) => includes(name.replace(/\/$/, ''), name.endsWith('/')));
  };
  const names = ['d/', 'a.jpg', 'b.txt', 'keep.txt'];
  assert.deepEqual(kept([], names), names);
  assert.deepEqual(kept(['+*/', '+*.jpg', '-*'], names), ['d/', 'a.jpg']);
  assert.deepEqual(kept(['-*.txt', '+keep.txt'], names), ['d/', 'a.jpg']);
  assert.deepEqual(kept(['+keep.txt', '-*.txt'], names), ['d/', 'a.jpg', 'keep.txt']);
});

test('a pattern that can match nothing is refused', () => {
  for (const pattern of ['', '/', '[a', 'x[!]', '[[:alpha:]', '[[:letter:]]']) {
    assert.notEqual(patternProblem(pattern), null, pattern);
  }
});
