/** The facts of a manifest in the forms that the use cases of a single machine have. */
import type { FleetWords } from '../../core/failures.js';
import { TransferError } from '../../core/failures.js';
import type { UploadAddress } from '../../core/identity.js';
import type { FleetManifest } from '../ports/fleet.js';
import type { Source } from '../ports/source.js';
import type { JournalHead } from '../ports/state.js';

/** Returns the facts with which the journal of the same upload would begin. */
export function headOf(manifest: FleetManifest): JournalHead {
  const { uploadId, target, connection, path, plan, description, fingerprint, createdAt, object } = manifest;
  const head = {
    uploadId,
    identity: { source: { kind: 'file', path } as const, target },
    connection: { ...connection, profile: null },
    plan,
    description,
    fingerprint,
    startedAt: createdAt,
  };
  return object === undefined ? head : { ...head, object };
}

export function addressOfFleet(manifest: FleetManifest): UploadAddress {
  const { uploadId, target, connection } = manifest;
  return { uploadId, target, connection: { ...connection, profile: null } };
}

/** @throws TransferError `fleet-differs` if the file is not the one that the upload was created for */
export function checkFile(
  { fingerprint }: FleetManifest,
  source: Pick<Source, 'path' | 'fingerprint'>,
  { ignoreMtime, fleet }: { readonly ignoreMtime: boolean; readonly fleet: FleetWords },
): void {
  const { sizeBytes, mtimeNs } = source.fingerprint;
  const differs = (why: 'size' | 'file', detail: string): never => {
    const facts = { fleet, path: source.path, why, index: null, shard: null, detail };
    throw new TransferError('fleet-differs', facts);
  };
  if (sizeBytes !== fingerprint.sizeBytes) {
    differs('size', `it has ${sizeBytes} bytes, and the manifest says ${fingerprint.sizeBytes}`);
  }
  if (mtimeNs !== fingerprint.mtimeNs && !ignoreMtime) {
    const times = `it was changed at ${timeOf(mtimeNs)}, and the manifest says ${timeOf(fingerprint.mtimeNs)}`;
    differs('file', times);
  }
}

function timeOf(ns: string): string {
  const [, seconds = '0', fraction = ''] = /^(-?\d*?)(\d{9})$/.exec(ns.padStart(10, '0')) ?? [];
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `${ns} ns`;
  return date.toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
}
