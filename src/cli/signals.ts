/** Signals become one AbortSignal. State needs no farewell: it is as good after SIGKILL. */

import { setMaxListeners } from 'node:events';
import { writeSync } from 'node:fs';
import process from 'node:process';
import { TransferError } from '../core/failures.js';
import { exitCodeOf } from './exit-codes.js';
import type { Farewell } from './io.js';

/** A stop that is not through by then is ended: a request that hangs must not keep a shutdown waiting. */
const STOP_WITHIN_MS = 1800;

/** The first SIGHUP, SIGINT or SIGTERM aborts; the second ends the process at once. */
export function stopOnSignals(farewell: Farewell): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const stopped = new TransferError('stopped', { signal });
      const code = exitCodeOf(stopped);
      const force = (): never => {
        sayGoodbye(farewell.words?.(stopped) ?? '');
        process.exit(code);
      };
      if (controller.signal.aborted) force();
      controller.abort(stopped);
      setTimeout(force, STOP_WITHIN_MS).unref();
    });
  }
  return controller.signal;
}

/** Written at once: nothing that is queued is written any more. */
function sayGoodbye(words: string): void {
  try {
    writeSync(process.stderr.fd, words);
  } catch {
    // A full pipe or none at all: the state is kept all the same.
  }
}
