import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext } from '../../src/cli/command.js';
import { rowPrinter } from '../../src/cli/results.js';

interface Line {
  readonly type: 'line';
  readonly text: string;
}

/** Prints three rows of 30 characters as JSON. @returns the number of rows in each write */
async function rowsOfWrites(together: number): Promise<number[]> {
  const writes: number[] = [];
  const line = async (text: string) => void writes.push(text.split('\n').length);
  const context = { io: { stdout: { line } }, output: { json: true } } as unknown as CommandContext;
  const noTable = () => assert.fail('a table was started');
  const printer = rowPrinter<Line>(context, noTable, together);
  for (const text of ['1', '2', '3']) await printer.print({ type: 'line', text });
  await printer.end();
  return writes;
}

test('rows are written one by one, or together as soon as they have enough characters', async () => {
  assert.deepEqual(await rowsOfWrites(0), [1, 1, 1]);
  assert.deepEqual(await rowsOfWrites(40), [2, 1]);
  assert.deepEqual(await rowsOfWrites(1000), [3]);
});
