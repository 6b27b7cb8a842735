import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { type Ended, jsonLines } from '../support/calve.js';
import { startFront } from '../support/front.js';
import { isComplete, isCreate } from '../support/requests.js';
import { TEST_ALL } from '../support/seed.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, TARGET, VAULT } from '../support/vault-service.js';

const ROUNDS = TEST_ALL ? 50 : 2;
const FILE_BYTES = 2 * 1024 * 1024 + 1;

test('Of two uploads of one file at the same instant one makes the archive, and the other exits 11', async (t) => {
  const vault = await openVault(t);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { winner, loser } = await race(t, vault, round, []);
    assert.deepEqual([winner.code, loser.code], [0, 11], `${winner.stderr}\n${loser.stderr}`);
    assert.equal(jsonLines(loser.stdout)[0]?.['kind'], 'busy');
  }
});

test('With --lock-wait the other waits, and prints the same id', async (t) => {
  const vault = await openVault(t);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { winner, loser } = await race(t, vault, round, ['--lock-wait', '30s']);
    assert.deepEqual([winner.code, loser.code], [0, 0], `${winner.stderr}\n${loser.stderr}`);
    const [mine, its] = [winner, loser].map(({ stdout }) => jsonLines(stdout)[0]);
    assert.equal(its?.['skipped'], true);
    assert.equal(its?.['archiveId'], mine?.['archiveId']);
  }
});

interface Race {
  /** Who sent the file. */
  readonly winner: Ended;
  readonly loser: Ended;
}

/**
 * Both are held at their first request until both have come to it, so that they reach for the lock together. Unless
 * the other waits for the lock, who has it completes only when the other has ended. One archive comes of it.
 */
async function race(
  t: TestContext,
  vault: VaultHome,
  round: number,
  options: readonly string[],
): Promise<Race> {
  const name = `round ${round}`;
  const file = join(vault.folder, name);
  writeFileSync(file, seededBytes(FILE_BYTES, round));
  const start = gate(2);
  const oneEnded = gate(1);
  let begins = 0;
  const front = await startFront(t, vault.emulator.url, {
    before: async (passing) => {
      if (passing.path.endsWith(`/vaults/${VAULT}`)) await start.arrive();
      // Two that both have the lock must not wait for each other: they are to be found out.
      if (isCreate(passing) && ++begins > 1) void oneEnded.arrive();
      if (isComplete(passing) && options.length === 0) await oneEnded.opened;
      return 'pass' as const;
    },
  });
  const words = ['upload', file, TARGET, '--part-size', '1M', '--json', ...options];
  const run = async (): Promise<Ended> => {
    const ended = await vault.run(words, { AWS_ENDPOINT_URL_GLACIER: front.url });
    void oneEnded.arrive();
    return ended;
  };
  const [one, other] = await Promise.all([run(), run()]);
  const { archiveId, winner, loser } = toldApart(one, other);
  assert.equal(front.passed.filter(isCreate).length, 1, 'the service was asked for one upload');
  const archives = (await vault.archives()).filter((archive) => archive.description === name);
  assert.deepEqual(
    archives.map((archive) => archive.archiveId),
    [archiveId],
  );
  assert.deepEqual(await vault.openDescriptions(), []);
  return { winner, loser };
}

function toldApart(one: Ended, other: Ended): Race & { archiveId: unknown } {
  const sent = (run: Ended) => jsonLines(run.stdout).find((line) => line['skipped'] === false);
  const [winner, loser] = sent(one) === undefined ? [other, one] : [one, other];
  const archive = sent(winner);
  assert.ok(archive !== undefined, `nobody sent it: ${one.stderr}\n${other.stderr}`);
  assert.equal(sent(loser), undefined, 'both sent it');
  return { archiveId: archive['archiveId'], winner, loser };
}

/** Opens when so many have arrived. */
function gate(wanted: number): { arrive(): Promise<void>; readonly opened: Promise<void> } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrived = 0;
  return {
    opened,
    arrive() {
      arrived += 1;
      if (arrived >= wanted) open();
      return opened;
    },
  };
}
