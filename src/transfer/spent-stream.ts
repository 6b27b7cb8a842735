/** What stands for a stream that was read already, in an upload of which everything was sent. */
import { TransferError } from '../core/failures.js';
import { type Source, STANDARD_INPUT, type UnfinishedUpload } from './ports.js';

/** A source that agrees to what was recorded, and has no bytes: `prepare` rejects with `source` (`read-once`). */
export function spentStream({ fingerprint, head }: UnfinishedUpload): Source {
  const lost = async (): Promise<never> => {
    throw new TransferError('source', { path: STANDARD_INPUT, why: 'read-once', detail: null });
  };
  return {
    path: STANDARD_INPUT,
    baseName: STANDARD_INPUT,
    fingerprint,
    mtimeMs: Date.parse(head.startedAt),
    expectParts: () => undefined,
    prepare: lost,
    treeHash: lost,
    compareNow: async () => 'same',
    close: async () => undefined,
  };
}
