/** Aborts an upload that no later run can continue. */
import { isFailure } from '../core/failures.js';
import { abortUpload } from './abort.js';
import type { Session } from './session.js';

/** Time limit for aborting a failed upload … */
const ABORT_WITHIN_MS = 10_000;
/** … and when a signal has asked the program to stop. */
const ABORT_WITHIN_STOPPED_MS = 1200;

/**
 * Aborts an upload whose stream is lost: it cannot be continued, and its parts may be billed.
 * @returns true when the upload is gone. Never throws: the failure that ended the upload is what the user must hear.
 */
export async function abandonUpload(session: Session, uploadId: string): Promise<boolean> {
  // A run that another calve has taken the lock from is not in a hurry.
  const isStopping = session.signal.aborted && !isFailure(session.signal.reason, 'busy');
  const withinMs = isStopping ? ABORT_WITHIN_STOPPED_MS : ABORT_WITHIN_MS;
  const aborting = { ...session, signal: AbortSignal.timeout(withinMs) };
  try {
    await abortUpload(aborting, uploadId, { listed: true, forget: true });
    return true;
  } catch (error) {
    // A state folder that fails keeps no record of the upload, and is no reason to leave the upload on the service.
    if (!isFailure(error, 'state')) return false;
    return aborting.target.abort(uploadId, aborting.signal).then(
      () => true,
      () => false,
    );
  }
}
