import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogThrottle } from '../../../src/ui/progress/log-throttle.js';

test('one line per interval is admitted, with the number of lines held back before it', () => {
  let nowMs = 0;
  const throttle = createLogThrottle(() => nowMs, 1000, Number.NEGATIVE_INFINITY);
  assert.deepEqual([throttle.admit(), throttle.admit(), throttle.admit()], [0, null, null]);
  nowMs = 999;
  assert.equal(throttle.admit(), null);
  nowMs = 1000;
  assert.deepEqual([throttle.admit(), throttle.admit()], [3, null]);
  nowMs = 2000;
  assert.equal(throttle.admit(), 1);
});

test('with an interval of 0 every line is admitted', () => {
  const throttle = createLogThrottle(() => 5, 0, 5);
  assert.deepEqual([throttle.admit(), throttle.admit()], [0, 0]);
});
