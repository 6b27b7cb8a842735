/** Reads the service's own time out of its answer, because the clock of this machine may be wrong. */

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
        answeredMs = readDate(answer.response);
        return answer;
      }) as typeof next,
    { step: 'deserialize', priority: 'low', name: 'answerTime' },
  );
  return { answer: await send(command), answeredMs };
}

function readDate(response: unknown): number | null {
  const { headers = {} } = response as { readonly headers?: Readonly<Record<string, string>> };
  const ms = Date.parse(headers['date'] ?? '');
  return Number.isNaN(ms) ? null : ms + PRECISION_MS;
}
