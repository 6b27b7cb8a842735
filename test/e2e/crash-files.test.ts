/** A run over many files that is killed again and again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkObject } from '../support/json-shapes.js';
import { isPart } from '../support/requests.js';
import { drawSeed, seededRandom, TEST_ALL } from '../support/seed.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const FILES = TEST_ALL ? 200 : 30;
const KILLS = TEST_ALL ? 100 : 4;
/** A run gets so many requests through at most before it is killed: some files more of the whole. */
const REQUESTS_MAX = TEST_ALL ? 60 : 30;
const LATER_MAX_MS = 20;
const SMALL_MAX_BYTES = 10_000;
/** Every tenth file has several parts. */
const LARGE_BYTES = 2_500_000;

const service = sharedVaults();

/** Kills the run at a random time after a random request. @returns true if it was killed before its end */
async function runKilled(home: VaultHome, line: readonly string[], random: () => number): Promise<boolean> {
  const nth = 1 + Math.floor(random() * REQUESTS_MAX);
  const laterMs = random() * LATER_MAX_MS;
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  home.hook({
    before() {
      seen += 1;
      if (seen === nth) timer = setTimeout(() => running.child.kill('SIGKILL'), laterMs);
      return 'pass';
    },
  });
  const running = home.start(line);
  const { signal, code, stderr } = await running.ended;
  clearTimeout(timer);
  home.hook({});
  assert.ok(signal === 'SIGKILL' || code === 0, stderr);
  return signal === 'SIGKILL';
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function assertEachArchivedOnce(home: VaultHome, files: readonly string[], stdout: string) {
  const ids = stdout.trimEnd().split('\n');
  const archives = await home.archives();
  assert.equal(archives.length, files.length);
  assert.deepEqual([...ids].sort(), archives.map(({ archiveId }) => archiveId).sort());
  assert.deepEqual((await home.cataloguedIds()).sort(), [...ids].sort());
  assert.deepEqual(await home.unfinishedIds(), []);
  for (const [index, file] of files.entries()) {
    const held = await home.readBack(ids[index] ?? '');
    assert.equal(sha256(held), sha256(readFileSync(file)), `${basename(file)} is another archive`);
  }
}

async function killAndGoOn(t: TestContext, random: () => number, killsMax: number): Promise<number> {
  const home = await service.home(t);
  const files = Array.from({ length: FILES }, (_, index) => {
    const sizeBytes = index % 10 === 9 ? LARGE_BYTES + index : 1 + Math.floor(random() * SMALL_MAX_BYTES);
    return home.file(`file-${index}`, sizeBytes, index);
  });
  const line = ['upload', ...files, home.target, '--part-size', '1M'];
  let kills = 0;
  while (kills < killsMax && (await runKilled(home, line, random))) kills += 1;
  const ended = await home.run(line);
  assert.equal(ended.code, 0, ended.stderr);
  await assertEachArchivedOnce(home, files, ended.stdout);
  return kills;
}

test('A run over many files that is killed at random instants ends, run again, with each file archived once', async (t) => {
  const random = seededRandom(drawSeed(t));
  let kills = 0;
  while (kills < KILLS) kills += await killAndGoOn(t, random, KILLS - kills);
  t.diagnostic(`${kills} kills`);
});

test('A signal stops all files of a run: it is reported once, before the summary, and the same line goes on', async (t) => {
  const home = await service.home(t);
  const files = Array.from({ length: 8 }, (_, index) => home.file(`file-${index}`, 3_000_000 + index, index));
  const line = ['upload', ...files, home.target, '--part-size', '1M', '--json'];
  let parts = 0;
  home.hook({
    before(passing) {
      if (isPart(passing) && ++parts === 5) running.child.kill('SIGTERM');
      return 'pass';
    },
  });
  const running = home.start(line);
  const { code, stdout, stderr } = await running.ended;
  home.hook({});
  assert.equal(code, 143, stderr);
  assert.deepEqual(stderr.match(/^calve: .*/gm), ['calve: stopped: SIGTERM']);
  const objects = stdout.trimEnd().split('\n');
  const summary = checkObject(objects.pop() ?? '', 'summary');
  assert.equal(checkObject(objects.pop() ?? '', 'error')['kind'], 'stopped');
  assert.deepEqual([summary['failed'], summary['sent']], [0, objects.length]);
  const ended = await home.run(['upload', ...files, home.target]);
  assert.equal(ended.code, 0, ended.stderr);
  await assertEachArchivedOnce(home, files, ended.stdout);
});
