import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, test } from 'node:test';
import { partRange } from '../../src/core/part-plan.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { closeSources, PART_BYTES, type Rig, rig } from './rig.js';

after(closeSources);

const PARTS = 1010;
const RECORDED = 1005;
const zeros = Buffer.alloc(PART_BYTES);
const zeroHash = vaultTreeHash(zeros);
const never = new AbortController().signal;

/** An upload of 1,010 parts of zeros that a run left with 1,005 recorded: nothing of it need be hashed to make it. */
async function longUpload(bench: Rig, heldToo: readonly number[] = []): Promise<string> {
  truncateSync(bench.file, 0);
  truncateSync(bench.file, PARTS * PART_BYTES);
  const session = bench.session();
  const source = await session.openSource(bench.file);
  const plan = { sizeBytes: PARTS * PART_BYTES, partSizeBytes: PART_BYTES, partCount: PARTS };
  const { uploadId } = await bench.target.createUpload({ plan, description: 'long' }, never);
  const journal = await session.state.create({
    uploadId,
    identity: { source: { kind: 'file', path: source.path }, target: session.targetIdentity },
    connection: session.connection,
    plan,
    description: 'long',
    fingerprint: source.fingerprint,
    startedAt: new Date(bench.clock.nowMs()).toISOString(),
  });
  for (let index = 0; index < RECORDED; index += 1) {
    bench.vault.put(uploadId, partRange(plan, index).startByte, zeros);
    await journal.recordPart(index, { treeHash: zeroHash, linearHash: zeroHash });
  }
  for (const index of heldToo) bench.vault.put(uploadId, index * PART_BYTES, zeros);
  await journal.close();
  await source.close();
  return uploadId;
}

test('with more than 1,000 recorded parts, missing parts are sent while the list is still being read', {
  timeout: 60_000,
}, async (t) => {
  const bench = rig(t);
  await longUpload(bench);
  let sent = (): void => undefined;
  const firstSent = new Promise<void>((resolve) => {
    sent = resolve;
  });
  // The list's second page waits for a part: nothing would end if parts waited for the list.
  bench.hooks.before = async ({ operation, count }) => {
    if (operation === 'sendPart') sent();
    if (operation === 'listPartsPage' && count > 1) await firstSent;
  };
  const result = await bench.resume();
  assert.deepEqual([result.partsSent, result.partsReused], [PARTS - RECORDED, RECORDED]);
});

test('a recorded part that the service lost is found by the list and sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await longUpload(bench, [1007]);
  bench.vault.open(uploadId).parts.delete(3 * PART_BYTES);
  const result = await bench.resume();
  assert.equal(result.partsSent, PARTS - RECORDED + 1);
  assert.equal(bench.vault.archives.length, 1);
});

test('an upload that its list reports as missing is created again, even if parts are being sent', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await longUpload(bench));
  await bench.upload({ partSizeBytes: null });
  assert.deepEqual(bench.notices(), ['gone-created-again']);
});
