/**
 * A process that takes one lock again and again, and fails when another process holds it at the same time.
 * argv: state folder, number of times, file that exists while a process holds the lock.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { openStateStore } from '../../src/state/state-store.js';

const [folder = '', times = '0', inside = ''] = process.argv.slice(2);
const store = openStateStore(folder);
for (let i = 0; i < Number(times); i++) {
  const { lock, close } = await store.openUpload('contended', {
    waitMs: 60_000,
    signal: new AbortController().signal,
  });
  closeSync(openSync(inside, 'wx')); // Throws if it exists: two processes hold the lock.
  await setImmediate();
  await lock.assertHeld();
  unlinkSync(inside);
  await close();
}
