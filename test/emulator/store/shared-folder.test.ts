import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededBytes } from '../../support/bytes.js';
import { startEmulatorProcess } from '../../support/emulator-process.js';
import { tempFolder } from '../../support/temp.js';
import { treeHash } from '../support/raw-client.js';
import { MIB, type VaultClient, vaultClient } from '../support/vault-client.js';

type Pair = [VaultClient, VaultClient];

async function startTwo(t: TestContext): Promise<{ clients: Pair; dataDir: string }> {
  const dataDir = tempFolder(t);
  const options = { dataDir, vaults: ['v'] };
  const servers = await Promise.all([startEmulatorProcess(t, options), startEmulatorProcess(t, options)]);
  return { clients: servers.map(({ url }) => vaultClient(url, 'v')) as Pair, dataDir };
}

test('two servers that share a folder receive the parts of one upload together', async (t) => {
  const { clients } = await startTwo(t);
  const whole = seededBytes(16 * MIB + 3, 61);
  const uploadId = await clients[0].initiate(MIB);
  const answers = await Promise.all(
    Array.from({ length: 17 }, (_, i) =>
      (clients[i % 2] as VaultClient).part(uploadId, i * MIB, whole.subarray(i * MIB, (i + 1) * MIB)),
    ),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  assert.equal((await clients[0].listParts(uploadId)).text, (await clients[1].listParts(uploadId)).text);
  const done = await clients[1].complete(uploadId, whole);
  assert.ok((await clients[0].fetch(String(done.headers['x-amz-archive-id']))).equals(whole));
});

test('two servers that receive the same part and complete at the same time make one complete archive', async (t) => {
  const { clients, dataDir } = await startTwo(t);
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    const uploadId = await clients[0].initiate(MIB);
    const candidates = [1, 2, 3, 4].map((i) => seededBytes(MIB, round * 10 + i));
    await Promise.all(candidates.map((bytes, i) => (clients[i % 2] as VaultClient).part(uploadId, 0, bytes)));
    const [listed] = JSON.parse((await clients[1].listParts(uploadId)).text).Parts;
    const winner = candidates.find((bytes) => treeHash(bytes) === listed.SHA256TreeHash) as Buffer;
    const answers = await Promise.all(
      [0, 1, 0, 1].map((i) => (clients[i] as VaultClient).complete(uploadId, winner)),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201, 201],
    );
    const ids = new Set(answers.map(({ headers }) => headers['x-amz-archive-id']));
    assert.equal(ids.size, 1);
    const [archiveId] = ids;
    assert.ok((await clients[1].fetch(String(archiveId))).equals(winner), `round ${round}`);
  }
  const archives = readdirSync(join(dataDir, 'v1/vaults/v/archives')).filter(
    (name) => !name.endsWith('.json'),
  );
  assert.equal(archives.length, rounds);
});

test('a part that arrives during complete is either in the archive or gets 404, and the archive is as requested', async (t) => {
  const { clients } = await startTwo(t);
  const [old, young] = [seededBytes(MIB, 71), seededBytes(MIB, 72)];
  for (let round = 0; round < 15; round++) {
    const uploadId = await clients[0].initiate(MIB);
    await clients[0].part(uploadId, 0, old);
    const [part, done] = await Promise.all([
      clients[1].part(uploadId, 0, young),
      clients[0].complete(uploadId, old),
    ]);
    if (done.status === 400) {
      assert.equal(part.status, 204, 'the part arrived first, so the old hash is wrong');
      const again = await clients[1].complete(uploadId, young);
      assert.ok((await clients[0].fetch(String(again.headers['x-amz-archive-id']))).equals(young));
    } else {
      assert.equal(done.status, 201);
      assert.equal(part.status, 404, `round ${round}`);
      assert.ok(
        (await clients[1].fetch(String(done.headers['x-amz-archive-id']))).equals(old),
        `round ${round}`,
      );
    }
  }
});

test('an upload that one server aborts while the other receives a part no longer exists', async (t) => {
  const { clients, dataDir } = await startTwo(t);
  const bytes = seededBytes(4 * MIB, 81);
  for (let round = 0; round < 10; round++) {
    const uploadId = await clients[0].initiate(4 * MIB);
    const [part, aborted] = await Promise.all([
      clients[1].part(uploadId, 0, bytes),
      clients[0].abort(uploadId),
    ]);
    assert.equal(aborted.status, 204);
    assert.ok(part.status === 404 || part.status === 204, part.text);
    assert.equal((await clients[1].listParts(uploadId)).status, 404);
    assert.equal((await clients[1].complete(uploadId, bytes)).status, 404);
  }
  assert.deepEqual(readdirSync(join(dataDir, 'v1/tmp')), []);
});
