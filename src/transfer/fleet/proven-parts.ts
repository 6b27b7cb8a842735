/** Proves that the service holds the parts of the file, by the receipts of the machines or by the file itself. */
import { type FailureFacts, TransferError } from '../../core/failures.js';
import { shardOf } from '../../core/fleet.js';
import { partRange } from '../../core/part-plan.js';
import { listAllParts } from '../list.js';
import { compareRemoteParts, hashParts } from '../parts/reread.js';
import { foldInOrder } from '../parts/send.js';
import { isoNow } from '../ports/clock.js';
import type { FleetReceipt } from '../ports/fleet.js';
import type { Source } from '../ports/source.js';
import type { RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';
import { areContradictory, type PartState, partState, shardsOf } from './compare-parts.js';
import type { FinishOptions, FinishSession } from './finish.js';
import {
  type Fleet,
  fittingReceipts,
  fleetGone,
  type HeldParts,
  noticeDamage,
  type Receipts,
} from './fleet.js';
import { checkFile } from './manifest-facts.js';
import { spotCheck } from './spot-check.js';

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
    const verified = await verifiedParts(session, fleet, { ...proof, receipts });
    return assertWhole(fleet, verified);
  }
  const parts = receiptedParts(fleet, proof.held, receipts);
  if (fleet.manifest.treeHash === null) await checkCopies(session, fleet, proof, parts);
  return assertWhole(fleet, parts);
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

function differs(
  { words: fleet, manifest }: Fleet,
  path: string,
  { why, index }: Pick<FailureFacts['fleet-differs'], 'why' | 'index'>,
): TransferError<'fleet-differs'> {
  const shard = index === null ? null : shardOf(index, manifest.plan.partCount, manifest);
  return new TransferError('fleet-differs', { fleet, path, why, index, shard, detail: null });
}

function incomplete(
  { words: fleet, manifest }: Fleet,
  missing: readonly number[],
  unreceipted: readonly number[],
): TransferError<'fleet-incomplete'> {
  const { plan } = manifest;
  return new TransferError('fleet-incomplete', {
    fleet,
    shards: shardsOf([...missing, ...unreceipted], plan, manifest),
    partCount: plan.partCount,
    missing: missing.length,
    unreceipted: unreceipted.length,
  });
}

function allIndexes({ manifest }: Fleet): number[] {
  return [...Array(manifest.plan.partCount).keys()];
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

/** Opens the file of this machine, which must be the one that the upload was created for. */
async function withFile<T>(
  session: FinishSession,
  { manifest, words: fleet }: Fleet,
  { file }: FinishOptions,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const source = await session.openSource(file ?? manifest.path);
  try {
    checkFile(manifest, source, { ignoreMtime: false, fleet });
    source.expectParts(manifest.plan.partCount);
    const result = await work(source);
    if ((await source.compareNow()) !== 'changed') return result;
    throw new TransferError('source', { path: source.path, why: 'changed', detail: null });
  } finally {
    await source.close();
  }
}

/**
 * Reads the file, and compares every part with the service's. Receipts are written for those that are equal, so that a
 * later run need not read the file again.
 */
function verifiedParts(
  session: FinishSession,
  fleet: Fleet,
  proof: Proof & { readonly receipts: Receipts },
): Promise<Parts> {
  return withFile(session, fleet, proof, async (source) => {
    const held = proof.held ?? (await listedAgain(session, fleet));
    const missing = allIndexes(fleet).filter((index) => !held.has(index));
    if (missing.length > 0) throw incomplete(fleet, missing, []);
    const equal = new Map<number, RecordedPart>();
    const record = {
      upload: { head: fleet.manifest },
      recordPart: async (index: number, part: RecordedPart) => void equal.set(index, part),
    };
    const usable = new Map([...held].filter((each): each is [number, RemotePart] => each[1] !== null));
    await compareRemoteParts(session, { source, journal: record }, usable, new Map());
    const different = allIndexes(fleet).find((index) => !equal.has(index));
    if (different !== undefined) throw differs(fleet, source.path, { why: 'held', index: different });
    await writeReceipts(session, fleet, equal, source);
    return equal;
  });
}

/** Fails with the service's refusal, for credentials that may not list: nothing can be compared then. */
async function listedAgain({ target, signal }: FinishSession, { manifest }: Fleet): Promise<HeldParts> {
  const { parts } = await listAllParts(target, manifest.uploadId, signal, manifest.plan.partSizeBytes);
  return new Map(parts.map((part) => [part.startByte / manifest.plan.partSizeBytes, part]));
}

async function writeReceipts(
  { clock }: FinishSession,
  fleet: Fleet,
  parts: Parts,
  { fingerprint }: Source,
): Promise<void> {
  const { plan } = fleet.manifest;
  const { mtimeNs, ctimeNs, inode } = fingerprint;
  const file = { mtimeNs, ctimeNs, inode, host: 'finish --verify' };
  for (const shard of shardsOf(parts.keys(), plan, fleet.manifest)) {
    const writer = await fleet.folder.openReceipts(shard);
    try {
      for (const [index, part] of parts) {
        if (shardOf(index, plan.partCount, fleet.manifest) !== shard) continue;
        const { sizeBytes } = partRange(plan, index);
        const at = isoNow(clock);
        await writer.record({ shard, index, sizeBytes, ...part, ...file, at });
      }
      await writer.sync();
    } finally {
      await writer.close();
    }
  }
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
