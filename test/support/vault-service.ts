/** An emulator in the test's own process, with a front before it, for one test or for all tests of a `describe`. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { GlacierClient } from '@aws-sdk/client-glacier';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.js';
import { type FrontHooks, startFront } from './front.js';
import { shared } from './shared.js';
import { type Cleanup, tempFolder } from './temp.js';
import { openVaultHome, REGION, type VaultHome, type VaultService, vaultOf } from './vault-home.js';

type Options = Omit<EmulatorOptions, 'dataDir'>;

export async function startVaultService(t: Cleanup, options: Options = {}): Promise<VaultService> {
  const hooks = new Map<string, FrontHooks>();
  const dataDir = join(tempFolder(t), 'vaults');
  const emulator = await startEmulator({ dataDir, ...options });
  t.after(() => emulator.close());
  const front = await startFront(t, emulator.url, {
    before: (passing) => hooks.get(vaultOf(passing))?.before?.(passing) ?? 'pass',
    after: (passing, status, headers) =>
      hooks.get(vaultOf(passing))?.after?.(passing, status, headers) ?? 'pass',
  });
  const { accessKeyId, secretAccessKey, url } = emulator;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new GlacierClient({ region: REGION, endpoint: url, credentials });
  t.after(() => client.destroy());
  return { emulator, front, client, dataDir, hooks };
}

/** Opens a home with a vault on an emulator of this test's own. */
export async function openVault(t: TestContext, options: Options = {}): Promise<VaultHome> {
  return openVaultHome(t, await startVaultService(t, options), VAULT);
}

export const VAULT = 'photos';
export const TARGET = `glacier://${VAULT}`;

export interface SharedVaults {
  readonly emulator: Emulator;
  /** Every home's endpoint: the front. */
  readonly url: string;
  /** Opens a home with a vault of its own, so that no test sees another's uploads. */
  home(t: TestContext): Promise<VaultHome>;
}

/** Starts one emulator for all tests of the `describe` that calls this. */
export function sharedVaults(options: Options = {}): SharedVaults {
  const service = shared((t) => startVaultService(t, options));
  let homes = 0;
  return {
    get emulator() {
      return service().emulator;
    },
    get url() {
      return service().front.url;
    },
    async home(t) {
      homes += 1;
      return openVaultHome(t, service(), `vault-${homes}`);
    },
  };
}
