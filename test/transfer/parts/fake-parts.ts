/** Parts without a file that move through the pipeline, and a watch over the process meanwhile. */
import assert from 'node:assert/strict';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type PartPlan, partRange } from '../../../src/core/part-plan.js';
import { type FileParts, type Pipeline, runPipeline } from '../../../src/transfer/parts/pipeline.js';
import type { Source } from '../../../src/transfer/ports/source.js';
import { preparedPart } from '../../support/prepared-part.js';

/** Moves a file's parts through the pipeline. */
export function moveParts({
  source,
  plan,
  indexes,
  ...rest
}: Omit<FileParts, 'hashes'> & Omit<Pipeline, 'jobs'>): Promise<void> {
  const jobs = [...indexes].map((index) => {
    const range = partRange(plan, index);
    const release = (): void => undefined;
    return {
      range,
      release,
      prepare: (signal: AbortSignal) => source.prepare(range, plan.partSizeBytes, signal, { hashes: [] }),
    };
  });
  return runPipeline({ jobs: () => jobs, ...rest });
}

/** Fails the test on any rejection that nobody handled, and on any warning (a leak of listeners is one). */
export function watchProcess(t: TestContext): void {
  const seen: unknown[] = [];
  const note = (what: unknown): void => void seen.push(what);
  process.on('unhandledRejection', note);
  process.on('warning', note);
  t.after(async () => {
    for (let n = 0; n < 3; n += 1) await turn();
    process.off('unhandledRejection', note);
    process.off('warning', note);
    assert.deepEqual(seen, []);
  });
}

export function planOf(partCount: number): PartPlan {
  return { sizeBytes: partCount * 4, partSizeBytes: 4, partCount };
}

export function allOf(plan: PartPlan): number[] {
  return Array.from({ length: plan.partCount }, (_, index) => index);
}

/** A source without a file that counts what is prepared, and what is given back. */
export function fakeSource(
  beforePart: (index: number, signal: AbortSignal) => Promise<void> = async () => {},
) {
  const counts = { prepared: [] as number[], released: [] as number[], out: 0, mostOut: 0 };
  const prepare: Source['prepare'] = async (range, partSizeBytes, signal) => {
    counts.prepared.push(range.index);
    counts.out += 1;
    counts.mostOut = Math.max(counts.mostOut, counts.out);
    try {
      await beforePart(range.index, signal);
      await turn();
      signal.throwIfAborted();
    } catch (error) {
      counts.out -= 1;
      throw error;
    }
    const part = preparedPart(Buffer.alloc(range.sizeBytes, range.index), range.index, partSizeBytes);
    const release = (): void => {
      counts.released.push(range.index);
      counts.out -= 1;
    };
    return { ...part, release };
  };
  const unused = async (): Promise<never> => assert.fail('not for moving parts');
  const source: Source = {
    path: '/photos.tar',
    baseName: 'photos.tar',
    fingerprint: { sizeBytes: 0, mtimeNs: '0', ctimeNs: '0', device: '0', inode: '0' },
    mtimeMs: 0,
    inMemoryPartMaxBytes: 2 ** 26,
    prepare,
    treeHash: unused,
    compareNow: unused,
    expectParts: unused,
    close: unused,
  };
  return { source, counts };
}
