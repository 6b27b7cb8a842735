/** The placeholder source for a stream that was already read. */
import { TransferError } from '../core/failures.js';
import { sourceName } from '../core/identity.js';
import type { Source } from './ports/source.js';
import type { UnfinishedUpload } from './ports/state.js';

/** Returns a source that agrees with the journal and has no bytes: `prepare` rejects with `source` (`read-once`). */
export function spentStream({ fingerprint, head }: UnfinishedUpload): Source {
  const path = sourceName(head.identity.source);
  const fail = async (): Promise<never> => {
    throw new TransferError('source', { path, why: 'read-once', detail: null });
  };
  return {
    path,
    baseName: path,
    fingerprint,
    inMemoryPartMaxBytes: 0,
    mtimeMs: Date.parse(head.startedAt),
    expectParts: () => undefined,
    prepare: fail,
    treeHash: fail,
    compareNow: async () => 'same',
    close: async () => undefined,
  };
}
