/** Results that are a line of text on stdout. */
import { formatSize } from '../core/units.js';
import type { PlanJson } from './json.js';
import { safeWhole } from './safe-text.js';

/** What a dry run says of one file. */
export function planText(plan: PlanJson): string {
  const parts = plan.parts === 1 ? 'one part' : `${plan.parts} parts of ${formatSize(plan.partSize)}`;
  const kept = plan.storageClass === null ? '' : `, stored as ${plan.storageClass}`;
  return `${safeWhole(plan.file)} to ${safeWhole(plan.target)}: ${formatSize(plan.size)} in ${parts}, ${plan.requests} requests${kept}`;
}
