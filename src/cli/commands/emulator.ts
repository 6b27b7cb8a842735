import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TransferError } from '../../core/failures.js';
import { FaultSpecError } from '../../emulator/faults/fault-plan.js';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator/server.js';
import { isVaultName } from '../../emulator/store/vaults.js';
import { listeningJson } from '../../ui/json.js';
import { SIGNATURE_MODES } from '../options.js';
import type { CommandContext } from '../run-command.js';

/** `calve emulator`: serves until SIGINT or SIGTERM, which end it with 0. */
export async function emulator(context: CommandContext): Promise<void> {
  const { io, options } = context;
  const given = options.read.named('dataDir', 'folder');
  const dataDir = given === null ? await mkdtemp(join(tmpdir(), 'calve-emulator-')) : resolve(io.cwd, given);
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

async function start(context: CommandContext, dataDir: string) {
  const port = context.options.read.count('port', 0, 65_535) ?? 0;
  try {
    return await startEmulator({ ...readEmulatorOptions(context), dataDir, port });
  } catch (error) {
    if (error instanceof FaultSpecError) context.options.read.refuse('fault', error.message);
    throw startFailure(error, dataDir, port);
  }
}

/** What the system refuses: the port, or the folder. */
function startFailure(error: unknown, dataDir: string, port: number): unknown {
  const { syscall, code, path, message } = error as NodeJS.ErrnoException;
  if (syscall === 'listen') {
    return new TransferError('usage', {
      what: `--port ${port}`,
      why: code === 'EACCES' ? 'this user may not listen there' : 'another program listens there',
      hint: 'leave it away: any free port is taken, and printed',
    });
  }
  if (path === undefined) return error;
  const facts = { path: dataDir, why: 'not-writable', detail: message } as const;
  return new TransferError('state', facts, { cause: error });
}

function readEmulatorOptions(context: CommandContext): Omit<EmulatorOptions, 'dataDir'> {
  const { read } = context.options;
  const accessKeyId = read.text('accessKeyId');
  const secretAccessKey = read.text('secretAccessKey');
  if ((accessKeyId === null) !== (secretAccessKey === null)) {
    // The missing one is named: the other's value would be printed, and may be a secret.
    read.refuse(accessKeyId === null ? 'accessKeyId' : 'secretAccessKey', 'a key has two halves: give both');
  }
  const vaults = read.texts('vault');
  const illegal = vaults.find((name) => !isVaultName(name));
  if (illegal !== undefined) {
    read.refuse('vault', `"${illegal}" is no vault's name: 1 to 255 of a-z, A-Z, 0-9, _, - and .`);
  }
  return {
    vaults,
    faults: read.texts('fault'),
    signature: read.choice('signature', SIGNATURE_MODES) ?? 'verify',
    bandwidthBytesPerSecond: read.sizeBytes('bandwidth'),
    ...(accessKeyId === null || secretAccessKey === null ? {} : { accessKeyId, secretAccessKey }),
    ...optional('uploadTtlMs', read.durationMs('uploadTtl')),
    ...optional('signatureWindowMs', read.durationMs('signatureWindow')),
    ...optional('latencyMs', read.durationMs('latency')),
  };
}

function optional<K extends string>(key: K, value: number | null): { [P in K]?: number } {
  return value === null ? {} : ({ [key]: value } as { [P in K]?: number });
}

async function announce(context: CommandContext, server: Emulator): Promise<void> {
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
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
