/** Finds uploads whose file is gone before a service is asked: a state folder may have thousands of them. */
import { isFailure, type TransferError, withContext } from '../core/failures.js';
import type { UnfinishedHead } from './ports/state.js';
import { lockOptions, type Session } from './session.js';
import { mayBeArchived, newerArchive } from './settle-upload.js';

interface Tools extends Pick<Session, 'state' | 'catalogue' | 'report' | 'signal' | 'lockWaitMs'> {
  /** @throws TransferError `source` */
  inspectFile(path: string): Promise<unknown>;
}

/**
 * Throws what `resumeUpload` would throw for a file that is missing, without a session. It leaves the upload to
 * `resumeUpload` where that may end in another way: a stream needs no file, complete was sent, the file was archived
 * since, or another calve has just ended the upload. Only a report depends on this, so that an
 * earlier listing of the catalogue is enough.
 * @throws TransferError `source` (`missing`); `busy`; the reason of the signal
 */
export async function checkFileExists(tools: Tools, unfinished: UnfinishedHead): Promise<void> {
  const { identity, uploadId } = unfinished.head;
  if (identity.source.kind === 'stream') return;
  const { path } = identity.source;
  try {
    tools.signal.throwIfAborted();
    const missing = await missingFailure(tools, path);
    if (missing !== null && !(await mayEndWithoutFile(tools, unfinished))) throw missing;
  } catch (error) {
    tools.report({ type: 'failed', file: path });
    throw withContext(error, { file: path, target: identity.target.url, uploadId });
  }
}

/** Any other failure is left to whoever opens the file. */
async function missingFailure({ inspectFile }: Tools, path: string): Promise<TransferError | null> {
  try {
    await inspectFile(path);
    return null;
  } catch (error) {
    return isFailure(error, 'source') && error.facts.why === 'missing' ? error : null;
  }
}

async function mayEndWithoutFile(tools: Tools, unfinished: UnfinishedHead): Promise<boolean> {
  const upload = await tools.state.readFree(unfinished, lockOptions(tools));
  if (upload === null) return true;
  const { identity } = upload.head;
  const entries = await tools.catalogue.findByIdentity(identity);
  return mayBeArchived(upload, entries) || newerArchive(upload, entries) !== null;
}
