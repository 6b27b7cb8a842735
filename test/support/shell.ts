/** Lines as they are pasted into a shell, in which `calve` is the built program. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CALVE_BIN, type Ended, endOf } from './calve.js';

/** Makes a `bin/calve` in `folder`. @returns the environment, in which PATH leads to it */
export function withCalveOnPath(
  folder: string,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${CALVE_BIN}' "$@"\n`;
  writeFileSync(join(bin, 'calve'), shim, { mode: 0o755 });
  return { ...env, PATH: `${bin}:${env['PATH']}` };
}

/** Runs a line with `sh -c` in `folder`, where a `bin/calve` is made that PATH leads to. */
export function pasteIntoShell(
  line: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn('sh', ['-c', line], {
    cwd: folder,
    env: withCalveOnPath(folder, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return endOf(child);
}
