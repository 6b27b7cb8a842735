/** The words of `calve resume` that name a stream. */
import { TransferError } from '../../../core/failures.js';
import { STANDARD_INPUT_WORD } from '../../../core/identity.js';
import { isLegalPartSize, partSizeUsage } from '../../../core/part-plan.js';
import { checkStreamName } from '../../../core/stream-name.js';
import { looksLikeTarget, parseTargetUrl, type TargetUrl, urlOfFile } from '../../../core/target-url.js';
import { TARGETS } from '../../../targets/registry.js';
import type { ResumeStreamOptions } from '../../../transfer/resume-stream.js';
import type { CommandContext } from '../../command.js';
import { checkKey } from '../../object-key.js';
import { readCommandWords, refuseTerminal } from '../../stream-words.js';
import type { Options } from './command.js';

const COMMAND = {
  name: 'resume',
  commandExample: 'calve resume glacier://photos --upload-id=ID --from-command -- tar -c photos',
  pipeExample: 'tar -c photos | calve resume - glacier://photos --upload-id=ID',
} as const;

/** A stream that is sent once more, and the upload that it continues. */
export interface StreamWords extends ResumeStreamOptions {
  readonly url: TargetUrl;
  /** The command to run and its arguments; null: standard input. */
  readonly command: readonly string[] | null;
}

export function misused(why: string): TransferError<'usage'> {
  return new TransferError('usage', {
    what: 'resume',
    why,
    hint: 'calve list-uploads TARGET shows the ids; then: calve resume FILE TARGET --upload-id=ID',
  });
}

/**
 * @returns null if the words name no stream
 * @throws TransferError `usage`
 */
export function readStreamWords(
  context: CommandContext<Options>,
  words: readonly string[],
): StreamWords | null {
  const { io, options, given } = context;
  const { uploadId } = options.own;
  const { fromCommand } = options.stream;
  if (!fromCommand && !words.includes(STANDARD_INPUT_WORD)) {
    for (const long of ['--name', '--part-size'].filter(given.isTyped)) {
      given.refuse(long, 'only a stream needs it here', 'it is for standard input and --from-command');
    }
    return null;
  }
  const { target, command } = fromCommand
    ? readCommandWords(words, io, COMMAND)
    : { target: targetOf(words), command: null };
  if (uploadId === null) throw misused('a stream is sent again into one upload: name it with --upload-id');
  const name = given.checked('--name', checkStreamName);
  const parsed = parseTargetUrl(target);
  const url = name === null ? parsed : urlOfFile(parsed, name);
  checkKey(url, 'resume');
  const partSizeBytes = partSizeOf(context, url);
  if (command === null) refuseTerminal(io, COMMAND);
  return { url, command, uploadId, name, partSizeBytes, isPartSizeTyped: given.isTyped('--part-size') };
}

/** @throws TransferError `usage` */
function targetOf([source, target = '', ...others]: readonly string[]): string {
  if (source === STANDARD_INPUT_WORD && looksLikeTarget(target) && others.length === 0) return target;
  throw misused('standard input is sent into one upload: - TARGET --upload-id=ID');
}

/** A variable may be set for uploads: it counts only where the parts of the upload do not show their size. */
export function partSizeOf(
  { options, given }: Pick<CommandContext<Options>, 'given'> & { readonly options: Pick<Options, 'plan'> },
  { scheme }: TargetUrl,
): number | null {
  const { partSize } = options.plan;
  if (partSize === null || partSize === 'auto') return null;
  const { limits } = TARGETS[scheme].capabilities;
  if (isLegalPartSize(partSize, limits)) return partSize;
  const { why, hint } = partSizeUsage('', limits).facts;
  return given.refuse('--part-size', why, hint);
}
