/** argv in, exit number out. */
import process from 'node:process';
import { run } from './run.js';

/** Runs the words on the command line. */
export async function main(version: string): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), version);
}
