import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransferEvent } from '../../../src/transfer/events.js';
import { FileRoom } from '../../../src/transfer/files/file-room.js';

const PART_DONE: TransferEvent = { type: 'part', index: 0, sizeBytes: 1, reused: false };

/** Counts the files that could start. */
function started(room: FileRoom, parts: readonly (number | null)[]) {
  const places: Awaited<ReturnType<FileRoom['enter']>>[] = [];
  const entering = (async () => {
    for (const each of parts) places.push(await room.enter(each));
  })();
  return { places, entering };
}

const turn = (): Promise<void> => new Promise(setImmediate);

test('small files start together, two for each lane', async () => {
  const { places, entering } = started(new FileRoom(4), Array(9).fill(1));
  await turn();
  assert.equal(places.length, 8);
  places[3]?.leave();
  await entering;
  assert.equal(places.length, 9);
});

test('the next file starts when the last parts of a large one leave a lane free', async () => {
  const { places, entering } = started(new FileRoom(4), [6, 1]);
  await turn();
  for (let part = 0; part < 2; part += 1) places[0]?.note(PART_DONE);
  await turn();
  assert.equal(places.length, 1, 'four parts are left for four lanes');
  places[0]?.note(PART_DONE);
  await entering;
});

test('the parts that the service holds already take no lane', async () => {
  const { places, entering } = started(new FileRoom(2), [100, 1]);
  await turn();
  const plan = { sizeBytes: 100, partSizeBytes: 1, partCount: 100 };
  const about = { file: 'f', target: 'local://v', uploadId: 'u', orphan: null };
  places[0]?.note({ type: 'started', ...about, plan, reusedParts: 99, reusedBytes: 99, resumed: true });
  await entering;
});

test('a stream has all lanes until it ends', async () => {
  const { places, entering } = started(new FileRoom(2), [null, 1]);
  await turn();
  for (let part = 0; part < 9; part += 1) places[0]?.note(PART_DONE);
  await turn();
  assert.equal(places.length, 1);
  places[0]?.leave();
  await entering;
});
