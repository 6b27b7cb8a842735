/** Shares something among all tests of a `describe`: it starts before the first of them and ends after the last. */
import { after, before } from 'node:test';
import type { Cleanup } from './temp.js';

/** To be called in a `describe`. @returns what was started, to be called in its tests */
export function shared<T>(start: (t: Cleanup) => Promise<T>): () => T {
  const cleanups: (() => unknown)[] = [];
  let started: T | undefined;
  before(async () => {
    started = await start({ after: (work) => void cleanups.unshift(work as () => unknown) });
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  return () => {
    if (started === undefined) throw new Error('this starts with the tests');
    return started;
  };
}
