import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OneAtATime } from '../../../src/transfer/files/one-at-a-time.js';

test('works on one thing follow each other, also after a failure, and those on another thing do not wait', async () => {
  const turns = new OneAtATime();
  const log: string[] = [];
  const work = (name: string, end: Promise<void>) => async () => {
    log.push(`${name} starts`);
    await end;
    log.push(`${name} ends`);
  };
  let fail = (_: Error): void => undefined;
  const failing = new Promise<void>((_, reject) => {
    fail = reject;
  });
  const first = turns.run('a', work('first', failing));
  const second = turns.run('a', work('second', Promise.resolve()));
  await turns.run('b', work('other', Promise.resolve()));
  assert.deepEqual(log, ['first starts', 'other starts', 'other ends']);
  fail(new Error('of the first'));
  await assert.rejects(first, /of the first/);
  await second;
  assert.deepEqual(log.slice(3), ['second starts', 'second ends']);
});
