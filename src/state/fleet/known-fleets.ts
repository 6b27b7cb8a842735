/**
 * The fleets that this machine works for: one small file for each in the state folder. It lets `abort` leave the upload of
 * a fleet alone. Nothing else depends on it: a machine without a state folder can send.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp } from '../../core/clean-up.js';
import type { KnownFleet, KnownFleets } from '../../transfer/ports/fleet.js';
import { decodeLine, encodeLine } from '../checked-line.js';
import { digits16 } from '../names.js';
import { putFile, readOwnFile, removeFile } from '../safe-file.js';
import { makeFolders, type Trust } from '../safe-folder.js';
import { isExactly, isName, shape } from '../shapes.js';
import { stateFolders } from '../state-folders.js';

interface FleetRecord {
  readonly type: 'fleet';
  readonly uploadId: string;
  readonly manifest: string;
  readonly receipts: string;
}

const isFleetRecord = shape<FleetRecord>({
  type: isExactly('fleet'),
  uploadId: isName,
  manifest: isName,
  receipts: isName,
});

/** @param directory the state folder; null: there is none, so that no fleet is known */
export function knownFleets(directory: string | null, trust: Trust): KnownFleets {
  const folders = directory === null ? null : stateFolders(directory);
  const pathOf = (uploadId: string): string => join(folders?.fleetsPath ?? '', `${digits16(uploadId)}.json`);
  return {
    note: ({ uploadId, manifestPath: manifest, receiptsPath: receipts }) =>
      cleanUp(async () => {
        if (folders === null) return;
        await makeFolders(folders.fleets, trust);
        const line = encodeLine({ type: 'fleet', uploadId, manifest, receipts });
        const file = await putFile(pathOf(uploadId), line);
        await file.close();
      }),
    async find(uploadId) {
      const file = folders === null ? null : await readOwnFile(pathOf(uploadId), trust);
      const record = file === null ? null : decodeLine(file.bytes.subarray(0, -1));
      if (file === null || !isFleetRecord(record) || record.uploadId !== uploadId) return null;
      // Without its manifest, no machine can work for the fleet.
      if ((await timeOf(record.manifest)) === null) return null;
      const times = [file.mtime.getTime(), ...(await timesIn(record.receipts))];
      return { manifestPath: record.manifest, activeMs: Math.max(...times) } satisfies KnownFleet;
    },
    forget: (uploadId) =>
      cleanUp(async () => {
        if (folders !== null) await removeFile(pathOf(uploadId));
      }),
  };
}

async function timesIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(names.map((name) => timeOf(join(folder, name))));
  return times.filter((time) => time !== null);
}

async function timeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}
