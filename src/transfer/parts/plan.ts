/** What can be said of a file and a service's limits before the service is asked anything. */
import { TransferError, withContext } from '../../core/failures.js';
import { type PartLimits, type PartPlan, planParts } from '../../core/part-plan.js';
import type { OpenSource, Source } from '../ports.js';

export interface PlanOptions {
  readonly file: string;
  /** Null: auto. */
  readonly partSizeBytes: number | 'auto' | null;
}

/**
 * The plan of an open file. @throws TransferError `source` (`empty`): a vault has no empty archives; `limit`
 */
export function planSource(source: Source, options: PlanOptions, limits: PartLimits): PartPlan {
  const { sizeBytes } = source.fingerprint;
  if (sizeBytes < limits.sizeMinBytes) {
    throw new TransferError('source', { path: source.path, why: 'empty', detail: null });
  }
  return planParts(sizeBytes, options.partSizeBytes ?? 'auto', limits);
}

/** Opens a file just to plan it. @throws TransferError `source`, `limit` */
export async function planFile(
  open: OpenSource,
  options: PlanOptions,
  limits: PartLimits,
): Promise<PartPlan> {
  const source = await open(options.file);
  try {
    return planSource(source, options, limits);
  } catch (error) {
    throw withContext(error, { file: source.path });
  } finally {
    await source.close();
  }
}
