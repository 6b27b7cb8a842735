/** `calve emulator` as a user starts it: a process of its own, known by its first line. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Ended, type Spawned, startCalve } from './calve.js';
import { type Home, openHome } from './home.js';
import type { Cleanup } from './temp.js';

export interface EmulatorCommand {
  readonly firstLine: string;
  /** The environment that a client needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Sends the signal, and waits until it is gone. */
  stop(signal: NodeJS.Signals): Promise<Ended>;
}

/** Public on purpose: the emulator prints them. */
export const DEMO_ENV = {
  AWS_ACCESS_KEY_ID: 'AKIDCALVEDEMOEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'calve/demo/secret/that/opens/nothing/key',
  AWS_REGION: 'eu-west-1',
};

/** It listens when this resolves. @throws Error when it ends before that */
export async function startEmulatorCommand(
  t: Cleanup,
  words: readonly string[],
  spawned: Spawned,
): Promise<EmulatorCommand> {
  // A test that is killed closes the pipe, which ends the emulator.
  const { child, ended } = startCalve(['emulator', ...words, '--stop-on-eof'], { ...spawned, input: null });
  const stop = (signal: NodeJS.Signals): Promise<Ended> => {
    child.kill(signal);
    return ended;
  };
  t.after(() => stop('SIGKILL'));
  const lines = createInterface({ input: child.stdout as Readable });
  const first = once(lines, 'line').then(([line]) => String(line));
  const firstLine = await Promise.race([
    first,
    ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(firstLine)?.[0] ?? '';
  return { firstLine, env: { ...DEMO_ENV, AWS_ENDPOINT_URL_GLACIER: url }, stop };
}

/** Opens a home whose program sends to an emulator that is a process of its own. */
export async function openCommandHome(t: Cleanup, words: readonly string[]): Promise<Home> {
  const home = openHome(t);
  const { env } = await startEmulatorCommand(t, words, { env: home.env, cwd: home.folder });
  Object.assign(home.env, env);
  return home;
}
