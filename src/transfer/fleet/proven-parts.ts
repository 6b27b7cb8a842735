/** Proves that the service holds the parts of the file, by the receipts of the machines or by the file itself. */
import { TransferError } from '../../core/failures.js';
import { hashParts } from '../parts/reread.js';
import { foldInOrder } from '../parts/send.js';
import { isoNow } from '../ports/clock.js';
import type { FleetReceipt } from '../ports/fleet.js';
import type { RecordedPart } from '../ports/state.js';
import { areContradictory, type PartState, partState } from './compare-parts.js';
import type { FinishOptions, FinishSession } from './finish.js';
import {
  type Fleet,
  fittingReceipts,
  fleetGone,
  type HeldParts,
  noticeDamage,
  type Receipts,
  writeReceipts,
} from './fleet.js';
import { allIndexes, differs, incomplete } from './fleet-failures.js';
import { spotCheck } from './spot-check.js';
import { verifiedParts, withFile } from './verified-parts.js';

interface Proof extends FinishOptions {
  /** Undefined for credentials that may not list. */
  readonly held: HeldParts | undefined;
}

type Parts = ReadonlyMap<number, RecordedPart>;

/**
 * Returns what complete needs of each part.
 * @throws TransferError `fleet-incomplete` or `fleet-differs`
 */
export async function provenParts(session: FinishSession, fleet: Fleet, proof: Proof): Promise<Parts> {
  const receipts = await readReceipts(session, fleet);
  if (proof.verify) {
    const verified = await verifiedParts(session, fleet, proof);
    return assertWhole(fleet, verified);
  }
  const parts = receiptedParts(fleet, proof.held, receipts);
  if (fleet.manifest.treeHash === null) await checkCopies(session, fleet, proof, parts);
  const whole = assertWhole(fleet, parts);
  await confirmContested(session, fleet, { parts, receipts });
  return whole;
}

/**
 * Writes the receipts again that are right where machines disagree, so that they are the newest. If this run dies after
 * complete, the next one has no list of the service any more to choose by.
 */
async function confirmContested(
  { clock }: FinishSession,
  fleet: Fleet,
  { parts, receipts }: { readonly parts: ReadonlyMap<number, FleetReceipt>; readonly receipts: Receipts },
): Promise<void> {
  const contested = [...parts].filter(([index]) => areContradictory(receipts.get(index) ?? []));
  const at = isoNow(clock);
  await writeReceipts(
    fleet,
    contested.map(([, receipt]) => ({ ...receipt, at })),
  );
}

/** Compares the parts with the tree hash of the manifest, if it has one. @throws TransferError `fleet-differs` */
function assertWhole(fleet: Fleet, parts: Parts): Parts {
  const { treeHash, plan, path } = fleet.manifest;
  if (treeHash !== null && foldOf(parts, plan.partCount) !== treeHash) {
    throw differs(fleet, path, { why: 'whole', index: null });
  }
  return parts;
}

/** @throws TransferError `fleet-differs` if a part is not one of the file of this machine */
async function checkCopies(
  session: FinishSession,
  fleet: Fleet,
  proof: Proof,
  parts: ReadonlyMap<number, FleetReceipt>,
): Promise<void> {
  const index = await spotCheck(session, fleet, proof, parts);
  if (index !== null) throw differs(fleet, fleet.manifest.path, { why: 'held', index });
}

function foldOf(parts: Parts, partCount: number): string {
  return foldInOrder(new Map([...parts].map(([index, part]) => [index, part.treeHash])), partCount);
}

async function readReceipts(session: FinishSession, fleet: Fleet): Promise<Receipts> {
  const reading = await fleet.folder.readReceipts(null);
  noticeDamage(session, fleet, reading);
  return fittingReceipts(fleet.manifest, reading);
}

/** Believes the receipts whose checksums are the service's. */
function receiptedParts(
  fleet: Fleet,
  held: HeldParts | undefined,
  receipts: Receipts,
): ReadonlyMap<number, FleetReceipt> {
  const { path, fingerprint, treeHash } = fleet.manifest;
  const ofIndex = (index: number) => receipts.get(index) ?? [];
  const states = allIndexes(fleet).map((index) => ({ index, ...partState(held, ofIndex(index), index) }));
  const indexesIn = (wanted: PartState['state']): number[] =>
    states.filter(({ state }) => state === wanted).map(({ index }) => index);
  const [different] = indexesIn('different');
  if (different !== undefined) throw differs(fleet, path, { why: 'held', index: different });
  const [missing, unreceipted] = [indexesIn('missing'), indexesIn('unreceipted')];
  if (missing.length + unreceipted.length > 0) throw incomplete(fleet, missing, unreceipted);
  const confirmed = new Map<number, FleetReceipt>();
  for (const each of states) if (each.state === 'confirmed') confirmed.set(each.index, each.receipt);
  if (treeHash === null) {
    const contradictory = states.find(({ index }) => areContradictory(ofIndex(index)));
    if (contradictory !== undefined)
      throw differs(fleet, path, { why: 'receipts', index: contradictory.index });
    const unproven = [...confirmed].find(([, { mtimeNs }]) => mtimeNs !== fingerprint.mtimeNs);
    if (unproven !== undefined) throw differs(fleet, path, { why: 'unproven', index: unproven[0] });
  }
  return confirmed;
}

/**
 * Returns the parts of an upload that the service no longer has, from all receipts, or from the file. Receipts that make
 * the whole for which an earlier run sent complete are right, even if another machine disagrees.
 * @throws TransferError `gone` if neither has them all
 */
export async function hashWhole(
  session: FinishSession,
  fleet: Fleet,
  options: FinishOptions,
): Promise<Parts> {
  const { plan } = fleet.manifest;
  const { completing } = await fleet.folder.readEnd();
  const receipts = await readReceipts(session, fleet);
  const newest = newestParts(fleet, receipts);
  if (newest !== null && foldOf(newest, plan.partCount) === completing?.treeHash) return newest;
  if (options.verify) {
    return withFile(session, fleet, options, (source) =>
      hashParts(session, { source, plan, indexes: allIndexes(fleet) }),
    );
  }
  if (newest !== null) return receiptedParts(fleet, undefined, receipts);
  const { uploadId: name } = fleet.manifest;
  const missing = new TransferError('not-found', { what: 'upload', name, detail: null });
  throw fleetGone(missing, fleet, completing !== null);
}

/** Returns the newest receipt of each part; null if there is a part without one. */
function newestParts(fleet: Fleet, receipts: Receipts): Parts | null {
  const parts = new Map<number, RecordedPart>();
  for (const index of allIndexes(fleet)) {
    const newest = partState(undefined, receipts.get(index) ?? [], index);
    if (newest.state !== 'confirmed') return null;
    parts.set(index, newest.receipt);
  }
  return parts;
}
