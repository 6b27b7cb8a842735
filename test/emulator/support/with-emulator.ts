import type { TestContext } from 'node:test';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../../src/emulator/server.js';
import { tempFolder } from '../../support/temp.js';
import { type VaultClient, vaultClient } from './vault-client.js';

/** Starts an emulator with the vault `v`, and closes it when the test ends. */
export async function withEmulator(
  t: TestContext,
  options: Partial<EmulatorOptions> = {},
): Promise<{ emulator: Emulator; client: VaultClient; dataDir: string }> {
  const dataDir = options.dataDir ?? tempFolder(t);
  const emulator = await startEmulator({ vaults: ['v'], ...options, dataDir });
  t.after(() => emulator.close());
  return { emulator, client: vaultClient(emulator.url, 'v'), dataDir };
}
