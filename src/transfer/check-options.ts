/** Checks that the options of this run agree with the unfinished upload that it continues. */
import { TransferError } from '../core/failures.js';
import type { PartLimits } from '../core/part-plan.js';
import { formatSize, formatSizeOption } from '../core/units.js';
import type { UnfinishedUpload } from './ports/state.js';
import type { UploadOptions } from './upload.js';

/**
 * @param limits those of the target, which --max-parts may have lowered
 * @throws TransferError `usage` for an option that differs from what the upload was created with: a service does not
 * let an upload change
 */
export function checkOptions(
  options: UploadOptions,
  { head }: UnfinishedUpload,
  { partsMax }: PartLimits,
): void {
  const { plan, description } = head;
  const { partSizeBytes } = options;
  if (typeof partSizeBytes === 'number' && partSizeBytes !== plan.partSizeBytes) {
    refuse(
      `--part-size ${formatSizeOption(partSizeBytes)}`,
      `has parts of ${formatSize(plan.partSizeBytes)}`,
    );
  }
  if (plan.partCount > partsMax) refuse(`--max-parts ${partsMax}`, `has ${plan.partCount} parts`);
  if (options.description !== null && options.description !== description) {
    refuse('--description', `has the description ${JSON.stringify(description)}`);
  }
  const wanted = options.object?.storageClass ?? null;
  const current = head.object?.storageClass ?? null;
  if (wanted !== null && wanted !== current) {
    const has = current === null ? "has the bucket's class" : `has the class ${current}`;
    refuse(`--storage-class ${wanted}`, has);
  }
  if (options.object?.noOverwrite === true && head.object?.noOverwrite !== true) {
    refuse('--no-overwrite', 'was created to replace an existing object');
  }
}

function refuse(what: string, has: string): never {
  throw new TransferError('usage', {
    what,
    why: `this file's unfinished upload ${has}, which cannot be changed after the upload was created`,
    hint: 'omit the option to resume that upload, or create a new one with --fresh',
  });
}
