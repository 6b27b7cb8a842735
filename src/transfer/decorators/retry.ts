/**
 * Retries as a decorator with the target's own face: the one place where a request is tried again. The clients' own
 * retries are off, so that nothing multiplies.
 */
import { isFailure, type RetryClass, TransferError } from '../../core/failures.js';
import type { AbortAnswer, Clock, CreatedUpload, CreateUploadRequest, Report, Target } from '../ports.js';

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
/** What a service asks for is granted up to here: a wrong date must not end a backup in silence. */
const RETRY_AFTER_MAX_MS = 300_000;

/** Damage on the way and stale signatures are cured by one more try, or not at all. */
const ATTEMPTS_MAX: Partial<Record<RetryClass, number>> = { corrupt: 3, resign: 3 };

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

/** What one request has been through. */
interface Trial {
  attempts: number;
  /** Failed attempts that count: those of a dead line don't. */
  counted: number;
  /** Failed attempts by their kind; of stale signatures those in a row. */
  readonly bounded: Map<RetryClass, number>;
  /** How many requests of this run had succeeded when this one began, or failed last. */
  successesSeen: number;
}

/** A failure that may be tried again. `attemptsMax` is null where not attempts are counted but time. */
interface Again {
  readonly attempt: number;
  readonly attemptsMax: number | null;
}

class Retrier {
  readonly #tools: RetryTools;
  #successes = 0;
  /** The first failure after which nothing has succeeded; null: the line works, as far as is known. */
  #failingSinceMs: number | null = null;

  constructor(tools: RetryTools) {
    this.#tools = tools;
  }

  async run<T>(operation: string, signal: AbortSignal, once: (attempt: number) => Promise<T>): Promise<T> {
    const { clock, report } = this.#tools;
    const startedMs = clock.nowMs();
    const trial: Trial = { attempts: 0, counted: 0, bounded: new Map(), successesSeen: this.#successes };
    for (;;) {
      try {
        trial.attempts += 1;
        const result = await once(trial.attempts);
        this.#gotThrough();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TransferError) || error.retryClass === null) throw this.#answered(error);
        const again = this.#mayRetry(trial, error.retryClass);
        if (again === null) {
          throw givenUp(error, operation, trial, clock.nowMs() - startedMs);
        }
        const delayMs = this.#delayMs(error, trial.attempts);
        report({ type: 'retry', operation, ...again, delayMs, why: whyOf(error) });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  #delayMs({ retryClass, retryAfterMs }: TransferError, attempts: number): number {
    if (retryClass === 'resign') return 0;
    const { clock, policy } = this.#tools;
    const askedMs = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
    return Math.max(askedMs, backOffMs(attempts, policy.retryDelayMs, clock.random()));
  }

  #gotThrough(): void {
    this.#successes += 1;
    this.#failingSinceMs = null;
  }

  /** A refusal is an answer: the line works. */
  #answered(error: unknown): unknown {
    if (error instanceof TransferError && error.service !== null) this.#gotThrough();
    return error;
  }

  /** Counts a failure. @returns null when it was the last */
  #mayRetry(trial: Trial, retryClass: RetryClass): Again | null {
    const { policy } = this.#tools;
    // What failed otherwise in between had a signature that held.
    if (retryClass !== 'resign') trial.bounded.delete('resign');
    const attempt = (trial.bounded.get(retryClass) ?? 0) + 1;
    trial.bounded.set(retryClass, attempt);
    if (policy.maxAttemptsGiven && trial.attempts >= policy.maxAttempts) return null;
    const attemptsMax = ATTEMPTS_MAX[retryClass];
    if (attemptsMax !== undefined) return attempt < attemptsMax ? { attempt, attemptsMax } : null;
    return this.#isLineDead(trial) ? this.#waitForLine(trial) : this.#count(trial);
  }

  /**
   * Something had worked in this run, and nothing at all has got through since this request began or failed last.
   * Lanes fail together, and some began before the line's last success: each failure is judged by what came since.
   */
  #isLineDead(trial: Trial): boolean {
    const somethingCameSince = this.#successes > trial.successesSeen;
    trial.successesSeen = this.#successes;
    return !this.#tools.policy.maxAttemptsGiven && this.#successes > 0 && !somethingCameSince;
  }

  #waitForLine(trial: Trial): Again | null {
    const { clock, policy } = this.#tools;
    this.#failingSinceMs ??= clock.nowMs();
    const hasTime = clock.nowMs() - this.#failingSinceMs < policy.giveUpAfterMs;
    return hasTime ? { attempt: trial.attempts, attemptsMax: null } : null;
  }

  #count(trial: Trial): Again | null {
    const attemptsMax = this.#tools.policy.maxAttempts;
    trial.counted += 1;
    return trial.counted < attemptsMax ? { attempt: trial.counted, attemptsMax } : null;
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
  { attempts, bounded }: Trial,
  elapsedMs: number,
): TransferError {
  if (error.kind !== 'unreachable') return error;
  const staleInARow = bounded.get('resign') ?? 0;
  if (staleInARow === attempts || staleInARow === ATTEMPTS_MAX.resign) return wrongClock(error, operation);
  const facts = { ...(error as TransferError<'unreachable'>).facts, operation, attempts, elapsedMs };
  return new TransferError('unreachable', facts, {
    cause: error.cause,
    ...(error.service === null ? {} : { service: error.service }),
  });
}

/** Signatures that are refused for their time though the last answers told the service's: the clock cannot be helped. */
function wrongClock(error: TransferError, operation: string): TransferError<'refused'> {
  const facts = { why: 'clock', operation, detail: null } as const;
  const extras = error.service === null ? { cause: error } : { cause: error, service: error.service };
  return new TransferError('refused', facts, extras);
}

/** The target with every request retried as the policy says. */
export function withRetry(target: Target, tools: RetryTools): Target {
  return retrying(target, new Retrier(tools), tools);
}

function retrying(target: Target, retrier: Retrier, tools: RetryTools): Target {
  return {
    limits: target.limits,
    idleExpiryMs: target.idleExpiryMs,
    partTimeMs: target.partTimeMs,
    capabilities: target.capabilities,
    at: (key) => retrying(target.at(key), retrier, tools),
    exists: (entry, signal) => retrier.run('look at the archive', signal, () => target.exists(entry, signal)),
    locate: (create, signal) =>
      retrier.run(`find the ${target.capabilities.container}`, signal, () => target.locate(create, signal)),
    createUpload: (request, signal) =>
      createOnce(retrier, tools.report, signal, {
        request,
        begin: () => target.createUpload(request, signal),
      }),
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
async function createOnce(
  retrier: Retrier,
  report: Report,
  signal: AbortSignal,
  { request: { description }, begin }: { request: CreateUploadRequest; begin: () => Promise<CreatedUpload> },
): Promise<CreatedUpload> {
  let attempts = 0;
  let doubtful = 0;
  try {
    return await retrier.run('create the upload', signal, async (attempt) => {
      attempts = attempt;
      return await begin().catch((error: unknown) => {
        if (mayBeCreated(error)) doubtful += 1;
        throw error;
      });
    });
  } finally {
    if (doubtful > 0) report({ type: 'notice', notice: 'begin-repeated', attempts, description });
  }
}

/** A refusal is certain, whoever refused; everything else may have come after the work was done. */
function mayBeCreated(error: unknown): boolean {
  if (!(error instanceof TransferError)) return true;
  if (['refused', 'exists', 'not-found', 'usage'].includes(error.kind)) return false;
  const status = error.service?.httpStatus ?? null;
  return status === null || status < 400 || status >= 500;
}

/** Not found on a repeat: an earlier attempt of ours did it, and its answer got lost. */
async function abortAgain(attempt: number, abort: () => Promise<AbortAnswer>): Promise<AbortAnswer> {
  try {
    return await abort();
  } catch (error) {
    if (attempt > 1 && isFailure(error, 'not-found') && error.facts.what === 'upload') {
      return {
        httpStatus: error.service?.httpStatus ?? null,
        requestId: error.service?.requestId ?? null,
        hostId: error.service?.hostId ?? null,
      };
    }
    throw error;
  }
}
