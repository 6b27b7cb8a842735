/** Turns failures into errors of the library, in the words of the command line. */
import { exitCodeOf } from '../cli/exit-codes.js';
import { isFailure, TransferError } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import { isError } from '../core/is-error.js';
import { describeFailure } from '../ui/wording/failures.js';
import type { WordingEnvironment } from '../ui/wording/paste-line.js';
import { type AnyCalveError, CalveError } from './calve-error.js';
import type { LookUp } from './credentials.js';
import { programWords } from './program-words.js';

/** The facts about a call that the words of its failure need. */
export interface CallFacts {
  readonly wording: WordingEnvironment;
  /** Returns the name of an option in a program, by its flag. */
  readonly nameOf: (long: string) => string;
  /** Null: the program gave no function that looks up credentials. */
  readonly lookUp: LookUp | null;
}

export function calveErrorOf(error: unknown, facts: CallFacts): AnyCalveError {
  const failure = inProgramWords(error instanceof TransferError ? error : asBug(error), facts);
  const { what, why, hint } = describeFailure(failure, facts.wording);
  const { context, service } = failure;
  const say = wordsFor(failure, facts);
  // The stream has no other name here.
  const message = say(why.startsWith('the stream ') && what === 'standard input' ? why : `${what}: ${why}`);
  const lookUp =
    isFailure(failure, 'refused') && failure.facts.why === 'no-credentials' ? facts.lookUp : null;
  return new CalveError(failure.kind, failure.facts, message, {
    hint: hint === null ? null : say(lookUp === null ? hint : hintOfLookUp(hint)),
    exitCode: exitCodeOf(failure),
    file: context.file ?? null,
    target: context.target ?? null,
    uploadId: context.uploadId ?? null,
    resumable: context.resumable ?? false,
    service,
    cause: lookUp?.failure?.error ?? failure.cause,
  }) as AnyCalveError;
}

/** The facts of a usage error are words, which name options. */
function inProgramWords(failure: TransferError, { nameOf }: CallFacts): TransferError {
  if (!isFailure(failure, 'usage')) return failure;
  const { what, why, hint } = failure.facts;
  const [named, reason] = [what, why].map((words) => programWords(words, [], nameOf));
  const way = hint === null ? null : programWords(hint, [], nameOf);
  const facts = { what: named ?? what, why: reason ?? why, hint: way };
  const renamed = new TransferError('usage', facts, { cause: failure.cause });
  renamed.context = failure.context;
  return renamed;
}

/** Returns the function that turns the words of a failure into those of a program. */
function wordsFor(
  { context, facts, service }: TransferError,
  { nameOf }: CallFacts,
): (words: string) => string {
  const { path, detail } = facts as { readonly path?: unknown; readonly detail?: unknown };
  const texts = [context.file, context.target, path, detail, service?.message];
  const verbatim = texts.filter(
    (text) => typeof text === 'string' && text !== STANDARD_INPUT_WORD,
  ) as string[];
  return (words) => programWords(words, verbatim, nameOf);
}

/** Only a program has such a function. The command line that resumes stays. */
function hintOfLookUp(hint: string): string {
  const [then = ''] = /, then: .*$/s.exec(hint) ?? [];
  return `check the function that is given as credentials${then}`;
}

function asBug(error: unknown): TransferError<'bug'> {
  const detail = isError(error) ? `${error.name}: ${error.message}` : String(error);
  return new TransferError('bug', { detail }, { cause: error });
}
