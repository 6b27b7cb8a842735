import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../src/source/lines.js';

async function linesIn(...chunks: string[]) {
  const found: [number, string, boolean][] = [];
  const bytes = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })();
  for await (const line of linesOf(bytes)) found.push([line.number, line.bytes.toString(), line.isWhole]);
  return found;
}

test('lines are the same wherever the chunks end, and only a newline ends one', async () => {
  const text = 'one\n\ntw\u2028o\r\nlast';
  const lines = [
    [1, 'one', true],
    [2, '', true],
    [3, 'tw\u2028o\r', true],
    [4, 'last', false],
  ];
  assert.deepEqual(await linesIn(text), lines);
  assert.deepEqual(await linesIn(...text), lines);
  assert.deepEqual(await linesIn('', 'one\n'), lines.slice(0, 1));
});

test('a line that is too long is not kept in memory, and the next one is read', async () => {
  const long = Array.from({ length: 3 }, () => 'x'.repeat(600_000));
  assert.deepEqual(await linesIn(...long, '\nnext\n'), [
    [1, '', false],
    [2, 'next', true],
  ]);
});
