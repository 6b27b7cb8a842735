/** The place of a manifest, and the lock and the intent beside it while `fleet create` runs. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cleanUp } from '../../core/clean-up.js';
import { isFailure, TransferError } from '../../core/failures.js';
import { systemCode, systemMessage } from '../../core/system-errors.js';
import type { ManifestPlace } from '../../transfer/ports/fleet.js';
import { decodeLine, encodeLine } from '../checked-line.js';
import { takeLock } from '../lock.js';
import { type Processes, systemProcesses } from '../process-identity.js';
import { putFile, removeFile } from '../safe-file.js';
import { isExactly, isTime, shape } from '../shapes.js';
import { manifestFailure, proveManifestWritable, readManifest, writeManifest } from './manifest.js';

const isIntent = shape<{ type: 'creating'; since: string }>({
  type: isExactly('creating'),
  since: isTime,
});

/** Touches the disk on first use. */
export function manifestPlace(path: string, processes: Processes = systemProcesses): ManifestPlace {
  const intent = `${path}.creating`;
  return {
    path,
    read: () =>
      readManifest(path).catch((error: unknown) => {
        if (isFailure(error, 'manifest') && error.facts.why === 'missing') return null;
        throw error;
      }),
    write: (manifest) => writeManifest(path, manifest),
    proveWritable: () => proveManifestWritable(path),
    lock: (options) =>
      asManifest(path, () => takeLock({ folder: `${path}.lock`, what: path }, options, processes)),
    async readIntent() {
      const bytes = await readFile(intent).catch(() => null);
      const value = bytes === null ? null : decodeLine(bytes.subarray(0, -1));
      return isIntent(value) ? value.since : null;
    },
    writeIntent: (since) =>
      asManifest(path, async () => {
        const file = await putFile(intent, encodeLine({ type: 'creating', since }), dirname(path));
        await cleanUp(() => file.close());
      }),
    removeIntent: () => asManifest(path, async () => void (await removeFile(intent))),
  };
}

/** Turns failures of the state into those of the manifest's folder, which other options name. */
async function asManifest<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TransferError) || !isFailure(error, 'state')) throw error;
    const { cause, facts } = error;
    throw manifestFailure(
      path,
      'not-writable',
      systemCode(cause) === null ? facts.detail : systemMessage(cause),
      cause,
    );
  }
}
