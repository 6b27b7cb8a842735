/** Turns signals into one AbortSignal. State needs no clean-up here: it is as good after SIGKILL. */

import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { isatty } from 'node:tty';
import { type FailureFacts, TransferError } from '../core/failures.js';
import { systemClock } from './clock.js';
import { exitCodeOf } from './exit-codes.js';
import type { ExitMessage } from './io.js';
import { type Output, writeNow } from './output.js';

/** Time limit for a stop: a request that hangs must not delay a shutdown. */
const STOP_WITHIN_MS = 1800;

/**
 * `timeout` sends its signal to the program and then to the group, and a script passes on what the group got already. Nobody
 * presses a key twice so quickly.
 */
const ONE_SIGNAL_MS = 200;

/**
 * Returns the signals that stop a run. SIGHUP says that the terminal is gone, and means nothing to a run that has none:
 * `nohup` takes all three descriptors from the terminal. Node resets the signals that a process was started to ignore, and
 * so hides what `nohup` asked for.
 */
function stopSignals(): readonly NonNullable<FailureFacts['stopped']['signal']>[] {
  return [0, 1, 2].some((fd) => isatty(fd)) ? ['SIGHUP', 'SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM'];
}

/**
 * Aborts the signal at the first SIGHUP, SIGINT or SIGTERM, and ends the process at the second. The same signal within
 * `ONE_SIGNAL_MS` counts once.
 */
export function stopOnSignals(exitMessage: ExitMessage, stdout: Output): AbortSignal {
  // Without a handler Node opens a debugger port. Batch systems send SIGUSR1 shortly before the time is up.
  process.on('SIGUSR1', () => undefined);
  // A handler that does nothing: without one, the signal would end the process.
  process.on('SIGHUP', () => undefined);
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  let stoppedAtMs = 0;
  for (const signal of stopSignals()) {
    const early = process.listeners(signal);
    process.on(signal, () => {
      const stopped = new TransferError('stopped', { signal });
      const code = exitCodeOf(stopped);
      const force = (): never => {
        const words = exitMessage.words?.(stopped);
        if (words !== undefined) writeNow(process.stderr, words.stderr);
        if (typeof words?.stdout === 'string') stdout.lastLine(words.stdout);
        process.exit(code);
      };
      const nowMs = systemClock.monotonicMs();
      const { aborted, reason } = controller.signal;
      const isSame = aborted && (reason as typeof stopped).facts.signal === signal;
      if (isSame && nowMs - stoppedAtMs < ONE_SIGNAL_MS) return;
      if (aborted) force();
      stoppedAtMs = nowMs;
      controller.abort(stopped);
      setTimeout(force, STOP_WITHIN_MS).unref();
    });
    // Not before: without any listener Node would lose a signal that arrived while the program was loaded.
    for (const each of early) process.removeListener(signal, each);
  }
  return controller.signal;
}
