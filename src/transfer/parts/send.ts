/** Sends parts through the pipeline and records each one that arrived. */
import { isFailure, type TransferError, wrapFailure } from '../../core/failures.js';
import type { PartLimits } from '../../core/part-plan.js';
import { foldPartHashes, type TreeHash } from '../../core/tree-hash.js';
import type { PreparedPart } from '../ports/source.js';
import type { RecordedPart } from '../ports/state.js';
import type { Session } from '../session.js';
import { type Pipeline, runPipeline } from './pipeline.js';

/** The members of a session that sending parts needs. */
export type PartSession = Pick<Session, 'target' | 'report' | 'concurrency' | 'signal'>;

export interface PartsToSend {
  readonly uploadId: string;
  readonly jobs: Pipeline['jobs'];
  /** The size of the whole; null: unknown until the stream ends. */
  readonly sizeBytes: number | null;
  /** Returns the record of a part that the service holds already, so that it is not sent; null: send it. */
  readonly findHeld?: (part: PreparedPart) => Promise<RecordedPart | null>;
  /** Called for each part that the service has confirmed. */
  readonly record: (part: PreparedPart, recorded: RecordedPart) => Promise<void>;
  /** Returns true to leave out a part that the service refused as damaged, instead of failing. */
  readonly skipDamaged?: (index: number) => boolean;
}

/** @throws TransferError `not-found` (upload), `source`, `checksum`, `too-slow`, `unreachable`; the errors of `record` */
export async function sendParts(session: PartSession, parts: PartsToSend): Promise<void> {
  const { target, report, concurrency, signal } = session;
  const deliver = async (part: PreparedPart, either: AbortSignal): Promise<void> => {
    const { index, sizeBytes } = part.range;
    const held = (await parts.findHeld?.(part)) ?? null;
    if (held !== null) {
      await parts.record(part, held);
      report({ type: 'part', index, sizeBytes, reused: true });
      return;
    }
    report({ type: 'sending', index });
    const watch = (sentBytes: number): boolean => {
      report({ type: 'progress', index, sentBytes });
      return false;
    };
    try {
      const { etag } = await target.sendPart(parts.uploadId, part, either, watch);
      await parts.record(part, recordOf(part, etag));
    } catch (error) {
      if (isFailure(error, 'checksum') && parts.skipDamaged?.(index) === true) return;
      if (!isFailure(error, 'too-slow')) throw error;
      throw withPossiblePartSize(error, parts.sizeBytes, target.capabilities.limits);
    }
    report({ type: 'part', index, sizeBytes, reused: false });
  };
  await runPipeline({ jobs: parts.jobs, concurrency, signal, deliver });
}

/** Never suggests a part size that would cut this file into more parts than the service takes. */
function withPossiblePartSize(
  error: TransferError<'too-slow'>,
  sizeBytes: number | null,
  { partsMax }: PartLimits,
): TransferError<'too-slow'> {
  const { fittingPartSizeBytes } = error.facts;
  if (sizeBytes === null || fittingPartSizeBytes === null) return error;
  if (sizeBytes <= partsMax * fittingPartSizeBytes) return error;
  return wrapFailure(error, 'too-slow', { ...error.facts, fittingPartSizeBytes: null });
}

/** Returns what the journal keeps of a part that the service holds. */
export function recordOf({ treeHash, digests }: PreparedPart, etag: string | null): RecordedPart {
  const { sha256: linearHash = null, crc32 } = digests;
  return { treeHash, linearHash, ...(crc32 !== undefined && { crc32 }), ...(etag !== null && { etag }) };
}

/** Returns the tree hash of the whole, from the hashes of its parts by index. */
export function foldInOrder(hashes: ReadonlyMap<number, TreeHash>, partCount: number): TreeHash {
  const ordered: TreeHash[] = [];
  for (let index = 0; index < partCount; index += 1) {
    const hash = hashes.get(index);
    if (hash === undefined) throw new Error(`part ${index} of ${partCount} was neither sent nor held`);
    ordered.push(hash);
  }
  return foldPartHashes(ordered);
}
