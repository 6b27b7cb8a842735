import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { chooseShard, indexesOf, shardOf } from '../../src/core/fleet.js';

const division = fc.record({ shards: fc.integer({ min: 1, max: 300 }), interleave: fc.boolean() });
const partCount = fc.integer({ min: 1, max: 700 });

test('every part belongs to exactly one share, whatever their numbers are', () => {
  fc.assert(
    fc.property(partCount, division, (parts, divided) => {
      const all: number[] = [];
      for (let shard = 0; shard < divided.shards; shard += 1) {
        const indexes = indexesOf(shard, parts, divided);
        for (const index of indexes) assert.equal(shardOf(index, parts, divided), shard);
        all.push(...indexes);
      }
      assert.deepEqual(
        all.sort((a, b) => a - b),
        [...Array(parts).keys()],
      );
    }),
  );
});

test('the sizes of shares differ by one part at most', () => {
  fc.assert(
    fc.property(partCount, division, (parts, divided) => {
      const sizes = Array.from({ length: divided.shards }, (_, k) => indexesOf(k, parts, divided).length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }),
  );
});

test('shares are ranges that follow each other, or parts that are dealt out in turn', () => {
  assert.deepEqual(indexesOf(1, 10, { shards: 3, interleave: false }), [3, 4, 5]);
  assert.deepEqual(indexesOf(1, 10, { shards: 3, interleave: true }), [1, 4, 7]);
  assert.deepEqual(indexesOf(7, 3, { shards: 8, interleave: true }), []);
});

const named: readonly (readonly [string, Record<string, string>, number | null, number, number])[] = [
  ['--shard', {}, 2, 4, 2],
  ['--shard, whatever the schedulers say', { PARALLEL_SEQ: '1', SLURM_ARRAY_TASK_ID: '3' }, 2, 4, 2],
  ['a task of a Slurm array', { SLURM_ARRAY_TASK_ID: '3' }, null, 4, 3],
  [
    'a task of a Slurm array that starts at 1',
    { SLURM_ARRAY_TASK_ID: '4', SLURM_ARRAY_TASK_MIN: '1' },
    null,
    4,
    3,
  ],
  [
    'a task of a Slurm array that has some of the tasks and starts at 0',
    {
      SLURM_ARRAY_TASK_ID: '3',
      SLURM_ARRAY_TASK_MIN: '0',
      SLURM_ARRAY_TASK_COUNT: '2',
      SLURM_ARRAY_TASK_MAX: '3',
    },
    null,
    4,
    3,
  ],
  ['a child of an AWS Batch array job', { AWS_BATCH_JOB_ARRAY_INDEX: '0' }, null, 4, 0],
  ['a pod of a Kubernetes job', { JOB_COMPLETION_INDEX: '1' }, null, 4, 1],
  ['a job of GNU parallel, counted from 1', { PARALLEL_SEQ: '4' }, null, 4, 3],
  ['a fleet of one share', {}, null, 1, 0],
  ['a variable beside one that is empty', { PARALLEL_SEQ: '', JOB_COMPLETION_INDEX: '1' }, null, 4, 1],
];

for (const [title, env, given, shards, shard] of named) {
  test(`the share is named by ${title}`, () => {
    assert.equal(chooseShard(given, env, shards), shard);
  });
}

const refused: readonly (readonly [string, Record<string, string>, number | null])[] = [
  ['no number at all', {}, null],
  ['a share beyond the last one', {}, 4],
  ['a task beyond the last share', { JOB_COMPLETION_INDEX: '4' }, null],
  ['the task 0 of GNU parallel', { PARALLEL_SEQ: '0' }, null],
  ['the variables of two schedulers', { PARALLEL_SEQ: '1', SLURM_ARRAY_TASK_ID: '0' }, null],
  ['a variable that is not a number', { AWS_BATCH_JOB_ARRAY_INDEX: 'x' }, null],
  [
    'some tasks of a Slurm array, of which nobody knows where it starts',
    {
      SLURM_ARRAY_TASK_ID: '3',
      SLURM_ARRAY_TASK_MIN: '3',
      SLURM_ARRAY_TASK_COUNT: '2',
      SLURM_ARRAY_TASK_MAX: '4',
    },
    null,
  ],
];

for (const [title, env, given] of refused) {
  test(`the share is refused for ${title}`, () => {
    assert.throws(
      () => chooseShard(given, env, 4),
      (error) => isFailure(error, 'usage'),
    );
  });
}
