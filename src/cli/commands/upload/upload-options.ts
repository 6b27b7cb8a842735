/** The options of the use case, checked against the target. */
import { checkDescription } from '../../../core/description.js';
import { isLegalPartSize, partSizeUsage } from '../../../core/part-plan.js';
import type { TargetUrl } from '../../../core/target-url.js';
import { TARGETS } from '../../../targets/registry.js';
import type { UploadOptions } from '../../../transfer/upload.js';
import type { StreamOptions } from '../../../transfer/upload-stream.js';
import type { CommandContext } from '../../command.js';
import type { Given } from '../../options/given.js';
import { objectOptions } from '../../options/objects.js';
import { OBJECTS_ONLY } from '../../options/unused.js';
import type { Options } from './command.js';

/** Options of a file or a stream. */
export type SendOptions = UploadOptions & StreamOptions;

interface PartSizeOptions {
  readonly plan: { readonly partSize: number | 'auto' | null };
}

const FOR_OBJECTS = [
  ...objectOptions.options.map(({ long = '' }) => long),
  '--path-style',
  '--request-header',
];

/** @throws TransferError `usage` for what the target does not take */
export function readSendOptions(
  context: Pick<CommandContext<Options>, 'given'> & {
    readonly options: Pick<Options, 'plan' | 'own' | 'objects'>;
  },
  url: TargetUrl,
): Omit<SendOptions, 'file' | 'name'> {
  const { plan, own, objects } = context.options;
  return {
    ...readArchiveOptions(context, url),
    expectedSizeBytes: plan.expectedSize,
    fresh: own.fresh,
    allowEmpty: objects.allowEmpty,
  };
}

/** The options of a new archive, whatever it is made of. */
type ArchiveOptions = Pick<UploadOptions, 'partSizeBytes' | 'description' | 'object'>;

/** @throws TransferError `usage` for what the target does not take */
export function readArchiveOptions(
  { options, given }: Pick<CommandContext<Pick<Options, 'objects'> & PartSizeOptions>, 'options' | 'given'>,
  { scheme }: TargetUrl,
): ArchiveOptions {
  const { object, capabilities } = TARGETS[scheme];
  const { limits } = capabilities;
  const { partSize } = options.plan;
  if (typeof partSize === 'number' && !isLegalPartSize(partSize, limits)) {
    const { why, hint } = partSizeUsage('', limits).facts;
    given.refuse('--part-size', why, hint);
  }
  if (object === null) refuseObjectOptions(given);
  else refuseDescription(given);
  const description = given.checked('--description', checkDescription);
  if (object === null) return { partSizeBytes: partSize, description };
  const { noOverwrite } = options.objects;
  const storageClass = given.checked('--storage-class', object.checkStorageClass);
  return { partSizeBytes: partSize, description: null, object: { storageClass, noOverwrite } };
}

/** Adds what describes a new object to the settings of the target. */
export function withObjectSettings<O extends Pick<Options, 'objects' | 'service'>>(options: O): O {
  const { sse, sseKmsKeyId, tagging } = options.objects;
  const object = { ...options.service.object, sse, sseKmsKeyId, tagging };
  return { ...options, service: { ...options.service, object } };
}

/** Refuses flags alone: variables may be set for both kinds of target. */
function refuseObjectOptions(given: Given): void {
  for (const long of FOR_OBJECTS.filter(given.isTyped)) {
    given.refuse(long, OBJECTS_ONLY.why, OBJECTS_ONLY.hint);
  }
}

function refuseDescription(given: Given): void {
  if (!given.isTyped('--description')) return;
  const hint = 'send a header instead: --request-header x-amz-meta-description=TEXT';
  given.refuse('--description', 'an object has a key, and no description', hint);
}
