/** Runs the words on the command line and sets the exit number. */
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import type { ExitCode } from './exit-codes.js';
import { run } from './run.js';

/** A shorter run ends before its heap grows, and would only start more slowly. */
const LONG_RUN_MS = 2000;

/** The number of a bug in calve, until the run has its own number. */
const EXIT_UNFINISHED: ExitCode = 1;

/**
 * Runs the command line.
 * @param version the version that `--version` prints
 */
export async function main(version: string): Promise<void> {
  // Without it the heap of a long upload grows by 30 MiB of garbage that V8 does not look at (docs/benchmarks.md).
  setTimeout(setFlagsFromString, LONG_RUN_MS, '--optimize-for-size').unref();
  // Nobody must take a run for a success that ended before its work was done.
  process.exitCode = EXIT_UNFINISHED;
  process.exitCode = await run(process.argv.slice(2), version);
}
