/** Asks before several uploads are aborted. */
import { createInterface } from 'node:readline/promises';
import { TransferError } from '../../../core/failures.js';
import type { CommandContext } from '../../command.js';
import { isSet } from '../../compose.js';
import type { Io } from '../../io.js';

/** @throws TransferError `usage` where nobody can answer */
export function checkMayAsk({ env, stdin, stderr }: Io): void {
  if (stdin.isTTY === true && stderr.isTTY === true && !isSet(env['CI'])) return;
  throw new TransferError('usage', {
    what: 'abort',
    why: 'aborting several uploads needs a confirmation, and there is no terminal to ask on',
    hint: 'add --yes, or list the uploads with --dry-run',
  });
}

/** Returns true where the user says yes. */
export async function confirmed(context: CommandContext, count: number): Promise<boolean> {
  context.reporter.done();
  const asking = createInterface({ input: context.io.stdin, output: context.io.stderr });
  // While readline asks, Ctrl-C comes as a key and not as a signal.
  const interrupted = new AbortController();
  asking.once('SIGINT', () => interrupted.abort(new TransferError('stopped', { signal: 'SIGINT' })));
  const signal = AbortSignal.any([context.io.signal, interrupted.signal]);
  try {
    const question = `Abort ${count} ${count === 1 ? 'upload' : 'uploads'}? The parts that were sent are lost. [y/N] `;
    return /^y(es)?$/i.test((await asking.question(question, { signal })).trim());
  } catch (error) {
    signal.throwIfAborted();
    // Ctrl-D means no.
    if (error instanceof Error && error.name === 'AbortError') return false;
    throw error;
  } finally {
    asking.close();
  }
}
