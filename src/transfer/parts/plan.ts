/** The part plan of a file: the checks that need no service. */
import { TransferError } from '../../core/failures.js';
import { type PartLimits, type PartPlan, planParts } from '../../core/part-plan.js';

/** A file's path and size, as far as a plan needs them. */
export interface FileSize {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Returns the plan of a file.
 * @param partSizeBytes null: auto
 * @throws TransferError `source` (`empty`): a vault has no empty archives; `limit`
 */
export function planFile(
  { path, sizeBytes }: FileSize,
  partSizeBytes: number | 'auto' | null,
  limits: PartLimits,
): PartPlan {
  if (sizeBytes < limits.sizeMinBytes) {
    throw new TransferError('source', { path, why: 'empty', detail: null });
  }
  return planParts(sizeBytes, partSizeBytes ?? 'auto', limits);
}
