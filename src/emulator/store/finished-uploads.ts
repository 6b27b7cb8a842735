/** How uploads ended, so that a repeated complete or abort is answered like the first. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, type Store, writeJson } from './store.js';

export type Ending =
  | {
      readonly outcome: 'completed';
      readonly archiveId: string;
      readonly sizeBytes: number;
      readonly treeHash: string;
    }
  | { readonly outcome: 'aborted' };

function endingPath(vault: string, uploadId: string): string {
  return join(vault, 'finished', `${uploadId}.json`);
}

/** Null where it did not end, or so long ago that repeats are not answered any more. */
export async function readEnding(store: Store, vault: string, uploadId: string): Promise<Ending | null> {
  const path = endingPath(vault, uploadId);
  const file = await stat(path).catch(() => null);
  if (file === null || Date.now() - file.mtimeMs >= store.repeatWindowMs) return null;
  return readJson<Ending>(path);
}

export async function writeEnding(
  store: Store,
  vault: string,
  uploadId: string,
  ending: Ending,
): Promise<void> {
  await writeJson(store, endingPath(vault, uploadId), ending);
}
