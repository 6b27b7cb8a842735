/** Work on many items at once whose results come in the order of the items. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultsInOrder } from '../../src/transfer/in-order.js';

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

test('results come in the order of the items, whatever ends first', async () => {
  const open = new Map<number, () => void>();
  const work = (item: number): number | Promise<number> => {
    if (item % 3 !== 0) return item;
    return new Promise((resolve) => open.set(item, () => resolve(item)));
  };
  const items = Array.from({ length: 10 }, (_, i) => i);
  const results = collect(resultsInOrder(items, work));
  await new Promise(setImmediate);
  assert.deepEqual([...open.keys()], [0, 3, 6, 9], 'later items do not wait for the first');
  for (const item of [9, 6, 3, 0]) open.get(item)?.();
  assert.deepEqual(await results, items);
});

test('items are not read far ahead of one that takes long', async () => {
  let read = 0;
  const items = function* () {
    for (; read < 100_000; read += 1) yield read;
  };
  const results = resultsInOrder(items(), (item) => (item === 0 ? new Promise<number>(() => {}) : item));
  void results.next();
  await new Promise(setImmediate);
  assert.ok(read <= 1001, `${read} were read`);
});

test('a failure comes after the results before it, and later ones are not lost in silence', async () => {
  const work = async (item: number): Promise<number> => {
    if (item > 1) throw new Error(`item ${item}`);
    return item;
  };
  const results = resultsInOrder([0, 1, 2, 3], work);
  assert.deepEqual([(await results.next()).value, (await results.next()).value], [0, 1]);
  await assert.rejects(results.next(), /item 2/);
});
