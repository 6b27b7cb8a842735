import { rm } from 'node:fs/promises';
import { onAbort } from '../../../core/abort-signals.js';
import type { Emulator } from '../../../emulator/server.js';
import { listeningJson } from '../../../ui/json.js';
import type { CommandContext } from '../../command.js';
import type { Io } from '../../io.js';
import { wholeName } from '../../options/state.js';
import type { Options } from './command.js';
import { makeTemporaryFolder, startWith } from './start.js';

/** `calve emulator` serves until SIGINT or SIGTERM, or the end of standard input if it is asked to: each ends it with 0. */
export async function emulator(context: CommandContext<Options>): Promise<void> {
  const { io, options } = context;
  const given = options.own.dataDir;
  const dataDir = given === null ? await makeTemporaryFolder() : wholeName(io.absolute(given));
  try {
    const server = await startWith(context, dataDir);
    try {
      await announce(context, server);
      await untilStopped(io, options.own.stopOnEof);
    } finally {
      await server.close();
    }
  } finally {
    if (given === null) await rm(dataDir, { recursive: true, force: true });
  }
}

async function announce(context: CommandContext<Options>, server: Emulator): Promise<void> {
  const { url, accessKeyId, secretAccessKey } = server;
  const lines = [
    `listening on ${url}`,
    `access key id: ${accessKeyId}`,
    `secret access key: ${secretAccessKey}`,
  ];
  await context.result(listeningJson(url, accessKeyId), lines.join('\n'));
}

/** @param stopsOnEof the end of standard input counts too: a test that is killed leaves no server behind */
function untilStopped({ signal, stdin }: Pick<Io, 'signal' | 'stdin'>, stopsOnEof: boolean): Promise<void> {
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else onAbort(signal, resolve);
    if (!stopsOnEof) return;
    for (const event of ['end', 'close', 'error']) stdin.once(event, () => resolve());
    stdin.resume();
  }).finally(() => {
    // A pipe that is read would keep the process alive.
    if (stopsOnEof) stdin.destroy();
  });
}
