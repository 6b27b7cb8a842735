/**
 * One round of a fleet, drawn by a seed: kills, double starts, lost receipts, and sometimes a machine with another file.
 * The promise: one archive with the bytes of the file, or exit 3 or 13 and nothing completed; and no part is sent again
 * that the service held before the run asked.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shardOf } from '../../src/core/fleet.js';
import type { Ended } from '../support/calve.js';
import { isComplete, isCreate } from '../support/requests.js';
import { seededRandom } from '../support/seed.js';
import type { Cleanup } from '../support/temp.js';
import { openVaultHome, type VaultHome, type VaultService } from '../support/vault-home.js';
import { type Held, runMachine } from './machine.js';

const MIB_BYTES = 1024 * 1024;

/** The figures of all rounds. */
export interface FleetFigures {
  rounds: number;
  runs: number;
  kills: number;
  doubleStarts: number;
  lostReceipts: number;
  wrongFiles: number;
  archives: number;
  refused: number;
  partsSent: number;
  parts: number;
}

export function newFigures(): FleetFigures {
  return {
    ...{ rounds: 0, runs: 0, kills: 0, doubleStarts: 0, lostReceipts: 0, wrongFiles: 0 },
    ...{ archives: 0, refused: 0, partsSent: 0, parts: 0 },
  };
}

/** The facts of a round that stay the same. */
interface Round {
  readonly t: Cleanup;
  readonly home: VaultHome;
  readonly random: () => number;
  readonly figures: FleetFigures;
  readonly file: string;
  /** Null: all machines have the same file. */
  readonly wrong: WrongFile | null;
  readonly manifest: string;
  readonly shards: number;
  readonly hash: boolean;
  readonly held: Held;
  /** What happened so far, as far as it shows whether finish can know of a wrong file. */
  readonly past: { receiptsLost: boolean; readonly sentRight: Set<number> };
}

/** A file with the size and the modification time of the right one, and one bit that differs. */
interface WrongFile {
  readonly path: string;
  /** The part with that bit. */
  readonly index: number;
}

function pick(random: () => number, most: number): number {
  return Math.floor(random() * most);
}

function writeWrong(file: string, sizeBytes: number, random: () => number): WrongFile {
  const path = `${file}.wrong`;
  copyFileSync(file, path);
  const bytes = readFileSync(path);
  const at = pick(random, sizeBytes);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  for (const each of [file, path]) utimesSync(each, 1_700_000_000, 1_700_000_000);
  return { path, index: Math.floor(at / MIB_BYTES) };
}

/** @throws AssertionError if a promise did not hold */
export async function playRound(
  t: Cleanup,
  service: VaultService,
  { seed, figures }: { readonly seed: number; readonly figures: FleetFigures },
): Promise<void> {
  const random = seededRandom(seed);
  const cleanups: (() => unknown)[] = [];
  const own: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
  t.after(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  const home = await openVaultHome(own, service, `fleet-${seed}`);
  const sizeBytes = (2 + pick(random, 7)) * MIB_BYTES + pick(random, MIB_BYTES) + 1;
  const file = home.file('disk image', sizeBytes, seed);
  const wrong = random() < 0.3 ? writeWrong(file, sizeBytes, random) : null;
  const round: Round = {
    ...{ t: own, home, random, figures, file, wrong },
    manifest: join(home.folder, 'the fleet'),
    shards: 1 + pick(random, 4),
    hash: random() < 0.4,
    held: { parts: new Set(), sentAgain: [], accepted: 0 },
    past: { receiptsLost: false, sentRight: new Set() },
  };
  figures.rounds += 1;
  figures.parts += Math.ceil(sizeBytes / MIB_BYTES);
  if (wrong !== null) figures.wrongFiles += 1;
  try {
    await createIt(round);
    await sendAll(round, true);
    loseReceipts(round);
    const ended = await finishIt(round);
    await judge(round, ended);
  } finally {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  }
}

async function run({ home, figures }: Round, words: readonly string[]): Promise<Ended> {
  figures.runs += 1;
  return home.run(words);
}

/** Runs a command that is killed at a request, before it was forwarded or before its answer. */
async function runKilledAt(
  { home, figures, random }: Round,
  words: readonly string[],
  isInstant: typeof isCreate,
): Promise<void> {
  const isBefore = random() < 0.5;
  const running = home.start(words);
  const kill = (passing: Parameters<typeof isCreate>[0]) => {
    if (!isInstant(passing)) return 'pass';
    running.child.kill('SIGKILL');
    return 'hold';
  };
  home.hook(isBefore ? { before: kill } : { after: kill });
  await running.ended;
  home.hook({});
  figures.runs += 1;
  figures.kills += 1;
}

async function createIt(round: Round): Promise<void> {
  const { home, random, file, manifest, shards, hash } = round;
  const words = [
    ...['fleet', 'create', file, home.target, '--part-size', '1M', '--manifest', manifest],
    ...['--shards', String(shards), ...(random() < 0.4 ? ['--interleave'] : []), ...(hash ? ['--hash'] : [])],
  ];
  if (random() < 0.3) await runKilledAt(round, words, isCreate);
  if (random() < 0.3) {
    round.figures.doubleStarts += 1;
    const both = await Promise.all([run(round, words), run(round, words)]);
    const codes = both.map(({ code }) => code);
    assert.ok(codes.includes(0) && codes.every((code) => code === 0 || code === 11), codes.join());
  }
  const { code, stderr } = await run(round, words);
  assert.equal(code, 0, stderr);
}

/** Sends every share, in any order, with kills and double starts; a last run of each is not killed. */
async function sendAll(round: Round, isRough: boolean): Promise<void> {
  const { random, shards, figures } = round;
  const order = [...Array(shards).keys()].sort(() => random() - 0.5);
  for (const shard of order) {
    while (isRough && random() < 0.45) {
      await sendOne(round, shard, { killAtPart: pick(random, 4) });
      if (random() < 0.3) loseReceipts(round);
      if (random() < 0.15) await finishEarly(round);
    }
    if (isRough && random() < 0.3) {
      figures.doubleStarts += 1;
      await Promise.all([sendOne(round, shard, {}), sendOne(round, shard, {})]);
    } else await sendOne(round, shard, {});
  }
}

let machines = 0;

async function sendOne(
  { t, home, random, figures, wrong, manifest, held, file, past }: Round,
  shard: number,
  { killAtPart = null }: { readonly killAtPart?: number | null },
): Promise<void> {
  const sent = wrong !== null && random() < 0.4 ? wrong.path : file;
  machines += 1;
  figures.runs += 1;
  const receipts = `${manifest}.receipts`;
  const words = ['--shard', String(shard), '--file', sent, '--receipts', receipts];
  const ended = await runMachine(t, {
    ...{ home, held, manifest, killAtPart, name: `machine-${machines}` },
    words: [...words, '--concurrency', String(1 + pick(random, 4))],
  });
  if (ended.signal !== null) figures.kills += 1;
  else if (sent === file) past.sentRight.add(shard);
  const allowed = wrong === null ? [0] : [0, 13];
  assert.ok(
    ended.signal === 'SIGKILL' || allowed.includes(ended.code ?? -1),
    `${ended.code} ${ended.stderr}`,
  );
}

/** Deletes a file of receipts, or cuts off its end. */
function loseReceipts({ random, manifest, figures, past }: Round): void {
  const folder = `${manifest}.receipts`;
  if (!existsSync(folder) || random() < 0.5) return;
  const names = readdirSync(folder).filter((name) => /^\d+\.jsonl$/.test(name));
  const name = names[pick(random, names.length)];
  if (name === undefined) return;
  const path = join(folder, name);
  figures.lostReceipts += 1;
  past.receiptsLost = true;
  if (random() < 0.5) rmSync(path);
  else truncateSync(path, pick(random, statSync(path).size + 1));
}

/** A finish while parts are missing completes nothing. */
async function finishEarly(round: Round): Promise<void> {
  const { code, stderr } = await run(round, ['fleet', 'finish', round.manifest]);
  assert.ok([0, 3, 13].includes(code ?? -1), stderr);
}

async function finishIt(round: Round): Promise<Ended> {
  const { random, manifest, figures } = round;
  const words = ['fleet', 'finish', manifest, ...(random() < 0.3 ? ['--verify', '--file', round.file] : [])];
  if (random() < 0.4) await runKilledAt(round, words, isComplete);
  let ended = await run(round, words);
  for (let attempts = 0; ended.code === 3 && attempts < 3; attempts += 1) {
    await sendAll(round, false);
    ended = await run(round, words);
  }
  if (random() < 0.3) {
    figures.doubleStarts += 1;
    const [first, second] = await Promise.all([run(round, words), run(round, words)]);
    for (const each of [first, second]) {
      assert.ok(each.code === 11 || each.code === ended.code, `${each.code} ${each.stderr}`);
    }
  }
  return ended;
}

/** A round in which a machine had another file may end without an archive, and never with a wrong one. */
async function judge(round: Round, ended: Ended): Promise<void> {
  const { home, file, wrong, held, figures } = round;
  const archives = await home.archives();
  assert.deepEqual(held.sentAgain, []);
  figures.partsSent += held.accepted;
  if (ended.code !== 0) {
    assert.ok(ended.code === 3 || ended.code === 13, `${ended.code} ${ended.stderr}`);
    assert.ok(wrong !== null, `without a wrong file it ends with 0: ${ended.stderr}`);
    assert.deepEqual(archives, [], 'nothing was completed');
    figures.refused += 1;
    return;
  }
  assert.deepEqual(
    archives.map(({ archiveId }) => archiveId),
    [ended.stdout.trim()],
  );
  const bytes = await home.readBack(ended.stdout.trim());
  const isRight = bytes.equals(readFileSync(file));
  assert.ok(isRight || isUndetectable(round, bytes), 'the archive has the bytes of the file');
  assert.deepEqual(await home.cataloguedIds(), [ended.stdout.trim()]);
  figures.archives += 1;
}

/**
 * Returns true for the one case that nobody can see: of the part that differs no machine with the right file has a
 * receipt, and neither create nor finish has read the file.
 */
function isUndetectable({ wrong, hash, shards, manifest, past }: Round, bytes: Buffer): boolean {
  if (wrong === null || hash || !bytes.equals(readFileSync(wrong.path))) return false;
  const { interleave, plan } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    interleave: boolean;
    plan: { partCount: number };
  };
  const shard = shardOf(wrong.index, plan.partCount, { shards, interleave });
  return past.receiptsLost || !past.sentRight.has(shard);
}
