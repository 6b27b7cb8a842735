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

/**
 * Returns a function that gives the end of the second in which `command` was answered, in ms since 1970; null if the
 * answer has no `Date` header that can be read. Source: RFC 9110, section 6.6.1: `Date` is the time at which the server made the message.
 */
export function answerTime(command: Command): () => number | null {
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
  return () => answeredMs;
}

function readDate(response: unknown): number | null {
  const { headers = {} } = response as { readonly headers?: Readonly<Record<string, string>> };
  const ms = Date.parse(headers['date'] ?? '');
  return Number.isNaN(ms) ? null : ms + PRECISION_MS;
}
