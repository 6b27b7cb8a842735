/**
 * A process that takes one lock again and again, and shouts when another is inside with it.
 * argv: state folder, how many times, file that is there while somebody is inside.
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
  closeSync(openSync(inside, 'wx')); // Throws if it is there: two are inside.
  await setImmediate();
  await lock.assertHeld();
  unlinkSync(inside);
  await close();
}
