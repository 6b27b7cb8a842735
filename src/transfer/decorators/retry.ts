/**
 * Retries, as a decorator of the target: the one place where a request is tried again. The clients' own retries are off,
 * so that retries do not multiply.
 */
import { isFailure, TransferError } from '../../core/failures.js';
import type { Report } from '../events.js';
import {
  type AbortResponse,
  alreadyAborted,
  type CreatedUpload,
  type CreateUploadRequest,
  type Target,
} from '../ports/target.js';
import { delegate } from './delegate.js';
import { Retrier, type RetryTools } from './retrier.js';

/** Returns the target with every request retried as the policy says. */
export function withRetry(target: Target, tools: RetryTools): Target {
  const retrier = new Retrier(tools);
  return delegate(target, (inner) => retriedMethods(inner, retrier, tools));
}

function retriedMethods(
  target: Target,
  retrier: Retrier,
  tools: RetryTools,
): Omit<Target, 'capabilities' | 'partTimeMs' | 'at' | 'close'> {
  const container = target.capabilities.storesObjects ? 'bucket' : 'vault';
  return {
    exists: (entry, signal) => retrier.run('look at the archive', signal, () => target.exists(entry, signal)),
    locate: (create, signal) =>
      retrier.run(`find the ${container}`, signal, () => target.locate(create, signal)),
    createUpload: (request, signal) =>
      createOnce(retrier, tools.report, signal, {
        request,
        create: () => target.createUpload(request, signal),
      }),
    sendPart: (uploadId, part, signal, watch) =>
      retrier.run(`send part ${part.range.index}`, signal, () =>
        target.sendPart(uploadId, part, signal, watch),
      ),
    listPartsPage: (uploadId, page, signal) =>
      retrier.run('list parts', signal, () => target.listPartsPage(uploadId, page, signal)),
    complete: (uploadId, whole, signal) =>
      retrier.run('complete', signal, () => target.complete(uploadId, whole, signal)),
    abort: (uploadId, signal) =>
      retrier.run('abort', signal, (attempt) => abortAgain(attempt, () => target.abort(uploadId, signal))),
    listUploadsPage: (page, signal) =>
      retrier.run('list uploads', signal, () => target.listUploadsPage(page, signal)),
  };
}

/** Reports a creation that was repeated: a lost answer may have left an empty upload, which costs nothing. */
async function createOnce(
  retrier: Retrier,
  report: Report,
  signal: AbortSignal,
  {
    request: { description },
    create,
  }: { request: CreateUploadRequest; create: () => Promise<CreatedUpload> },
): Promise<CreatedUpload> {
  let attempts = 0;
  let uncertain = 0;
  try {
    return await retrier.run('create the upload', signal, async (attempt) => {
      attempts = attempt;
      return await create().catch((error: unknown) => {
        if (mayBeCreated(error)) uncertain += 1;
        throw error;
      });
    });
  } finally {
    if (uncertain > 0) report({ type: 'notice', notice: 'create-repeated', attempts, description });
  }
}

/** Returns false for a refusal, which is certain; any other failure may have come after the upload was created. */
function mayBeCreated(error: unknown): boolean {
  if (!(error instanceof TransferError)) return true;
  if (['refused', 'exists', 'not-found', 'usage'].includes(error.kind)) return false;
  const status = error.service?.httpStatus ?? null;
  return status === null || status < 400 || status >= 500;
}

/** Accepts "not found" from a repeated abort: an earlier attempt aborted the upload, and its answer was lost. */
async function abortAgain(attempt: number, abort: () => Promise<AbortResponse>): Promise<AbortResponse> {
  try {
    return await abort();
  } catch (error) {
    if (attempt > 1 && isFailure(error, 'not-found') && error.facts.what === 'upload') {
      return alreadyAborted(error);
    }
    throw error;
  }
}
