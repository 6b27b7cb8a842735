/** `fleet abort`: removes the upload of a fleet with its parts, and the manifest, so that a new fleet can be created. */
import { isFailure, TransferError, withContext } from '../../core/failures.js';
import { type Aborted, abortWithParts, completedAs } from '../abort.js';
import type { Catalogue } from '../ports/state.js';
import { lockOptions, type Session } from '../session.js';
import { checkFleetTarget, type Fleet } from './fleet.js';

export interface AbortFleetSession
  extends Pick<Session, 'target' | 'targetIdentity' | 'report' | 'clock' | 'signal' | 'lockWaitMs'> {
  readonly catalogue: Pick<Catalogue, 'entries'> | null;
}

/**
 * An upload that the service no longer has counts as aborted, unless its archive was made.
 * @param removeManifest removes the manifest, once the service has no upload of it any more
 * @throws TransferError `not-found` (upload) if the upload was completed; `gone` if it may have been; `busy` if another
 * run ends it
 */
export async function abortFleet(
  session: AbortFleetSession,
  fleet: Fleet,
  removeManifest: () => Promise<unknown>,
): Promise<Aborted> {
  const { manifest, folder, words } = fleet;
  const { uploadId, target } = manifest;
  try {
    checkFleetTarget(session, fleet);
    await folder.proveWritable();
    const lock = await folder.lockEnd(lockOptions(session));
    try {
      const { archive, completing } = await folder.readEnd();
      if (archive !== null) {
        throw new TransferError('not-found', {
          what: 'upload',
          name: uploadId,
          detail: completedAs(archive),
        });
      }
      const answer = await abortWithParts(session, uploadId, { isKnown: true, completing });
      await removeManifest();
      return { uploadId, answer };
    } finally {
      await lock.release();
    }
  } catch (error) {
    const isOver = isFailure(error, 'not-found') || isFailure(error, 'gone');
    const named = isOver ? { fleet: words } : {};
    throw withContext(error, { target: target.url, uploadId, file: manifest.path, ...named });
  }
}
