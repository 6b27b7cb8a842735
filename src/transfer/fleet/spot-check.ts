/**
 * Compares a few parts with the file before a fleet's upload is completed. Machines with copies of the file may have another
 * file, of the same size and the same time: one part of each copy shows that, unless it differs in a few places only.
 */
import { isFailure } from '../../core/failures.js';
import { partRange } from '../../core/part-plan.js';
import { compareRemoteParts } from '../parts/reread.js';
import type { FleetManifest, FleetReceipt } from '../ports/fleet.js';
import type { Source } from '../ports/source.js';
import type { RemotePart } from '../ports/target.js';
import type { FinishOptions, FinishSession } from './finish.js';
import type { Fleet } from './fleet.js';
import { checkFile } from './manifest-facts.js';

/** As many copies are checked, or as many bytes as follow, whichever is more. */
const COPIES_CHECKED = 8;
const BYTES_CHECKED = 1024 ** 3;

/**
 * @param confirmed the receipt of each part, by index
 * @returns the index of a part that is not one of the file of this machine; null: none was found, or there is no such file
 */
export async function spotCheck(
  session: FinishSession,
  fleet: Fleet,
  options: FinishOptions,
  confirmed: ReadonlyMap<number, FleetReceipt>,
): Promise<number | null> {
  const source = await openIfThere(session, fleet, options);
  if (source === null) return null;
  try {
    const chosen = chooseParts(fleet.manifest, confirmed, source);
    const record = { upload: { head: fleet.manifest }, recordPart: async () => undefined };
    const parts = new Map(chosen.map((receipt) => [receipt.index, asHeld(fleet.manifest, receipt)]));
    const [different = null] = await compareRemoteParts(
      { ...session, report: () => undefined },
      { source, journal: record },
      parts,
      new Map(),
    );
    return different;
  } finally {
    await source.close();
  }
}

/** Returns null if this machine does not have the file. A file that the user named must be the right one. */
async function openIfThere(
  session: FinishSession,
  { manifest, words: fleet }: Fleet,
  { file }: FinishOptions,
): Promise<Source | null> {
  let source: Source | null = null;
  try {
    source = await session.openSource(file ?? manifest.path);
    checkFile(manifest, source, { ignoreMtime: false, fleet });
    return source;
  } catch (error) {
    await source?.close();
    const isOther = isFailure(error, 'fleet-differs') || isFailure(error, 'source');
    if (!isOther || file !== null) throw error;
    return null;
  }
}

/** Returns one receipt of each copy that is not the file of this machine, in any order. */
function chooseParts(
  { plan }: FleetManifest,
  confirmed: ReadonlyMap<number, FleetReceipt>,
  { fingerprint: file }: Source,
): FleetReceipt[] {
  const copies = new Map<string, FleetReceipt[]>();
  for (const receipt of confirmed.values()) {
    const { host, inode, ctimeNs } = receipt;
    if (inode === file.inode && ctimeNs === file.ctimeNs) continue;
    const copy = `${inode} ${ctimeNs} ${host}`;
    copies.set(copy, [...(copies.get(copy) ?? []), receipt]);
  }
  const chosen: FleetReceipt[] = [];
  let bytes = 0;
  for (const receipts of [...copies.values()].sort(() => Math.random() - 0.5)) {
    const receipt = receipts[Math.floor(Math.random() * receipts.length)];
    if (receipt === undefined || (chosen.length >= COPIES_CHECKED && bytes >= BYTES_CHECKED)) break;
    chosen.push(receipt);
    bytes += partRange(plan, receipt.index).sizeBytes;
  }
  return chosen;
}

function asHeld({ plan }: FleetManifest, { index, treeHash }: FleetReceipt): RemotePart {
  const { startByte, endByte } = partRange(plan, index);
  return { index, startByte, endByte, treeHash, etag: null };
}
