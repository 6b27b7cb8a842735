/** The built program, run as a user runs it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { checkPrintedJson, prepareJsonCheck } from './json-schema.js';

export const CALVE_BIN = join(import.meta.dirname, '../../../bin/calve.js');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** An environment in which nothing of the machine's own settings can leak: home, XDG folders and state are `home`. */
export function cleanEnv(home: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    // The files of a killed emulator are removed with the test's own folder.
    TMPDIR: home,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...more,
  };
}

export interface Spawned {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A number is a descriptor that the program gets as standard input. Null: a pipe that stays open as long as the test. */
  readonly input?: string | Buffer | number | null;
  /** The user and the group that run the program; only the superuser may choose them. */
  readonly uid?: number;
  /** The program that runs it; the Node of the tests, if absent. */
  readonly node?: string;
}

export function startCalve(words: readonly string[], options: Spawned): Running {
  const { env, cwd, input, uid, node = process.execPath } = options;
  const child = spawn(node, [CALVE_BIN, ...words], {
    env,
    stdio: [typeof input === 'number' ? input : input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid, gid: uid }),
  });
  prepareJsonCheck(words, env);
  // A program that ends early does not read all of its input.
  child.stdin?.on('error', () => undefined);
  if (typeof input !== 'number' && input !== null) child.stdin?.end(input);
  return { child, ended: endOf(child).then((end) => withValidJson(words, env, end)) };
}

/** Waits until a program that was just started has ended. @returns all that it printed, and how it ended */
export function endOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
}

/** Every line of JSON that any test makes the program print is compared with the schema. */
function withValidJson(words: readonly string[], env: Spawned['env'], ended: Ended): Ended {
  checkPrintedJson({ words, env, ...ended });
  return ended;
}

export function runCalve(words: readonly string[], options: Spawned): Promise<Ended> {
  return startCalve(words, options).ended;
}

/** The objects of a --json run, one a line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Returns the one object that a run printed. */
export function onlyObject({ stdout, stderr }: Ended): Record<string, unknown> {
  const [object, ...others] = jsonLines(stdout);
  assert.ok(object !== undefined && others.length === 0, `${stdout}${stderr}`);
  return object;
}
