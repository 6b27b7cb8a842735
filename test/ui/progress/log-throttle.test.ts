import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogThrottle } from '../../../src/ui/progress/log-throttle.js';

test('one goes through per interval, and tells how many were held back since the one before', () => {
  let nowMs = 0;
  const pace = createLogThrottle(() => nowMs, 1000, Number.NEGATIVE_INFINITY);
  assert.deepEqual([pace.take(), pace.take(), pace.take()], [0, null, null]);
  nowMs = 999;
  assert.equal(pace.take(), null);
  nowMs = 1000;
  assert.deepEqual([pace.take(), pace.take()], [3, null]);
  nowMs = 2000;
  assert.equal(pace.take(), 1);
});

test('without an interval everything goes through', () => {
  const pace = createLogThrottle(() => 5, 0, 5);
  assert.deepEqual([pace.take(), pace.take()], [0, 0]);
});
