/** Turns failures into errors of the library, in the words of the command line. */
import { exitCodeOf } from '../cli/exit-codes.js';
import { TransferError } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import { isError } from '../core/is-error.js';
import { describeFailure } from '../ui/wording/failures.js';
import type { WordingEnvironment } from '../ui/wording/paste-line.js';
import { type AnyCalveError, CalveError } from './calve-error.js';

/** @param wording facts about the call that the words need */
export function calveErrorOf(error: unknown, wording: WordingEnvironment): AnyCalveError {
  const failure = (error instanceof TransferError ? error : asBug(error)) as TransferError;
  const { what, why, hint } = describeFailure(failure, wording);
  const { context, service, cause } = failure;
  return new CalveError(failure.kind, failure.facts, messageOf(failure, `${what}: ${why}`), {
    hint,
    exitCode: exitCodeOf(failure),
    file: context.file ?? null,
    target: context.target ?? null,
    uploadId: context.uploadId ?? null,
    resumable: context.resumable ?? false,
    service,
    cause,
  }) as AnyCalveError;
}

/** The bytes of a program do not come from its standard input. */
function messageOf({ context, facts }: TransferError, words: string): string {
  const names = [context.file, (facts as { readonly path?: unknown }).path];
  return names.includes(STANDARD_INPUT_WORD) ? words.replaceAll('standard input', 'the stream') : words;
}

function asBug(error: unknown): TransferError<'bug'> {
  const detail = isError(error) ? `${error.name}: ${error.message}` : String(error);
  return new TransferError('bug', { detail }, { cause: error });
}
