/** Proves that the service holds the parts of the file, by reading the file. */
import { shardOf } from '../../core/fleet.js';
import { partRange } from '../../core/part-plan.js';
import { listAllParts } from '../list.js';
import { assertUnchanged, compareRemoteParts } from '../parts/reread.js';
import { isoNow } from '../ports/clock.js';
import type { FleetReceipt } from '../ports/fleet.js';
import type { Source } from '../ports/source.js';
import type { RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';
import type { FinishOptions, FinishSession } from './finish.js';
import { type Fleet, type HeldParts, writeReceipts } from './fleet.js';
import { allIndexes, differs, incomplete } from './fleet-failures.js';
import { checkFile } from './manifest-facts.js';

type Parts = ReadonlyMap<number, RecordedPart>;

/** Opens the file of this machine, which must be the one that the upload was created for. */
export async function withFile<T>(
  session: FinishSession,
  { manifest, words: fleet }: Fleet,
  { file, ignoreMtime }: FinishOptions,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const source = await session.openSource(file ?? manifest.path);
  try {
    checkFile(manifest, source, { ignoreMtime, fleet });
    source.expectParts(manifest.plan.partCount);
    const result = await work(source);
    await assertUnchanged(source);
    return result;
  } finally {
    await source.close();
  }
}

/**
 * Reads the file, and compares every part with the service's. Receipts are written for those that are equal, so that a
 * later run need not read the file again.
 */
export function verifiedParts(
  session: FinishSession,
  fleet: Fleet,
  proof: FinishOptions & { readonly held: HeldParts | undefined },
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
    await writeReceipts(fleet, receiptsOf(session, fleet, equal, source));
    return equal;
  });
}

/** Fails with the service's refusal, for credentials that may not list: nothing can be compared then. */
async function listedAgain({ target, signal }: FinishSession, { manifest }: Fleet): Promise<HeldParts> {
  const { parts } = await listAllParts(target, manifest.uploadId, signal, manifest.plan.partSizeBytes);
  return new Map(parts.map((part) => [part.startByte / manifest.plan.partSizeBytes, part]));
}

/** Returns the receipts of parts that finish has compared with the file of this machine. */
function receiptsOf(
  { clock }: FinishSession,
  { manifest }: Fleet,
  parts: Parts,
  { fingerprint }: Source,
): FleetReceipt[] {
  const { plan } = manifest;
  const { mtimeNs, ctimeNs, inode } = fingerprint;
  const common = { mtimeNs, ctimeNs, inode, host: 'finish --verify', at: isoNow(clock) };
  return [...parts].map(([index, part]) => {
    const shard = shardOf(index, plan.partCount, manifest);
    return { shard, index, sizeBytes: partRange(plan, index).sizeBytes, ...part, ...common };
  });
}
