/** Signals become one AbortSignal. State needs no farewell: it is as good after SIGKILL. */

import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { TransferError } from '../core/failures.js';
import { exitCodeOf } from './exit-codes.js';

/** A stop that is not through by then is ended: a request that hangs must not keep a shutdown waiting. */
const STOP_WITHIN_MS = 1800;

/** The first SIGHUP, SIGINT or SIGTERM aborts; the second ends the process at once. */
export function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const stopped = new TransferError('stopped', { signal });
      const code = exitCodeOf(stopped);
      if (controller.signal.aborted) process.exit(code);
      controller.abort(stopped);
      setTimeout(() => process.exit(code), STOP_WITHIN_MS).unref();
    });
  }
  return controller.signal;
}
