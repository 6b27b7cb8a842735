/** Compares and sends the parts of one share, and writes a receipt for each. */
import { bytesOf, partRange } from '../../core/part-plan.js';
import { fileJobs } from '../parts/pipeline.js';
import { assertUnchanged, compareRemoteParts, type PartsRecord } from '../parts/reread.js';
import { sendParts } from '../parts/send.js';
import { isoNow } from '../ports/clock.js';
import type { FleetReceipt, ReceiptWriter } from '../ports/fleet.js';
import type { PreparedPart, Source } from '../ports/source.js';
import type { RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';
import { partState } from './compare-parts.js';
import { type Fleet, fittingReceipts, type HeldParts, listHeld, noticeDamage } from './fleet.js';
import { differs } from './fleet-failures.js';
import type { SendOptions, SendSession } from './send.js';

/** One share, while it is sent. */
export interface Share {
  readonly fleet: Fleet;
  readonly options: SendOptions;
  readonly source: Source;
  readonly writer: ReceiptWriter;
  readonly indexes: readonly number[];
}

export interface Sent {
  readonly sent: readonly number[];
  readonly reused: number;
  readonly isFinished?: boolean;
}

/**
 * Sends the parts of a share that the service does not hold, after those were compared that it holds.
 * @throws TransferError `fleet-differs` if one of them has other bytes
 */
export async function sendMissing(session: SendSession, share: Share): Promise<Sent> {
  const { fleet, options, indexes } = share;
  const reading = await fleet.folder.readReceipts(options.shard);
  noticeDamage(session, fleet, reading);
  const receipts = fittingReceipts(fleet.manifest, reading);
  const held = await listHeld(session, fleet);
  const states = indexes.map((index) => {
    const ours = receipts.get(index)?.filter((receipt) => isOfFile(receipt, share.source)) ?? [];
    return { index, ...partState(held, ours, index) };
  });
  const wanted = states.filter(({ state }) => state !== 'confirmed').map(({ index }) => index);
  reportStarted(session, share, new Set(wanted));
  share.source.expectParts(wanted.length);
  const different = await compareHeld(session, share, held, wanted);
  const [index] = different;
  if (index !== undefined && !options.replace) {
    throw differs(fleet, share.source.path, { why: 'held', index });
  }
  const missing = states.filter(({ state }) => state === 'missing').map(({ index }) => index);
  const sent = [...missing, ...different];
  await sendAll(session, share, sent);
  return { sent, reused: indexes.length - sent.length };
}

/**
 * Returns true if the sender of a receipt has read this very file, on this machine or on a disk that both see. The file of
 * any other sender may have other bytes, so that this machine reads its own one and compares.
 */
function isOfFile({ mtimeNs, ctimeNs, inode }: FleetReceipt, { fingerprint: file }: Source): boolean {
  return mtimeNs === file.mtimeNs && ctimeNs === file.ctimeNs && inode === file.inode;
}

function reportStarted(
  { report }: SendSession,
  { fleet, indexes, source }: Share,
  wanted: ReadonlySet<number>,
): void {
  const { manifest, words } = fleet;
  const { plan, uploadId, target } = manifest;
  const reused = indexes.filter((index) => !wanted.has(index));
  report({
    type: 'started',
    file: source.path,
    target: target.url,
    uploadId,
    plan: { ...plan, sizeBytes: bytesOf(plan, indexes), partCount: indexes.length },
    reusedParts: reused.length,
    reusedBytes: bytesOf(plan, reused),
    resumed: true,
    orphan: null,
    fleet: words,
  });
}

/**
 * Reads the parts that the service holds without a receipt of this share, and compares them. A part that differs is listed
 * and compared once more, because another run may just have replaced it.
 * @returns the indexes of those that differ
 */
async function compareHeld(
  session: SendSession,
  share: Share,
  held: HeldParts | undefined,
  wanted: readonly number[],
): Promise<number[]> {
  const first = await compareWith(session, share, { held, wanted, isLast: false });
  if (first.length === 0) return [];
  const again = await listHeld(session, share.fleet);
  return compareWith(session, share, { held: again, wanted: first, isLast: !share.options.replace });
}

interface Comparison {
  readonly held: HeldParts | undefined;
  readonly wanted: readonly number[];
  /** True if the run refuses to go on with a part that still differs. */
  readonly isLast: boolean;
}

async function compareWith(
  session: SendSession,
  share: Share,
  { held, wanted, isLast }: Comparison,
): Promise<number[]> {
  const toCompare = new Map<number, RemotePart>();
  const unclear: number[] = [];
  for (const index of wanted) {
    const part = held?.get(index);
    if (part === null) unclear.push(index);
    else if (part !== undefined) toCompare.set(index, part);
  }
  const record: PartsRecord = {
    upload: { head: share.fleet.manifest },
    recordPart: (index, part) => recordReceipt(session, share, index, part),
    // finish must know that the machines do not agree, whoever is right.
    recordDifferent: async (index, part) => {
      if (isLast) await recordReceipt(session, share, index, { ...part, isDispute: true });
    },
  };
  const different = await compareRemoteParts(
    session,
    { source: share.source, journal: record },
    toCompare,
    new Map(),
  );
  return [...unclear, ...different].sort((a, b) => a - b);
}

async function sendAll(session: SendSession, share: Share, indexes: readonly number[]): Promise<void> {
  const { source } = share;
  const { plan, uploadId } = share.fleet.manifest;
  const hashes = () => session.target.partHashes(uploadId);
  await sendParts(session, {
    uploadId,
    jobs: fileJobs({ source, plan, indexes, hashes }),
    sizeBytes: plan.sizeBytes,
    record: ({ range }: PreparedPart, part) => recordReceipt(session, share, range.index, part),
  });
}

/**
 * Writes a receipt, which says that the service holds these bytes of this file. A file that changed since it was opened
 * gets none: the receipt names its modification time.
 */
async function recordReceipt(
  { clock }: SendSession,
  { fleet, options, source, writer }: Share,
  index: number,
  part: RecordedPart & Pick<FleetReceipt, 'isDispute'>,
): Promise<void> {
  await assertUnchanged(source);
  const { sizeBytes } = partRange(fleet.manifest.plan, index);
  const { shard, host } = options;
  const { mtimeNs, ctimeNs, inode } = source.fingerprint;
  const file = { mtimeNs, ctimeNs, inode };
  await writer.record({ shard, index, sizeBytes, ...part, ...file, host, at: isoNow(clock) });
}
