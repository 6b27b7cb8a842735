/** Plans the upload of a file or a stream before the service is asked. */
import { isStandardInput } from '../../../core/identity.js';
import { limitParts, type OpenPlan, planStream } from '../../../core/part-plan.js';
import type { TargetUrl } from '../../../core/target-url.js';
import { inspectFile } from '../../../source/open-file.js';
import { TARGETS } from '../../../targets/registry.js';
import { planFile } from '../../../transfer/parts/plan.js';
import type { SendOptions } from './upload-options.js';

/** One file or stream, and the object or the vault that it becomes. */
export interface PlanJob {
  readonly request: Pick<SendOptions, 'file' | 'partSizeBytes' | 'expectedSizeBytes'>;
  readonly url: TargetUrl;
}

export interface Planned {
  /** The real path of the file, or `-`. */
  readonly path: string;
  readonly plan: OpenPlan;
}

/** @throws TransferError `source`, `usage`, `limit` */
export async function planOf({ request, url }: PlanJob, maxParts: number | null): Promise<Planned> {
  const own = TARGETS[url.scheme].capabilities.limits;
  const limits = maxParts === null ? own : limitParts(own, maxParts);
  if (!isStandardInput(request.file)) {
    const file = await inspectFile(request.file);
    return { path: file.path, plan: planFile(file, request.partSizeBytes, limits) };
  }
  const plan = planStream(request.expectedSizeBytes, request.partSizeBytes ?? 'auto', limits);
  return { path: request.file, plan };
}
