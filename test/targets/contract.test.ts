import { memoryTarget } from '../support/memory-target.js';
import { MemoryVault } from '../support/memory-vault.js';
import { targetContract } from './target-contract.js';

targetContract('a vault in memory', async () => {
  const nowhere = new MemoryVault('nowhere');
  nowhere.exists = false;
  return { target: memoryTarget().target, elsewhere: memoryTarget({ vault: nowhere }).target };
});
