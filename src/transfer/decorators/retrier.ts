/** Decides whether and when a failed request is tried again. */
import { type RetryClass, TransferError, wrapFailure } from '../../core/failures.js';
import type { Report } from '../events.js';
import type { Clock } from '../ports/clock.js';

export interface RetryPolicy {
  readonly maxAttempts: number;
  /** True when the user named maxAttempts: it is then a hard limit. */
  readonly maxAttemptsGiven: boolean;
  /** The first back-off; doubled each time, with full jitter. */
  readonly retryDelayMs: number;
  /** The time to wait for a line on which nothing succeeds, if it worked earlier in this run. */
  readonly giveUpAfterMs: number;
  /** True when the user named giveUpAfterMs: it then also holds for a line that never worked, instead of maxAttempts. */
  readonly giveUpAfterGiven: boolean;
}

const BACK_OFF_MAX_MS = 60_000;
/** The longest `Retry-After` that is obeyed: a wrong date must not stop a backup without a message. */
const RETRY_AFTER_MAX_MS = 300_000;

/**
 * Bytes damaged in transit and expired signatures succeed at the next attempt or two, or never. Work of the service takes
 * some minutes: with the back-offs, ten attempts do too.
 */
const ATTEMPTS_MAX: Partial<Record<RetryClass, number>> = { corrupt: 3, resign: 3, renew: 3, pending: 10 };

/** The successor of a token that worked earlier in this run may come minutes later, from another program. */
const RENEWALS_MAX = 10;

/**
 * Returns the delay before the next attempt: uniform between 0 and the doubled back-off (full jitter: many lanes and many
 * machines that failed together must not come back together).
 * @param attempt the attempt that has just failed, from 1
 */
export function backOffMs(attempt: number, retryDelayMs: number, random: number): number {
  return Math.round(random * Math.min(BACK_OFF_MAX_MS, retryDelayMs * 2 ** Math.min(attempt - 1, 30)));
}

export interface RetryTools {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly report: Report;
}

/** The attempts of one request so far. */
interface RequestState {
  attempts: number;
  /** Failed attempts that count towards the limit; those on a dead line do not. */
  counted: number;
  /** Failed attempts by retry class; of expired signatures, those in a row. */
  readonly bounded: Map<RetryClass, number>;
  /** The number of requests of this run that had succeeded when this one started, or failed last. */
  successesSeen: number;
}

/** A failure that may be tried again. `attemptsMax` is null, and `timeLeftMs` set, when time is limited instead of attempts. */
interface NextAttempt {
  readonly attempt: number;
  readonly attemptsMax: number | null;
  readonly timeLeftMs?: number;
}

/** Tries requests again, as its policy says. One object serves all requests of a run: they share one line. */
export class Retrier {
  readonly #tools: RetryTools;
  #successes = 0;
  /** The time of the first failure after which nothing has succeeded; null: the line works, as far as is known. */
  #failingSinceMs: number | null = null;

  constructor(tools: RetryTools) {
    this.#tools = tools;
  }

  async run<T>(operation: string, signal: AbortSignal, once: (attempt: number) => Promise<T>): Promise<T> {
    const { clock, report } = this.#tools;
    const startedMs = clock.monotonicMs();
    const state: RequestState = {
      attempts: 0,
      counted: 0,
      bounded: new Map(),
      successesSeen: this.#successes,
    };
    for (;;) {
      try {
        state.attempts += 1;
        const result = await once(state.attempts);
        this.#noteSuccess();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TransferError) || error.retryClass === null) throw this.#noteAnswer(error);
        const next = this.#nextAttempt(state, error.retryClass);
        if (next === null) {
          throw finalFailure(error, operation, state, clock.monotonicMs() - startedMs);
        }
        const delayMs = this.#delayMs(error, state.attempts, next);
        const { attempt, attemptsMax } = next;
        report({ type: 'retry', operation, attempt, attemptsMax, delayMs, why: reasonOf(error) });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  #delayMs(
    { retryClass, retryAfterMs }: TransferError,
    attempts: number,
    { timeLeftMs }: NextAttempt,
  ): number {
    if (retryClass === 'resign') return 0;
    const { clock, policy } = this.#tools;
    const requestedMs = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
    const delayMs = Math.max(requestedMs, backOffMs(attempts, policy.retryDelayMs, clock.random()));
    return Math.min(delayMs, timeLeftMs ?? delayMs);
  }

  #noteSuccess(): void {
    this.#successes += 1;
    this.#failingSinceMs = null;
  }

  /** Counts a refusal as a success of the line: an answer came. */
  #noteAnswer(error: unknown): unknown {
    if (error instanceof TransferError && error.service !== null) this.#noteSuccess();
    return error;
  }

  /** Counts a failure. @returns null when it was the last attempt */
  #nextAttempt(state: RequestState, retryClass: RetryClass): NextAttempt | null {
    const { policy } = this.#tools;
    // A failure of another class shows that the signature was valid.
    if (retryClass !== 'resign') state.bounded.delete('resign');
    const attempt = (state.bounded.get(retryClass) ?? 0) + 1;
    state.bounded.set(retryClass, attempt);
    if (policy.maxAttemptsGiven && state.attempts >= policy.maxAttempts) return null;
    const isLater = retryClass === 'renew' && this.#successes > 0;
    const attemptsMax = isLater ? RENEWALS_MAX : ATTEMPTS_MAX[retryClass];
    if (attemptsMax !== undefined) return attempt < attemptsMax ? { attempt, attemptsMax } : null;
    return this.#isLineDead(state) ? this.#waitForLine(state) : this.#count(state);
  }

  /**
   * Returns true when time counts instead of attempts: nothing at all has succeeded since this request started or failed
   * last, and something worked earlier in this run or the user named the time. Lanes fail together, and some started
   * before the line's last success, so each request counts for itself.
   */
  #isLineDead(state: RequestState): boolean {
    const hasSucceededSince = this.#successes > state.successesSeen;
    state.successesSeen = this.#successes;
    const { maxAttemptsGiven, giveUpAfterGiven } = this.#tools.policy;
    const isTimed = giveUpAfterGiven || (!maxAttemptsGiven && this.#successes > 0);
    return isTimed && !hasSucceededSince;
  }

  #waitForLine(state: RequestState): NextAttempt | null {
    const { clock, policy } = this.#tools;
    this.#failingSinceMs ??= clock.monotonicMs();
    const timeLeftMs = this.#failingSinceMs + policy.giveUpAfterMs - clock.monotonicMs();
    return timeLeftMs > 0 ? { attempt: state.attempts, attemptsMax: null, timeLeftMs } : null;
  }

  #count(state: RequestState): NextAttempt | null {
    const attemptsMax = this.#tools.policy.maxAttempts;
    state.counted += 1;
    return state.counted < attemptsMax ? { attempt: state.counted, attemptsMax } : null;
  }
}

function reasonOf(error: TransferError): string {
  if (error.kind === 'unreachable') return (error as TransferError<'unreachable'>).facts.why;
  if (error.kind === 'checksum') return 'the service received other bytes than were sent';
  const detail = error.kind === 'refused' ? (error as TransferError<'refused'>).facts.detail : null;
  return error.service?.message ?? detail ?? error.kind;
}

function finalFailure(
  error: TransferError,
  operation: string,
  { attempts, bounded }: RequestState,
  elapsedMs: number,
): TransferError {
  if (error.kind !== 'unreachable') return error;
  const expiredInARow = bounded.get('resign') ?? 0;
  if (expiredInARow === attempts || expiredInARow === ATTEMPTS_MAX.resign)
    return wrongClock(error, operation);
  const facts = { ...(error as TransferError<'unreachable'>).facts, operation, attempts, elapsedMs };
  return new TransferError('unreachable', facts, {
    cause: error.cause,
    ...(error.service === null ? {} : { service: error.service }),
  });
}

/** The service refuses our signatures for their time although we use the time of its answers: the clock is wrong. */
function wrongClock(error: TransferError, operation: string): TransferError<'refused'> {
  const facts = { why: 'clock', operation, detail: null } as const;
  return wrapFailure(error, 'refused', facts);
}
