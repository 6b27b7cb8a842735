/** Signals become one AbortSignal. State needs no exitMessage: it is as good after SIGKILL. */

import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { TransferError } from '../core/failures.js';
import { exitCodeOf } from './exit-codes.js';
import type { ExitMessage } from './io.js';
import { type Output, writeNow } from './output.js';

/** A stop that is not through by then is ended: a request that hangs must not keep a shutdown waiting. */
const STOP_WITHIN_MS = 1800;

/** The first SIGHUP, SIGINT or SIGTERM aborts; the second ends the process at once. */
export function stopOnSignals(exitMessage: ExitMessage, stdout: Output): AbortSignal {
  // Node would open a port for a debugger. Batch systems send this one to say that time is nearly up.
  process.on('SIGUSR1', () => undefined);
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const stopped = new TransferError('stopped', { signal });
      const code = exitCodeOf(stopped);
      const force = (): never => {
        const words = exitMessage.words?.(stopped);
        if (words !== undefined) writeNow(process.stderr, words.stderr);
        if (typeof words?.stdout === 'string') stdout.lastLine(words.stdout);
        process.exit(code);
      };
      if (controller.signal.aborted) force();
      controller.abort(stopped);
      setTimeout(force, STOP_WITHIN_MS).unref();
    });
  }
  return controller.signal;
}
