/** The plan of one file, which a dry run prints: as JSON, and as a line of text. */
import { formatSize } from '../core/units.js';
import { safeWhole } from './text/safe-text.js';
import { safeFile } from './wording/wording-parts.js';

export interface PlanJson {
  readonly type: 'plan';
  readonly file: string;
  readonly target: string;
  /** For a stream, its expected size; null if that is not known. */
  readonly size: number | null;
  readonly partSize: number;
  readonly parts: number | null;
  /** The number of requests to the service if none has to be repeated. */
  readonly requests: number | null;
  readonly storageClass: string | null;
}

export function planJson(plan: Omit<PlanJson, 'type'>): PlanJson {
  const { file, target, size, partSize, parts, requests, storageClass } = plan;
  return { type: 'plan', file, target, size, partSize, parts, requests, storageClass };
}

export function planText(plan: PlanJson): string {
  const stored = plan.storageClass === null ? '' : `, stored as ${plan.storageClass}`;
  return `${safeFile(plan.file)} to ${safeWhole(plan.target)}: ${amount(plan)}${stored}`;
}

function amount({ size, partSize, parts, requests }: PlanJson): string {
  if (size === null || parts === null) return `parts of ${formatSize(partSize)} until the stream ends`;
  const cut = parts === 1 ? 'one part' : `${parts} parts of ${formatSize(partSize)}`;
  return `${formatSize(size)} in ${cut}, ${requests} request${requests === 1 ? '' : 's'}`;
}
