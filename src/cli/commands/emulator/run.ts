import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onAbort } from '../../../core/abort-signals.js';
import { TransferError } from '../../../core/failures.js';
import { FaultSpecError } from '../../../emulator/faults/fault-plan.js';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../../emulator/server.js';
import { isVaultName } from '../../../emulator/store/vaults.js';
import { listeningJson } from '../../../ui/json.js';
import type { CommandContext } from '../../command.js';
import { wholeName } from '../../options/state.js';
import type { Options } from './command.js';

/** `calve emulator` serves until SIGINT or SIGTERM, which end it with 0. */
export async function emulator(context: CommandContext<Options>): Promise<void> {
  const { io, options } = context;
  const given = options.own.dataDir;
  const dataDir =
    given === null ? await mkdtemp(join(tmpdir(), 'calve-emulator-')) : wholeName(io.absolute(given));
  try {
    const server = await start(context, dataDir);
    try {
      await announce(context, server);
      await untilStopped(io.signal);
    } finally {
      await server.close();
    }
  } finally {
    if (given === null) await rm(dataDir, { recursive: true, force: true });
  }
}

async function start({ options, given }: CommandContext<Options>, dataDir: string): Promise<Emulator> {
  const { port, vaults } = options.own;
  const illegal = vaults.find((name) => !isVaultName(name));
  if (illegal !== undefined) {
    const rule = 'a name is 1 to 255 of the characters a-z, A-Z, 0-9, _, - and .';
    given.refuse('--vault', `"${illegal}" is not a vault name: ${rule}`);
  }
  try {
    return await startEmulator({ ...emulatorOptions(options.own), dataDir, port });
  } catch (error) {
    if (error instanceof FaultSpecError) given.refuse('--fault', error.message);
    throw startFailure(error, dataDir, port);
  }
}

/** Returns the failure for a port or a folder that the system refuses. */
function startFailure(error: unknown, dataDir: string, port: number): unknown {
  const { syscall, code, path, message } = error as NodeJS.ErrnoException;
  if (syscall === 'listen') {
    return new TransferError('usage', {
      what: `--port ${port}`,
      why:
        code === 'EACCES'
          ? 'this user has no permission to listen on this port'
          : 'another program listens on this port',
      hint: 'without --port calve takes any free port, and prints it',
    });
  }
  if (path === undefined) return error;
  const facts = { path: dataDir, why: 'not-writable', detail: message } as const;
  return new TransferError('state', facts, { cause: error });
}

function emulatorOptions(own: Options['own']): Omit<EmulatorOptions, 'dataDir'> {
  const { vaults, faults, signature, bandwidth, accessKeyId, secretAccessKey } = own;
  return {
    vaults,
    faults,
    signature,
    bandwidthBytesPerSecond: bandwidth,
    ...(accessKeyId === null || secretAccessKey === null ? {} : { accessKeyId, secretAccessKey }),
    ...optional('uploadTtlMs', own.uploadTtlMs),
    ...optional('signatureWindowMs', own.signatureWindowMs),
    ...optional('latencyMs', own.latencyMs),
  };
}

function optional<K extends string>(key: K, value: number | null): { [P in K]?: number } {
  return value === null ? {} : ({ [key]: value } as { [P in K]?: number });
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

function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else onAbort(signal, resolve);
  });
}
