import process from 'node:process';
import type { TestContext } from 'node:test';

/** Another one in every run, so that many runs try much; printed, and CALVE_TEST_SEED plays one again. */
export function drawSeed(t: TestContext): number {
  const seed = Number(process.env['CALVE_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`CALVE_TEST_SEED=${seed}`);
  return seed;
}

/** True with CALVE_TEST_ALL: tests try everything instead of a sample. */
export const TEST_ALL = (process.env['CALVE_TEST_ALL'] ?? '') !== '';

/** Uniform in [0, 1), the same for the same seed (splitmix32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Does all of the work, so many at a time. */
export async function inLanes(lanes: number, work: Iterable<() => Promise<void>>): Promise<void> {
  const queue = work[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await next.value();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
