/** Real uploads by several senders, each with a capped line, against the emulator in a process of its own. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatSizeOption } from '../../src/core/units.js';
import { writeSeededFile } from '../support/bytes.js';
import type { Ended } from '../support/calve.js';
import { openCommandHome } from '../support/emulator-command.js';
import type { Home } from '../support/home.js';
import type { Cleanup } from '../support/temp.js';

export interface Load {
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
  /** The line of each sender, in bytes per second. */
  readonly bytesPerSecond: number;
  readonly concurrency: number;
}

export interface Timed {
  readonly senders: number;
  /** From the start of all senders to the end of the last one. */
  readonly sendSeconds: number;
  /** The same once more, when the service holds all parts: what starting and listing costs. */
  readonly startSeconds: number;
  readonly finishSeconds: number;
}

const VAULT = 'glacier://fleet';

function assertDone(ends: readonly Ended[]): void {
  for (const { code, stderr } of ends) if (code !== 0) throw new Error(`calve ended with ${code}: ${stderr}`);
}

async function seconds(work: () => Promise<readonly Ended[]>): Promise<number> {
  const startedMs = performance.now();
  assertDone(await work());
  return (performance.now() - startedMs) / 1000;
}

async function timeOne(home: Home, file: string, senders: number, load: Load): Promise<Timed> {
  const manifest = join(home.folder, `${senders}.json`);
  const create = ['fleet', 'create', file, VAULT, '--shards', String(senders), '--manifest', manifest];
  assertDone([await home.run([...create, '--part-size', formatSizeOption(load.partSizeBytes)])]);
  const lane = [
    '--limit-rate',
    formatSizeOption(load.bytesPerSecond),
    '--concurrency',
    String(load.concurrency),
  ];
  const send = (): Promise<Ended[]> =>
    Promise.all(
      Array.from({ length: senders }, (_, shard) =>
        home.run(['fleet', 'send', manifest, '--shard', String(shard), '--quiet', ...lane]),
      ),
    );
  return {
    senders,
    sendSeconds: await seconds(send),
    startSeconds: await seconds(send),
    finishSeconds: await seconds(async () => [await home.run(['fleet', 'finish', manifest])]),
  };
}

/** Sends one file again and again, each time by another number of senders. */
export async function timeSenders(counts: readonly number[], load: Load): Promise<Timed[]> {
  const cleanups: (() => unknown)[] = [];
  const t: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
  try {
    const home = await openCommandHome(t, ['--vault', 'fleet']);
    const file = join(home.folder, 'image');
    writeSeededFile(file, load.sizeBytes, 1);
    const timed: Timed[] = [];
    for (const senders of counts) timed.push(await timeOne(home, file, senders, load));
    rmSync(file);
    return timed;
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}
