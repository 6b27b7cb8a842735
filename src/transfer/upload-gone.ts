/** Failures of uploads that another process or program has ended. */
import { type FailureFacts, isFailure, TransferError, wrapFailure } from '../core/failures.js';
import type { UnfinishedUpload } from './ports/state.js';

/** Returns false when no later run can continue: the upload is gone, the file has changed, or a limit rules it out. */
export function canContinue(error: unknown): boolean {
  if (isFailure(error, 'gone') || isFailure(error, 'limit')) return false;
  return !(isFailure(error, 'source') && error.facts.why === 'changed');
}

/** Returns the archive that may have been made of an upload that is gone; null: complete was certainly never sent. */
export function possibleCompletion(upload: UnfinishedUpload): FailureFacts['gone']['completing'] {
  const { head, completing, completingUncertain } = upload;
  return completing ?? (completingUncertain ? { sizeBytes: head.plan.sizeBytes, treeHash: null } : null);
}

/** @param missing the service's answer that it knows no such upload */
export function goneFailure(
  uploadId: string,
  completing: FailureFacts['gone']['completing'],
  missing: TransferError,
): TransferError<'gone'> {
  return wrapFailure(missing, 'gone', { uploadId, completing });
}

/** Returns the same error, or `gone` when it says that the service no longer knows an upload that we had. */
export function asGone(
  error: unknown,
  uploadId: string,
  completing: FailureFacts['gone']['completing'],
): unknown {
  const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
  return isGone ? goneFailure(uploadId, completing, error) : error;
}

/** Returns the failure for a journal that was there a moment ago. */
export function endedByAnother(uploadId: string): TransferError<'not-found'> {
  const detail = 'another calve has just completed or aborted it';
  return new TransferError('not-found', { what: 'unfinished upload', name: uploadId, detail });
}
