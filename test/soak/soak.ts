/**
 * `npm run soak [-- --gib 64]`: one long upload of a sparse file by the built program, over a line with every fault that
 * can pass, at a low rate. What the program holds (memory, file descriptors) must be at the end what it was at the start.
 * The service is the emulator in a process of its own; it checks signatures and hashes of every byte, and then drops
 * them, so that the disk need not hold 64 GiB.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { cleanEnv, jsonLines, startCalve } from '../support/calve.js';
import { DEMO_ENV } from '../support/emulator-command.js';
import { startEmulatorProcess } from '../support/emulator-process.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { heldBetween, type Sample, watch } from './watch.js';

const MIB_BYTES = 1024 ** 2;
const GIB_BYTES = 1024 ** 3;
const WATCH_EVERY_MS = 250;

/** Each of these shares of all requests, in percent. Faults that end an upload for good are not among them. */
const FAULT_PERCENT = 0.25;
const FAULTS = ['unavailable', 'throttle', 'timeout', 'expired', 'reset', 'lost-answer', 'html', 'empty'];
const RARE_PERCENT = 0.05;
const RARE_FAULTS = ['wrong-hash', 'garbage', 'slow', 'hang'];

/** The start is what is held when the buffers are filled, the end is the last tenth. */
const START = [0.05, 0.15] as const;
const END = [0.9, 1] as const;
const GROWTH_MAX = 1.1;
const GROWTH_MAX_MIB = 16;
const DESCRIPTORS_MORE_MAX = 2;

function faultSpecs(seed: number): string[] {
  const often = FAULTS.map((kind, i) => `${kind}:${FAULT_PERCENT}%/${seed + i}`);
  return [...often, ...RARE_FAULTS.map((kind, i) => `${kind}:${RARE_PERCENT}%/${seed + 100 + i}`)];
}

/** Of so many MiB of zeros, by the definition of the tree: equal leaves have equal subtrees. */
function treeHashOfZeros(leaves: number, known = new Map<number, Buffer>()): Buffer {
  const sha256 = (...pieces: Buffer[]): Buffer =>
    pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest();
  const found = known.get(leaves);
  if (found !== undefined) return found;
  const left = 2 ** (Math.ceil(Math.log2(leaves)) - 1);
  const hash =
    leaves === 1
      ? sha256(Buffer.alloc(MIB_BYTES))
      : sha256(treeHashOfZeros(left, known), treeHashOfZeros(leaves - left, known));
  known.set(leaves, hash);
  return hash;
}

interface Progress {
  partsDone: number;
  retries: number;
}

/** Events of `--progress json`, counted. */
function follow(stderr: Readable): Progress {
  const progress = { partsDone: 0, retries: 0 };
  createInterface({ input: stderr }).on('line', (line) => {
    if (line.startsWith('{"type":"part"')) progress.partsDone += 1;
    if (line.startsWith('{"type":"retry"')) progress.retries += 1;
  });
  return progress;
}

function row(title: string, sample: Sample | null): string {
  if (sample === null) return `${title.padEnd(12)} (not seen)`;
  return `${title.padEnd(12)} ${sample.residentMiB.toFixed(0).padStart(5)} MiB  ${sample.descriptors} descriptors`;
}

/** @throws AssertionError where the end holds more than the start */
function assertSteady(who: string, samples: readonly Sample[]): void {
  console.log(`${who}:`);
  for (let tenth = 0; tenth < 10; tenth++)
    console.log(row(`  ${tenth * 10}%`, heldBetween(samples, tenth / 10, tenth / 10 + 0.1)));
  const [start, end] = [heldBetween(samples, ...START), heldBetween(samples, ...END)];
  assert.ok(start !== null && end !== null, 'too short to be watched: ask for more GiB');
  const most = start.residentMiB * GROWTH_MAX + GROWTH_MAX_MIB;
  assert.ok(
    end.residentMiB <= most,
    `${who}: ${end.residentMiB} MiB at the end, ${start.residentMiB} at the start`,
  );
  const mostDescriptors = start.descriptors + DESCRIPTORS_MORE_MAX;
  assert.ok(
    end.descriptors <= mostDescriptors,
    `${who}: ${end.descriptors} descriptors, ${start.descriptors} before`,
  );
}

async function soak(t: Cleanup, gib: number, seed: number): Promise<void> {
  const folder = tempFolder(t);
  const file = join(folder, 'sparse');
  const sizeBytes = gib * GIB_BYTES;
  const handle = openSync(file, 'w');
  ftruncateSync(handle, sizeBytes);
  closeSync(handle);
  mkdirSync(join(folder, 'home'));
  const emulator = await startEmulatorProcess(t, {
    dataDir: join(folder, 'vaults'),
    vaults: ['soak'],
    keepsBytes: false,
    faults: faultSpecs(seed),
  });
  const env = cleanEnv(join(folder, 'home'), {
    ...DEMO_ENV,
    AWS_ENDPOINT_URL_GLACIER: emulator.url,
    CALVE_RETRY_DELAY: '50ms',
    CALVE_READ_TIMEOUT: '10s',
  });
  const words = ['upload', file, 'glacier://soak', '--part-size=16M', '--json', '--progress=json'];
  const startedMs = performance.now();
  const { child, ended } = startCalve(words, { env, cwd: folder });
  t.after(() => child.kill('SIGKILL'));
  const progress = follow(child.stderr as Readable);
  const parts = sizeBytes / (16 * MIB_BYTES);
  const done = (): number => progress.partsDone / parts;
  const watched = watch(child.pid ?? 0, done, WATCH_EVERY_MS);
  const watchedService = watch(emulator.pid, done, WATCH_EVERY_MS);
  const { code, stdout, stderr } = await ended;
  watched.stop();
  watchedService.stop();
  const seconds = (performance.now() - startedMs) / 1000;
  assert.equal(code, 0, stderr.slice(-2000));
  const [archive] = jsonLines(stdout);
  assert.equal(archive?.['treeHash'], treeHashOfZeros(sizeBytes / MIB_BYTES).toString('hex'));
  assertSteady('calve', watched.samples);
  assertSteady('the emulator', watchedService.samples);
  const rate = Math.round(sizeBytes / MIB_BYTES / seconds);
  console.log(
    `seed ${seed}: ${gib} GiB in ${parts} parts, ${Math.round(seconds)} s (${rate} MiB/s), ${progress.retries} requests tried again, nothing grew`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { gib: { type: 'string', default: '64' }, seed: { type: 'string' } },
  });
  const [gib, seed] = [Number(values.gib), Number(values.seed ?? Date.now() % 1_000_000)];
  if (!Number.isInteger(gib) || gib < 1 || !Number.isInteger(seed))
    throw new Error('--gib and --seed take a number');
  console.log(`soak --gib ${gib} --seed ${seed}`);
  const cleanups: (() => unknown)[] = [];
  try {
    await soak({ after: (work) => void cleanups.unshift(work as () => unknown) }, gib, seed);
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
