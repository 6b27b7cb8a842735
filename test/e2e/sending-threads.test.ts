/** Sending threads in the built program: one that fails costs a retry, and one processor needs none. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertFailed } from '../support/failed.js';
import { isPart } from '../support/requests.js';
import { type StopSender, stopSenderEnv } from '../support/stop-sender.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
/** The first 16 MiB leave from the main thread. */
const FILE_BYTES = 32 * MIB_BYTES + 5;

describe('Sending threads', { concurrency: 2 }, () => {
  const service = sharedVaults();

  for (const [how, words] of [
    ['exit', /a sending thread ended: exit code 9/],
    ['hang', /a sending thread ended: it was stuck/],
  ] as const satisfies readonly [StopSender['how'], RegExp][]) {
    test(`a sending thread that is to ${how} costs a retry, and the archive is right`, async (t) => {
      const home = await service.home(t);
      const file = home.file('f', FILE_BYTES);
      const once = join(home.folder, 'stopped');
      const line = ['upload', file, home.target, '--part-size=4M', '--concurrency=2', '--threads=2'];
      const { code, stdout, stderr } = await home.run(line, stopSenderEnv({ how, once }));
      assert.equal(code, 0, stderr);
      assert.ok(existsSync(once), 'no sending thread had two requests');
      assert.match(stderr, words);
      assert.deepEqual(await home.readBack(stdout.trim()), readFileSync(file));
    });
  }

  test('with --threads 1 the main thread sends everything', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', FILE_BYTES);
    const once = join(home.folder, 'stopped');
    const line = ['upload', file, home.target, '--part-size=8M', '--threads=1'];
    const { code, stderr } = await home.run(line, stopSenderEnv({ how: 'exit', once }));
    assert.equal(code, 0, stderr);
    assert.ok(!existsSync(once), 'a sending thread was started');
    assert.equal(home.passed().filter(isPart).length, 5);
  });

  test('a number of threads that is not from 1 to 256 is refused', async (t) => {
    const home = await service.home(t);
    for (const threads of ['0', '257', 'all'])
      assert.match(
        assertFailed(await home.run(['upload', 'f', home.target, `--threads=${threads}`]), 2),
        /--threads/,
      );
  });
});
