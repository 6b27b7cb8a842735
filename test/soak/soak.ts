/**
 * `npm run soak [-- --gib 64] [--seed N]`: one long upload; what the program holds (memory, file descriptors) must be at
 * the end what it was at the start.
 */
import assert from 'node:assert/strict';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { sendLong } from './long-upload.js';
import { heldBetween, type Sample } from './watch.js';

const GIB_BYTES = 1024 ** 3;

/** The start is what is held when the buffers are filled, the end is the last tenth. */
const START = [0.05, 0.15] as const;
const END = [0.9, 1] as const;
const GROWTH_MAX = 1.1;
const GROWTH_MAX_MIB = 16;
const DESCRIPTORS_MORE_MAX = 2;

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
    const t = { after: (work: unknown) => void cleanups.unshift(work as () => unknown) };
    const { calve, service, parts, seconds, retries } = await sendLong(t, gib * GIB_BYTES, seed);
    assertSteady('calve', calve);
    assertSteady('the emulator', service);
    const rate = Math.round((gib * 1024) / seconds);
    const took = `${Math.round(seconds)} s (${rate} MiB/s)`;
    console.log(
      `seed ${seed}: ${gib} GiB in ${parts} parts, ${took}, ${retries} requests tried again, nothing grew`,
    );
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
