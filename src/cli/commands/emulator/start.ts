import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransferError } from '../../../core/failures.js';
import { systemMessage } from '../../../core/system-errors.js';
import { FaultSpecError } from '../../../emulator/faults/fault-plan.js';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../../emulator/server.js';
import { isVaultName } from '../../../emulator/store/vaults.js';
import type { CommandContext } from '../../command.js';
import type { Given } from '../../options/given.js';
import type { Options } from './command.js';

/**
 * Starts a server as the options say.
 * @throws TransferError `usage` for an illegal vault or fault, and for a port that cannot be used; `state` for a folder
 */
export async function startWith(
  { options, given }: Pick<CommandContext<Options>, 'options' | 'given'>,
  dataDir: string,
): Promise<Emulator> {
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
    throw startFailure(error, dataDir, given);
  }
}

/** Returns the failure for a port or a folder that the system refuses. */
function startFailure(error: unknown, dataDir: string, given: Given): unknown {
  const { syscall, code, path } = error as NodeJS.ErrnoException;
  if (syscall === 'listen') {
    const why =
      code === 'EACCES'
        ? 'this user has no permission to listen on this port'
        : 'another program listens on this port';
    given.refuse('--port', why, 'without a port calve takes any free one, and prints it');
  }
  return path === undefined ? error : dataDirFailure(dataDir, error);
}

/** Makes the data folder of an emulator that keeps nothing. @throws TransferError `state` */
export async function makeTemporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'calve-emulator-'));
  } catch (error) {
    throw dataDirFailure(tmpdir(), error);
  }
}

/** Returns the failure for a data folder that cannot be used. */
function dataDirFailure(path: string, error: unknown): TransferError<'state'> {
  const detail = systemMessage(error);
  const facts = { path, why: 'not-writable', detail, option: '--data-dir' } as const;
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
