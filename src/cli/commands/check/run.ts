import type { TransferError } from '../../../core/failures.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { measureSpool } from '../../../source/spool-space.js';
import { checkTarget } from '../../../transfer/check-target.js';
import type { RetryPolicy } from '../../../transfer/decorators/retrier.js';
import { type CheckJson, checkJson, checksTable } from '../../../ui/check-json.js';
import { systemClock } from '../../clock.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openState, resolveTarget } from '../../compose.js';
import { exitCodeOf } from '../../exit-codes.js';
import { openTarget } from '../../open-target.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import { rowPrinter } from '../../results.js';
import { wordingEnvironment } from '../../run-command.js';
import type { Options } from './command.js';

/** A person waits for the result, so that a service that does not answer is reported soon. */
const ATTEMPTS = 3;

function patience(retry: RetryPolicy): RetryPolicy {
  return retry.maxAttemptsGiven ? retry : { ...retry, maxAttempts: ATTEMPTS, maxAttemptsGiven: true };
}

/** `calve check TARGET` prints one line for each check, and ends with the highest exit number of those that failed. */
export async function check(context: CommandContext<Options>, words: readonly string[]): Promise<void> {
  const { io, reporter } = context;
  const url = parseTargetUrl(words[0] ?? '');
  const service = { ...context.options.service, retry: patience(context.options.service.retry) };
  const options = { ...context.options, service, transfer: DEFAULT_TRANSFER };
  const resolved = await resolveTarget(io, options, url);
  const checks = checkTarget({
    url: url.url,
    openTarget: () => openTarget(options, resolved, reporter.report),
    proveState: async () => {
      const state = openState(options);
      await state.proveWritable();
      return state.directory;
    },
    proveCatalogue: async () => {
      const catalogue = openArchives(options);
      await catalogue.proveWritable();
      return catalogue.directory;
    },
    measureSpool: () => measureSpool(),
    clock: systemClock,
    signal: io.signal,
    concurrency: options.transfer.concurrency,
    write: options.own.write,
  });
  const printer = rowPrinter<CheckJson>(context, checksTable);
  const failures: TransferError[] = [];
  const env = wordingEnvironment(io, options);
  for await (const result of checks) {
    const { failure } = result;
    if (failure !== null) failures.push(failure);
    await printer.print(checkJson(result, url.url, failure === null ? 0 : exitCodeOf(failure), env));
  }
  await printer.end();
  // The first failure that is printed gives the exit number.
  failures.sort((a, b) => exitCodeOf(b) - exitCodeOf(a));
  for (const failure of failures) await context.fail(failure);
}
