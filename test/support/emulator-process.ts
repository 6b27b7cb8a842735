/** An emulator in a process of its own, to be killed, measured, or run beside another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import type { EmulatorOptions } from '../../src/emulator/server.js';
import type { Cleanup } from './temp.js';

export interface EmulatorProcess {
  readonly url: string;
  readonly pid: number;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
}

const SERVER = pathToFileURL(join(import.meta.dirname, '../../src/emulator/server.js')).href;
/** Ends with its parent too: its standard input closes. */
const SCRIPT = `
import { startEmulator } from ${JSON.stringify(SERVER)};
const emulator = await startEmulator(JSON.parse(process.argv[1]));
process.stdout.write(emulator.url + '\\n');
process.stdin.resume().on('close', () => process.exit());
`;

/** Starts one; it listens when this resolves, and is killed when the test ends. */
export async function startEmulatorProcess(t: Cleanup, options: EmulatorOptions): Promise<EmulatorProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const kill = () => killHard(child);
  t.after(kill);
  const url = await firstLine(child);
  return { url, pid: child.pid ?? 0, kill };
}

async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const piece of child.stdout ?? []) {
    text += String(piece);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error('the emulator ended before it listened');
}
