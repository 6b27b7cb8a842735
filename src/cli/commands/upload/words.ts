/** The words of `calve upload`: files and a target, or a target and a command. */
import { TransferError } from '../../../core/failures.js';
import { STANDARD_INPUT_WORD } from '../../../core/identity.js';
import {
  looksLikeTarget,
  namesMany,
  parseTargetUrl,
  storesObjects,
  type TargetUrl,
} from '../../../core/target-url.js';
import type { CommandContext } from '../../command.js';
import type { Options } from './command.js';
import { checkFindOptions, checkFindWords, findsFiles } from './find-words.js';

export interface Words {
  /** `-` stands for standard input, or for what the command prints. With --recursive, some are folders. */
  readonly files: readonly string[];
  readonly url: TargetUrl;
  /** The command to run and its arguments. */
  readonly command: readonly string[] | null;
}

/** @throws TransferError `usage` */
export function readWords(context: CommandContext<Options>, words: readonly string[]): Words {
  const { io, options, given } = context;
  checkFindOptions(context);
  const read = options.own.fromCommand
    ? commandWords(words, io.argv)
    : fileWords(words, options.find.filesFrom !== null);
  const { files, url, command } = read;
  if (findsFiles(options)) checkFindWords(context, files, url);
  const isStream = files.includes(STANDARD_INPUT_WORD);
  if (isStream && storesObjects(url.scheme) && namesMany(url)) {
    refuse(
      'a stream has no file name that could end the key',
      `name the whole key, for example ${url.url.replace(/\/*$/, '/')}backup.tar`,
    );
  }
  if (isStream && command === null && io.stdin.isTTY === true) {
    refuse(
      'standard input is a terminal',
      'pipe data into it, for example: tar -c photos | calve upload - glacier://photos',
    );
  }
  if (!isStream && given.isTyped('--expected-size')) {
    given.refuse(
      '--expected-size',
      'the size of a file is known',
      'it is for standard input and --from-command',
    );
  }
  return read;
}

function refuse(why: string, hint: string): never {
  throw new TransferError('usage', { what: 'upload', why, hint });
}

function commandWords(words: readonly string[], argv: readonly string[]): Words {
  const hint = 'for example: calve upload glacier://photos --from-command -- tar -c photos';
  const [target = '', ...command] = words;
  if (!looksLikeTarget(target)) {
    refuse(`with --from-command the target comes first; ${target} is not a target`, hint);
  }
  // Without -- calve would read the command's options as its own.
  if ((command[0] ?? '') === '' || !argv.includes('--')) {
    refuse('--from-command needs a command, after --', hint);
  }
  return { files: [STANDARD_INPUT_WORD], url: parseTargetUrl(target), command };
}

function fileWords(words: readonly string[], hasList: boolean): Words {
  const files = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const hint = 'for example: calve upload backup.tar glacier://photos';
  if (!looksLikeTarget(last)) refuse(`the last word must be the target; ${last} is not a target`, hint);
  if (files.length === 0 && !hasList) refuse('no file is named', hint);
  if (files.filter((file) => file === STANDARD_INPUT_WORD).length > 1) {
    refuse('standard input can be sent only once', hint);
  }
  const target = files.find(looksLikeTarget);
  if (target !== undefined) refuse(`a run has one target; ${target} is a second one`, hint);
  return { files, url: parseTargetUrl(last), command: null };
}
