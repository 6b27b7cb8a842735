/** Results of uploads, so that a repeated complete or abort gets the first response again. */
import { join } from 'node:path';
import { readJson, statOrNull, type Workspace, writeJson } from './files.js';
import type { Store } from './store.js';

export type UploadResult =
  | {
      readonly outcome: 'completed';
      readonly archiveId: string;
      readonly sizeBytes: number;
      readonly treeHash: string;
    }
  | { readonly outcome: 'aborted' };

function resultPath(vault: string, uploadId: string): string {
  return join(vault, 'finished', `${uploadId}.json`);
}

/** Returns null if the upload is not finished, or finished before the window for repeats. */
export async function readResult(
  store: Store,
  vault: string,
  uploadId: string,
): Promise<UploadResult | null> {
  const path = resultPath(vault, uploadId);
  const file = await statOrNull(path);
  if (file === null || Date.now() - file.mtimeMs >= store.repeatWindowMs) return null;
  return readJson<UploadResult>(path);
}

export async function writeResult(
  workspace: Workspace,
  vault: string,
  uploadId: string,
  result: UploadResult,
): Promise<void> {
  await writeJson(workspace, resultPath(vault, uploadId), result);
}
