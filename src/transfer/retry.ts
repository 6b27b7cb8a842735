/**
 * Retries as a decorator with the target's own face: the one place where a request is tried again. The clients' own
 * retries are off, so that nothing multiplies.
 */
import { TransferError, type Transience } from '../core/failures.js';
import type { AbortAnswer, BegunUpload, Clock, Report, Target } from './ports.js';

export interface RetryPolicy {
  readonly maxAttempts: number;
  /** Whether the user named maxAttempts: then it is a hard bound. */
  readonly maxAttemptsGiven: boolean;
  /** The first back-off; doubled each time, with full jitter. */
  readonly retryDelayMs: number;
  /** How long to wait on a line that had worked in this run and then carries nothing at all. */
  readonly giveUpAfterMs: number;
}

const BACK_OFF_MAX_MS = 60_000;

/** Damage on the way and stale signatures are cured by one more try, or not at all. */
const ATTEMPTS_MAX: Partial<Record<Transience, number>> = { corrupt: 3, resign: 3 };

/**
 * The delay before the next attempt: uniform between 0 and the doubled back-off (full jitter: many lanes and many
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

class Retrier {
  readonly #tools: RetryTools;
  #lastSuccessMs: number | null = null;

  constructor(tools: RetryTools) {
    this.#tools = tools;
  }

  async run<T>(operation: string, signal: AbortSignal, once: (attempt: number) => Promise<T>): Promise<T> {
    const { clock, policy, report } = this.#tools;
    const startedMs = clock.nowMs();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await once(attempt);
        this.#lastSuccessMs = clock.nowMs();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TransferError) || error.transience === null) throw this.#answered(error);
        const elapsedMs = clock.nowMs() - startedMs;
        if (!this.#mayRetry(attempt, error.transience, startedMs))
          throw givenUp(error, operation, attempt, elapsedMs);
        const delayMs =
          error.transience === 'resign' ? 0 : backOffMs(attempt, policy.retryDelayMs, clock.random());
        const attemptsMax = this.#lineIsDead(startedMs) ? null : policy.maxAttempts;
        report({ type: 'retry', operation, attempt, attemptsMax, delayMs, why: whyOf(error) });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  /** A refusal is an answer: the line works. */
  #answered(error: unknown): unknown {
    if (error instanceof TransferError && error.service !== null) {
      this.#lastSuccessMs = this.#tools.clock.nowMs();
    }
    return error;
  }

  /** Something had worked in this run, and nothing at all has got through since this request began. */
  #lineIsDead(startedMs: number): boolean {
    return (
      !this.#tools.policy.maxAttemptsGiven && this.#lastSuccessMs !== null && this.#lastSuccessMs <= startedMs
    );
  }

  #mayRetry(attempt: number, transience: Transience, startedMs: number): boolean {
    const attemptsMax = ATTEMPTS_MAX[transience];
    if (attemptsMax !== undefined) return attempt < attemptsMax;
    if (!this.#lineIsDead(startedMs)) return attempt < this.#tools.policy.maxAttempts;
    return this.#tools.clock.nowMs() - (this.#lastSuccessMs as number) < this.#tools.policy.giveUpAfterMs;
  }
}

function whyOf(error: TransferError): string {
  if (error.kind === 'unreachable') return (error as TransferError<'unreachable'>).facts.why;
  if (error.kind === 'checksum') return 'the service received other bytes than were sent';
  return error.service?.message ?? error.kind;
}

function givenUp(
  error: TransferError,
  operation: string,
  attempts: number,
  elapsedMs: number,
): TransferError {
  if (error.kind !== 'unreachable') return error;
  const facts = { ...(error as TransferError<'unreachable'>).facts, operation, attempts, elapsedMs };
  return new TransferError('unreachable', facts, {
    cause: error.cause,
    ...(error.service === null ? {} : { service: error.service }),
  });
}

/** The target with every request retried as the policy says. */
export function withRetry(target: Target, tools: RetryTools): Target {
  const retrier = new Retrier(tools);
  return {
    limits: target.limits,
    idleExpiryMs: target.idleExpiryMs,
    locate: (create, signal) => retrier.run('find the vault', signal, () => target.locate(create, signal)),
    begin: (order, signal) => beginOnce(retrier, tools.report, signal, () => target.begin(order, signal)),
    sendPart: (uploadId, part, signal) =>
      retrier.run(`send part ${part.range.index}`, signal, () => target.sendPart(uploadId, part, signal)),
    listPartsPage: (uploadId, page, signal) =>
      retrier.run('list parts', signal, () => target.listPartsPage(uploadId, page, signal)),
    complete: (uploadId, whole, signal) =>
      retrier.run('complete', signal, () => target.complete(uploadId, whole, signal)),
    abort: (uploadId, signal) =>
      retrier.run('abort', signal, (attempt) => abortAgain(attempt, () => target.abort(uploadId, signal))),
    listUploadsPage: (page, signal) =>
      retrier.run('list uploads', signal, () => target.listUploadsPage(page, signal)),
    close: () => target.close(),
  };
}

/** A begin whose answer got lost may have left an empty upload behind: it costs nothing, and is named. */
async function beginOnce(
  retrier: Retrier,
  report: Report,
  signal: AbortSignal,
  begin: () => Promise<BegunUpload>,
): Promise<BegunUpload> {
  let attempts = 0;
  const begun = await retrier.run('begin the upload', signal, (attempt) => {
    attempts = attempt;
    return begin();
  });
  if (attempts > 1) report({ type: 'notice', notice: 'begin-repeated', attempts });
  return begun;
}

/** Not found on a repeat: an earlier attempt of ours did it, and its answer got lost. */
async function abortAgain(attempt: number, abort: () => Promise<AbortAnswer>): Promise<AbortAnswer> {
  try {
    return await abort();
  } catch (error) {
    if (attempt > 1 && error instanceof TransferError && error.kind === 'not-found') {
      return {
        httpStatus: error.service?.httpStatus ?? null,
        requestId: error.service?.requestId ?? null,
        hostId: error.service?.hostId ?? null,
      };
    }
    throw error;
  }
}
