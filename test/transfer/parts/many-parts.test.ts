import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { partRange } from '../../../src/core/part-plan.js';
import type { PreparedPart } from '../../../src/transfer/ports/source.js';
import { allOf, fakeSource, moveParts, planOf, watchProcess } from './fake-parts.js';

test('ten thousand parts through 64 lanes leave no listeners on a signal that is used further', async (t) => {
  watchProcess(t);
  const plan = planOf(10_000);
  const { source } = fakeSource();
  const { signal } = new AbortController();
  let delivered = 0;
  const deliver = async (part: PreparedPart, lane: AbortSignal): Promise<void> => {
    assert.deepEqual(part.range, partRange(plan, part.range.index));
    const note = (): void => {};
    lane.addEventListener('abort', note);
    await turn();
    lane.removeEventListener('abort', note);
    delivered += 1;
  };
  await moveParts({ source, plan, indexes: allOf(plan), concurrency: 64, signal, deliver });
  assert.equal(delivered, 10_000);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
