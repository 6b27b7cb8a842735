import { startEmulator } from '../../src/emulator/server.js';
import { GLACIER_CAPABILITIES } from '../../src/targets/glacier/capabilities.js';
import { glacierTarget } from '../../src/targets/glacier/target.js';
import { memoryTarget } from '../support/memory-target.js';
import { MemoryVault } from '../support/memory-vault.js';
import { tempFolder } from '../support/temp.js';
import { targetContract, VAULT_KIND } from './target-contract.js';

targetContract('a vault in memory', VAULT_KIND, async () => {
  const nowhere = new MemoryVault('nowhere');
  nowhere.exists = false;
  return { target: memoryTarget().target, absent: memoryTarget({ vault: nowhere }).target };
});

targetContract('the glacier target and the emulator', VAULT_KIND, async (t) => {
  const emulator = await startEmulator({ dataDir: tempFolder(t), vaults: ['photos'] });
  t.after(() => emulator.close());
  const open = (vault: string) =>
    glacierTarget({
      vault,
      url: `glacier://${vault}`,
      region: 'us-east-1',
      endpoint: emulator.url,
      endpointForState: emulator.url,
      accountId: '-',
      credentials: { accessKeyId: emulator.accessKeyId, secretAccessKey: emulator.secretAccessKey },
      profile: null,
      capabilities: GLACIER_CAPABILITIES,
      mayCreateVault: false,
      connectTimeoutMs: 20_000,
      readTimeoutMs: 5_000,
      concurrency: 4,
      threads: 1,
      proxies: () => null,
      trust: { verify: true, authorities: null },
      env: {},
    });
  return { target: open('photos'), absent: open('nowhere') };
});
