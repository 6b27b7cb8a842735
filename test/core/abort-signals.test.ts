import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { onAbort } from '../../src/core/abort-signals.js';

test('a listener is called once when its signal is aborted, and is removed then', () => {
  const controller = new AbortController();
  let calls = 0;
  onAbort(controller.signal, () => {
    calls += 1;
  });
  assert.equal(calls, 0);
  controller.abort();
  controller.signal.dispatchEvent(new Event('abort'));
  assert.equal(calls, 1);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
});

test('a listener that was removed is not called, and removing it again does nothing', () => {
  const controller = new AbortController();
  const remove = onAbort(controller.signal, () => assert.fail('the listener was called'));
  remove();
  remove();
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  controller.abort();
});

test('a listener on a signal that is already aborted is not called', () => {
  const signal = AbortSignal.abort();
  const remove = onAbort(signal, () => assert.fail('the listener was called'));
  remove();
});
