/** Asks before several uploads are aborted. */
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline/promises';
import { TransferError } from '../../../core/failures.js';
import { isError } from '../../../core/is-error.js';
import type { CommandContext } from '../../command.js';
import { isSet } from '../../reporter.js';

/** @throws TransferError `usage` where nobody can answer */
export function checkMayAsk({ io: { env, stdin, stderr }, output }: CommandContext): void {
  if (output.progress === 'json') {
    throw new TransferError('usage', {
      what: 'abort',
      why: 'aborting several uploads needs a confirmation, and --progress json leaves no place for a question',
      hint: 'add --yes, or list the uploads with --dry-run',
    });
  }
  if (stdin.isTTY === true && stderr.isTTY === true && !isSet(env['CI'])) return;
  throw new TransferError('usage', {
    what: 'abort',
    why: 'aborting several uploads needs a confirmation, and there is no terminal to ask on',
    hint: 'add --yes, or list the uploads with --dry-run',
  });
}

/** The uploads that a question is about. */
interface Subject {
  /** A table of them, for a person. */
  readonly text: string;
  readonly count: number;
}

/** Shows the uploads on standard error, because stdout has results only. Returns true if the user says yes. */
export async function confirmed(context: CommandContext, { text, count }: Subject): Promise<boolean> {
  context.reporter.clear();
  context.io.stderr.write(text);
  const asking = createInterface({ input: context.io.stdin, output: context.io.stderr });
  // While readline asks, Ctrl-C comes as a key and not as a signal.
  const interrupted = new AbortController();
  asking.once('SIGINT', () => interrupted.abort(new TransferError('stopped', { signal: 'SIGINT' })));
  const signal = AbortSignal.any([context.io.signal, interrupted.signal]);
  try {
    const question = `Abort ${count} ${count === 1 ? 'upload' : 'uploads'}? The parts that were sent are lost. [y/N] `;
    const answer = await Promise.race([asking.question(question, { signal }), whenClosed(asking)]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    // Ctrl-D means no.
    if (isError(error) && error.name === 'AbortError') return false;
    throw error;
  } finally {
    asking.close();
  }
}

/** Ctrl-D ends the input. Some versions of Node then leave the question without an answer. */
async function whenClosed(asking: Interface): Promise<string> {
  await once(asking, 'close');
  return '';
}
