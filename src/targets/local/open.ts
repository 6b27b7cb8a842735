/**
 * `local://VAULT`: the vault emulator, started inside this process on loopback; the glacier target speaks to it as
 * to the service. No credentials but the emulator's own, no expiry, and `upload` makes the vault.
 */
import { chmod, realpath } from 'node:fs/promises';
import { TransferError } from '../../core/failures.js';
import { type Emulator, startEmulator } from '../../emulator/server.js';
import { makeFolders } from '../../emulator/store/files.js';
import type { Target } from '../../transfer/ports.js';
import { lineOptions } from '../aws/connector.js';
import { glacierTarget } from '../glacier/target.js';
import type { OpenedTarget, TargetSettings } from '../settings.js';

const LOCAL_REGION = 'us-east-1';

export async function openLocal(settings: TargetSettings): Promise<OpenedTarget> {
  const { url } = settings;
  const dataDir = await prepareFolder(settings.localDir);
  const emulator = await startInside(dataDir);
  const target = glacierTarget({
    vault: url.container,
    url: url.url,
    region: LOCAL_REGION,
    endpoint: emulator.url,
    endpointForState: dataDir,
    accountId: '-',
    credentials: { accessKeyId: emulator.accessKeyId, secretAccessKey: emulator.secretAccessKey },
    profile: null,
    idleExpiryMs: null,
    mayCreateVault: true,
    // No proxy leads to this machine.
    ...lineOptions({ ...settings, env: {} }),
  });
  const recipe = {
    url: url.url,
    region: null,
    endpoint: null,
    accountId: '-',
    profile: null,
    localDir: dataDir,
  };
  return { target: endingWith(target, () => emulator.close()), recipe };
}

function endingWith(target: Target, closeEmulator: () => Promise<void>): Target {
  return {
    ...target,
    close: async () => {
      await target.close();
      await closeEmulator();
    },
  };
}

async function prepareFolder(localDir: string): Promise<string> {
  try {
    if (await makeFolders(localDir, 0o700)) await chmod(localDir, 0o700);
    return await realpath(localDir);
  } catch (error) {
    throw notWritable(localDir, error);
  }
}

async function startInside(dataDir: string): Promise<Emulator> {
  try {
    return await startEmulator({ dataDir, uploadTtlMs: null });
  } catch (error) {
    // Errors of the file system, and no others, name a path.
    throw (error as NodeJS.ErrnoException).path === undefined ? error : notWritable(dataDir, error);
  }
}

function notWritable(path: string, error: unknown): TransferError<'state'> {
  const detail = error instanceof Error ? error.message : String(error);
  return new TransferError('state', { path, why: 'not-writable', detail }, { cause: error });
}
