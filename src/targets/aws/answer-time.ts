/** Reads the service's own time out of its answer, because the clock of this machine may be wrong. */
import { type RetryClass, TransferError } from '../../core/failures.js';

interface Answered {
  readonly response: unknown;
}

/** The part of a command of the SDK that this file needs. All clients have the same commands. */
interface Command {
  readonly middlewareStack: {
    add(
      middleware: <Next extends (args: never) => Promise<Answered>>(next: Next) => Next,
      options: { readonly step: 'deserialize'; readonly priority: 'low'; readonly name: string },
    ): void;
  };
}

/** `Date` has whole seconds, so the answer was made less than one second after it. */
const PRECISION_MS = 1000;

interface TimedAnswer<R> {
  readonly answer: R;
  /** The end of the second in which the service answered, in ms since 1970; null: no `Date` header can be read. */
  readonly answeredMs: number | null;
}

/**
 * Sends a command and returns the service's answer with its time.
 * Source: RFC 9110, section 6.6.1: `Date` is the time at which the server made the message.
 */
export async function withAnswerTime<C extends Command, R>(
  command: C,
  send: (command: C) => Promise<R>,
): Promise<TimedAnswer<R>> {
  let answeredMs: number | null = null;
  command.middlewareStack.add(
    (next) =>
      (async (args: never) => {
        const answer = await next(args);
        const { headers } = answer.response as { readonly headers?: Headers };
        answeredMs = readDate(headers);
        return answer;
      }) as typeof next,
    { step: 'deserialize', priority: 'low', name: 'answerTime' },
  );
  return { answer: await send(command), answeredMs };
}

type Headers = Readonly<Record<string, string>>;

function readDate(headers: Headers = {}): number | null {
  const ms = Date.parse(headers['date'] ?? '');
  return Number.isNaN(ms) ? null : ms + PRECISION_MS;
}

const IS_ANSWER: ReadonlySet<RetryClass | null> = new Set([null, 'resign', 'renew'] as const);

/**
 * Returns the time of the service's answer to a command, also where the answer is a refusal.
 * @param send sends the command with `withAnswerTime`
 * @throws the failure, if no answer came
 */
export async function timeOfAnswer(send: () => Promise<TimedAnswer<unknown>>): Promise<number | null> {
  try {
    return (await send()).answeredMs;
  } catch (error) {
    // A failure that may pass is tried again: it may not be the service's own answer.
    const isFinal = error instanceof TransferError && IS_ANSWER.has(error.retryClass);
    if (!isFinal || error.service === null) throw error;
    return readDate(error.service.headers);
  }
}
