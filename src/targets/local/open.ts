/**
 * `local://VAULT`: the vault emulator, started inside this process on loopback. The glacier target talks to it as to the
 * service. It needs only the emulator's own credentials, uploads do not expire, and `upload` creates the vault.
 */
import { chmod, realpath } from 'node:fs/promises';
import { cleanUp } from '../../core/clean-up.js';
import { TransferError } from '../../core/failures.js';
import { systemMessage } from '../../core/system-errors.js';
import { type Emulator, startEmulator } from '../../emulator/server.js';
import { makeFolders } from '../../emulator/store/files.js';
import { delegate } from '../../transfer/decorators/delegate.js';
import type { Target } from '../../transfer/ports/target.js';
import { glacierTarget } from '../glacier/target.js';
import type { OpenedTarget, TargetSettings } from '../settings.js';
import { LOCAL_CAPABILITIES, LOCAL_ENDPOINT } from './capabilities.js';

export async function openLocal(settings: TargetSettings): Promise<OpenedTarget> {
  const { url } = settings;
  const dataDir = await prepareFolder(settings.localDir);
  const emulator = await startInside(dataDir);
  const target = glacierTarget({
    vault: url.container,
    url: url.url,
    region: LOCAL_ENDPOINT.region,
    endpoint: emulator.url,
    endpointForState: dataDir,
    accountId: '-',
    credentials: { accessKeyId: emulator.accessKeyId, secretAccessKey: emulator.secretAccessKey },
    profile: null,
    capabilities: LOCAL_CAPABILITIES,
    mayCreateVault: true,
    connectTimeoutMs: settings.connectTimeoutMs,
    readTimeoutMs: settings.readTimeoutMs,
    concurrency: settings.concurrency,
    threads: settings.threads,
    // The connections are to this process itself: without a proxy, and without TLS.
    proxies: () => null,
    trust: { verify: true, authorities: null },
    env: {},
  });
  return {
    target: closingEmulator(target, emulator),
    connection: { accountId: '-', profile: null, pathStyle: false },
  };
}

function closingEmulator(target: Target, emulator: Emulator): Target {
  return delegate(target, (inner) => ({
    close: () =>
      cleanUp(
        () => inner.close(),
        () => emulator.close(),
      ),
  }));
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
    // Only errors of the file system name a path.
    throw (error as NodeJS.ErrnoException).path === undefined ? error : notWritable(dataDir, error);
  }
}

function notWritable(path: string, error: unknown): TransferError<'state'> {
  const detail = systemMessage(error);
  return new TransferError('state', { path, why: 'not-writable', detail }, { cause: error });
}
