/**
 * A long upload of a sparse file by the built program, over a line with every fault that can pass, at a low rate. The
 * service is the emulator in a process of its own; it checks signatures and hashes of every byte, and then drops them,
 * so that the disk need not hold them.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { cleanEnv, jsonLines, startCalve } from '../support/calve.js';
import { DEMO_ENV } from '../support/emulator-command.js';
import { startEmulatorProcess } from '../support/emulator-process.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { type Sample, watch } from './watch.js';

const MIB_BYTES = 1024 ** 2;
const WATCH_EVERY_MS = 250;

/** Each of these shares of all requests, in percent. Faults that end an upload for good are not among them. */
const FAULT_PERCENT = 0.25;
const FAULTS = ['unavailable', 'throttle', 'timeout', 'expired', 'reset', 'lost-answer', 'html', 'empty'];
const RARE_PERCENT = 0.05;
const RARE_FAULTS = ['wrong-hash', 'garbage', 'slow', 'hang'];

function faultSpecs(seed: number): string[] {
  const often = FAULTS.map((kind, i) => `${kind}:${FAULT_PERCENT}%/${seed + i}`);
  return [...often, ...RARE_FAULTS.map((kind, i) => `${kind}:${RARE_PERCENT}%/${seed + 100 + i}`)];
}

/** Returns the tree hash of so many MiB of zeros, by its definition: equal leaves have equal subtrees. */
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

export interface LongUpload {
  readonly calve: readonly Sample[];
  readonly service: readonly Sample[];
  readonly parts: number;
  readonly seconds: number;
  readonly retries: number;
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

/** Sends so many bytes of nothing. @throws AssertionError unless it becomes the archive that it should be */
export async function sendLong(t: Cleanup, sizeBytes: number, seed: number): Promise<LongUpload> {
  const folder = tempFolder(t);
  const file = join(folder, 'sparse');
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
  return {
    calve: watched.samples,
    service: watchedService.samples,
    parts,
    seconds,
    retries: progress.retries,
  };
}
