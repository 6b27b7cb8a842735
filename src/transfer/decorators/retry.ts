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
  type FinishedArchive,
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
): Omit<Target, 'capabilities' | 'partTimeMs' | 'at' | 'partHashes' | 'close'> {
  const { storesObjects } = target.capabilities;
  const container = storesObjects ? 'bucket' : 'vault';
  return {
    lookAt: (entry, signal) => retrier.run('look at the archive', signal, () => target.lookAt(entry, signal)),
    findArchive: (upload, readParts, signal) =>
      retrier.run('look at the archive', signal, () => target.findArchive(upload, readParts, signal)),
    findCredentials: (signal) =>
      retrier.run('find the credentials', signal, () => target.findCredentials(signal)),
    serviceTimeMs: (signal) =>
      retrier.run("read the service's time", signal, () => target.serviceTimeMs(signal)),
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
    putObject: (part, options, signal, watch) =>
      retrier.run('send the object', signal, () => target.putObject(part, options, signal, watch)),
    listPartsPage: (uploadId, page, signal) =>
      retrier.run('list parts', signal, () => target.listPartsPage(uploadId, page, signal)),
    complete: (uploadId, whole, signal) =>
      retrier.run('complete', signal, (attempt) => {
        const mayBeUnderWay = storesObjects && (attempt > 1 || whole.mayBeUnderWay === true);
        return completeOnce(mayBeUnderWay, () =>
          target.complete(uploadId, { ...whole, mayBeUnderWay }, signal),
        );
      }),
    abort: (uploadId, signal) =>
      retrier.run('abort', signal, (attempt) => abortAgain(attempt, () => target.abort(uploadId, signal))),
    listUploadsPage: (page, signal) =>
      retrier.run('list uploads', signal, () => target.listUploadsPage(page, signal)),
    openArchiveList: (signal) =>
      retrier.run('find the list of archives', signal, () => target.openArchiveList(signal)),
    listArchivesPage: (marker, signal) =>
      retrier.run('list archives', signal, () => target.listArchivesPage(marker, signal)),
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

/**
 * A store takes up to some minutes to join the parts of an object. Meanwhile it may know the upload no longer, and the
 * object is not there yet: after a complete without an answer, that is a reason to look again later.
 * Source: Amazon S3 API reference, CompleteMultipartUpload.
 */
async function completeOnce(
  mayBeUnderWay: boolean,
  complete: () => Promise<FinishedArchive>,
): Promise<FinishedArchive> {
  try {
    return await complete();
  } catch (error) {
    const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
    if (!isGone || !mayBeUnderWay) throw error;
    const why =
      'an earlier request to complete got no answer, the upload is gone, and the object is not there yet: the store may still be working on it';
    const facts = { operation: 'complete', why, attempts: 1, elapsedMs: 0 };
    const service = error.service === null ? {} : { service: error.service };
    throw new TransferError('unreachable', facts, { ...service, cause: error, retryClass: 'pending' });
  }
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
