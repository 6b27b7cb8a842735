/** A calve on a terminal of its own, by util-linux's `script`. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import process from 'node:process';
import { shellLine } from '../../src/core/shell-quote.js';
import { CALVE_BIN, type Spawned } from './calve.js';
import type { Cleanup } from './temp.js';

/** Opens a terminal that nobody looks at. @returns its descriptor, which a program can get as standard input */
export function openTerminal(t: Cleanup): number {
  const descriptor = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  t.after(() => closeSync(descriptor));
  return descriptor;
}

/** @returns why there can be no terminal here, or false */
export function missingTerminal(): string | false {
  const { status } = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' });
  return status === 0 ? false : "util-linux's script does not run here";
}

export interface TerminalEnded {
  readonly code: number | null;
  /** stdout and stderr as the terminal had them, its line ends made plain. */
  readonly shown: string;
  /** The parts of it before and after the window was made narrower. */
  readonly before: string;
  readonly after: string;
}

export interface TerminalOptions {
  /** `typed` is typed as soon as `asked` is shown. */
  readonly typing?: { readonly asked: RegExp; readonly typed: string } | null;
  /** 0: a terminal that does not say. */
  readonly columns?: number;
  /** Makes the window narrower as soon as `when` is shown. */
  readonly narrowing?: { readonly when: RegExp; readonly columns: number } | null;
}

/** Runs it to its end. */
export function runOnTerminal(
  words: readonly string[],
  spawned: Spawned,
  { typing = null, columns = 80, narrowing = null }: TerminalOptions = {},
): Promise<TerminalEnded> {
  // A terminal of `script` has no size until it is given one.
  const size = columns === 0 ? '' : `stty columns ${columns} rows 24; `;
  const name = narrowing === null ? '' : 'tty; ';
  const line = `${size}${name}exec ${shellLine([process.execPath, CALVE_BIN, ...words])}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: { ...spawned.env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(spawned.cwd === undefined ? {} : { cwd: spawned.cwd }),
  });
  let shown = '';
  let isTyped = false;
  let narrowedAt = 0;
  const narrow = (): void => {
    if (narrowing === null || narrowedAt > 0 || !narrowing.when.test(shown)) return;
    narrowedAt = shown.length;
    const path = /^(\/dev\/\S+)\r?\n/.exec(shown)?.[1] ?? '';
    spawnSync('stty', ['-F', path, 'columns', String(narrowing.columns)]);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    narrow();
    if (typing === null || isTyped || !typing.asked.test(shown)) return;
    isTyped = true;
    child.stdin.write(typing.typed);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const before = shown.slice(0, narrowedAt).replaceAll('\r\n', '\n');
      const after = shown.slice(narrowedAt).replaceAll('\r\n', '\n');
      resolve({ code, shown: before + after, before, after });
    });
  });
}
