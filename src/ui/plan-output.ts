/** The words of a dry run about one file: as JSON, and as a line of text. */
import { formatSize } from '../core/units.js';
import { safeWhole } from './text/safe-text.js';
import { formatTimestamp } from './text/timestamps.js';
import { safeFile } from './wording/wording-parts.js';

export interface PlanJson {
  readonly type: 'plan';
  readonly file: string;
  readonly target: string;
  /** `new`: creates an upload. `continue`: continues `uploadId`. `skip`: `archiveId` has the file already. */
  readonly action: 'new' | 'continue' | 'skip';
  /** For a stream, its expected size; null if that is not known. */
  readonly size: number | null;
  readonly partSize: number;
  readonly parts: number | null;
  /** The recorded parts of the upload that is continued, else null. */
  readonly partsDone: number | null;
  /** The number of requests to the service if none has to be repeated. */
  readonly requests: number | null;
  readonly storageClass: string | null;
  readonly uploadId: string | null;
  readonly archiveId: string | null;
  readonly archivedAt: string | null;
}

export function planJson(plan: Omit<PlanJson, 'type'>): PlanJson {
  const { file, target, action, size, partSize, parts, partsDone, requests, storageClass } = plan;
  const { uploadId, archiveId, archivedAt } = plan;
  const about = { file, target, action, size, partSize, parts, partsDone, requests, storageClass };
  return { type: 'plan', ...about, uploadId, archiveId, archivedAt };
}

export function planText(plan: PlanJson): string {
  return `${safeFile(plan.file)} to ${safeWhole(plan.target)}: ${deed(plan)}`;
}

function deed(plan: PlanJson): string {
  const { action, partsDone, parts, uploadId, archiveId, archivedAt } = plan;
  if (action === 'skip') {
    return `skip, archived on ${formatTimestamp(archivedAt ?? '')} as ${safeWhole(archiveId ?? '')}`;
  }
  const stored = plan.storageClass === null ? '' : `, stored as ${plan.storageClass}`;
  if (action === 'new') return `new, ${amount(plan)}${stored}`;
  const done = `${partsDone} of ${parts} parts are done`;
  return `continue, ${amount(plan)}${stored}, ${done}, upload ${safeWhole(uploadId ?? '')}`;
}

function amount({ size, partSize, parts, requests }: PlanJson): string {
  if (size === null || parts === null) return `parts of ${formatSize(partSize)} until the stream ends`;
  const cut = parts === 1 ? 'one part' : `${parts} parts of ${formatSize(partSize)}`;
  return `${formatSize(size)} in ${cut}, ${requests} ${requests === 1 ? 'request' : 'requests'}`;
}
