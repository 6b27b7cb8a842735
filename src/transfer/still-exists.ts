/** Asks whether an archive is still there. */
import { isDenied } from '../core/failures.js';
import type { CatalogueEntry } from './ports/state.js';
import type { Session } from './session.js';

/**
 * Returns false only if the service says that the archive is gone or was replaced. Credentials that may only write cannot
 * ask: then the catalogue is believed, and a notice says so.
 */
export async function stillExists(
  { target, signal, report }: Pick<Session, 'target' | 'signal' | 'report'>,
  entry: CatalogueEntry,
): Promise<boolean> {
  try {
    const { state } = await target.lookAt(entry, signal);
    return state === 'hidden' || state === 'same';
  } catch (error) {
    if (!isDenied(error)) throw error;
    report({ type: 'notice', notice: 'archive-unchecked', archiveId: entry.archiveId });
    return true;
  }
}
