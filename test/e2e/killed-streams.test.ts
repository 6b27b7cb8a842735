/** Streams whose bytes were all sent when the program died: `resume` does not need the stream. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AbortMultipartUploadCommand, UploadMultipartPartCommand } from '@aws-sdk/client-glacier';
import { seededBytes } from '../support/bytes.js';
import { type CrashAt, crashEnv } from '../support/crash-at.js';
import { assertFailed } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isComplete, isCreate, isPart, type Passing } from '../support/requests.js';
import { assertArchived, MIB_BYTES, SEED, SMALL_PARTS } from '../support/streams.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

describe('killed once its stream had ended, calve', { concurrency: 2 }, () => {
  const service = sharedVaults();
  const COMPLETING = '^write .*"type":"completing"';
  const bytes = seededBytes(3 * MIB_BYTES + 7, SEED);

  /** Opens a home in which `cat` prints the stream. */
  async function openStream(t: TestContext): Promise<{ vault: VaultHome; line: readonly string[] }> {
    const vault = await service.home(t);
    writeFileSync(join(vault.folder, 'stream'), bytes);
    const line = ['upload', vault.target, ...SMALL_PARTS, '--from-command', '--', 'cat', 'stream'];
    return { vault, line };
  }

  type Instant = CrashAt | { readonly moment: 'before' | 'after' };
  const instants: Record<string, Instant> = {
    'before completing is recorded': { when: 'before', matching: COMPLETING },
    'after completing is recorded': { when: 'after', matching: COMPLETING },
    'before complete is sent': { moment: 'before' },
    'after complete was done': { moment: 'after' },
    'before the catalogue has it': { when: 'before', matching: '^rename .*/archives/.*json$' },
    'after the catalogue has it': { when: 'after', matching: '^rename .*/archives/.*json$' },
  };
  for (const [name, instant] of Object.entries(instants)) {
    test(`${name}: resume gives the one archive, and needs no stream`, async (t) => {
      const { vault, line } = await openStream(t);
      const spring = (passing: Passing) => {
        if (!isComplete(passing)) return 'pass';
        running.child.kill('SIGKILL');
        return 'hold';
      };
      if ('moment' in instant) vault.hook({ [instant.moment]: spring });
      const running = vault.start(line, 'when' in instant ? crashEnv(instant) : {});
      const died = await running.ended;
      vault.hook({});
      assert.deepEqual([died.signal, died.stdout], ['SIGKILL', ''], died.stderr);
      const archiveId = await assertArchived(vault, await vault.run(['resume']), bytes);
      assert.deepEqual(await vault.archiveIds(), [archiveId]);
      assert.equal(vault.passed().filter(isPart).length, 4, 'no part goes twice');
      assert.deepEqual(await vault.openIds(), []);
      assert.deepEqual(await vault.unfinishedIds(), []);
    });
  }

  /** Returns a vault that has everything; completing is not recorded. */
  async function diedBeforeCompleting(t: TestContext): Promise<VaultHome> {
    const { vault, line } = await openStream(t);
    const died = await vault.run(line, crashEnv({ when: 'before', matching: COMPLETING }));
    assert.equal(died.signal, 'SIGKILL');
    return vault;
  }

  test('and its upload then aborted by somebody: resume ends in 16 and begins none', async (t) => {
    const vault = await diedBeforeCompleting(t);
    const uploadId = await onlyUploadId(vault);
    const address = { accountId: '-', vaultName: vault.vault, uploadId };
    await vault.client.send(new AbortMultipartUploadCommand(address));
    const creates = vault.passed().filter(isCreate).length;
    assertFailed(await vault.run(['resume']), 16);
    assert.equal(vault.passed().filter(isCreate).length, creates);
  });

  test('and a part then replaced on the service: resume says that the stream cannot be read again', async (t) => {
    const vault = await diedBeforeCompleting(t);
    const uploadId = await onlyUploadId(vault);
    await vault.client.send(
      new UploadMultipartPartCommand({
        ...{ accountId: '-', vaultName: vault.vault, uploadId },
        range: 'bytes 1048576-2097151/*',
        body: Buffer.alloc(MIB_BYTES, 1),
      }),
    );
    const ended = await vault.run(['resume']);
    assert.match(assertFailed(ended, 13), /standard input: .* cannot be read again/);
    const line = `calve resume - ${vault.target} --upload-id=${uploadId} `;
    assert.ok(ended.stderr.includes(`\nhint: send the same bytes again with: ${line}`), ended.stderr);
    assert.deepEqual(await vault.archiveIds(), []);
  });
});

async function onlyUploadId(vault: VaultHome): Promise<string> {
  const { stdout } = await vault.run(['status', '--json']);
  const { uploadId, file } = oneJson(stdout, 'unfinished');
  assert.equal(file, '-');
  return String(uploadId);
}
