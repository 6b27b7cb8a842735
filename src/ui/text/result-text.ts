/** Results that are a line of text on stdout. */
import { formatSize } from '../../core/units.js';
import type { PlanJson } from '../json.js';
import { safeFile } from '../wording/wording-parts.js';
import { safeWhole } from './safe-text.js';

/** What a dry run says of one file. */
export function planText(plan: PlanJson): string {
  const kept = plan.storageClass === null ? '' : `, stored as ${plan.storageClass}`;
  return `${safeFile(plan.file)} to ${safeWhole(plan.target)}: ${amount(plan)}${kept}`;
}

function amount({ size, partSize, parts, requests }: PlanJson): string {
  if (size === null || parts === null) return `parts of ${formatSize(partSize)} until it ends`;
  const cut = parts === 1 ? 'one part' : `${parts} parts of ${formatSize(partSize)}`;
  return `${formatSize(size)} in ${cut}, ${requests} requests`;
}
