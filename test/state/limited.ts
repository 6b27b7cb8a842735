/**
 * A process whose files may not grow beyond a limit. It records parts until the system has refused two of
 * them, and prints both failures. argv: state folder.
 */
import process from 'node:process';
import { isFailure } from '../../src/core/failures.js';
import { openStateStore } from '../../src/state/state-store.js';
import { hashOf, sampleHead } from './samples.js';

const store = openStateStore(process.argv[2] ?? '');
const plan = { sizeBytes: 1_000 * 1_048_576, partSizeBytes: 1_048_576, partCount: 1_000 };
const journal = await store.create(sampleHead({ plan }));
const refusals: unknown[] = [];
for (let index = 0; index < 40 && refusals.length < 2; index++) {
  await journal.recordPart(index, { treeHash: hashOf(index), linearHash: hashOf(index) }).catch((error) => {
    refusals.push(isFailure(error, 'state') ? error.facts : String(error));
  });
}
await journal.close();
console.log(JSON.stringify(refusals));
