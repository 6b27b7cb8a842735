/** The words of `calve upload`: files and a target, or a target and a command. */
import { basename } from 'node:path';
import { TransferError } from '../../../core/failures.js';
import { isStandardInput, STANDARD_INPUT_WORD } from '../../../core/identity.js';
import { checkStreamName } from '../../../core/stream-name.js';
import {
  looksLikeTarget,
  namesMany,
  parseTargetUrl,
  storesObjects,
  type TargetUrl,
} from '../../../core/target-url.js';
import type { CommandContext } from '../../command.js';
import type { Given } from '../../options/given.js';
import { readCommandWords, refuseTerminal } from '../../stream-words.js';
import type { Options } from './command.js';
import { checkFindOptions, checkFindWords, findsFiles } from './find-words.js';

const COMMAND = {
  name: 'upload',
  commandExample: 'calve upload glacier://photos --from-command -- tar -c photos',
  pipeExample: 'tar -c photos | calve upload - glacier://photos',
} as const;

export interface Words {
  /** `-` stands for standard input, or for what the command prints. With --recursive, some are folders. */
  readonly files: readonly string[];
  readonly url: TargetUrl;
  /** The command to run and its arguments. */
  readonly command: readonly string[] | null;
  /** The name of the stream; null: it has none, or the run has no stream. */
  readonly name: string | null;
}

/** Returns the end of the key that a file, or the stream, gets in a bucket. */
export function baseNameOf(word: string, { name }: Pick<Words, 'name'>): string {
  return isStandardInput(word) ? (name ?? word) : basename(word);
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
  const name = readName(given, url, isStream);
  if (isStream && command === null) refuseTerminal(io, COMMAND);
  return { ...read, name };
}

/**
 * Returns the name of the stream, and refuses options that only a stream has.
 * @throws TransferError `usage`
 */
export function readName(given: Given, url: TargetUrl, isStream: boolean): string | null {
  const name = given.checked('--name', checkStreamName);
  if (isStream && name === null && storesObjects(url.scheme) && namesMany(url)) {
    refuse(
      'a stream has no file name that could end the key',
      `name the whole key, for example ${url.url.replace(/\/*$/, '/')}backup.tar, or the stream: --name backup.tar`,
    );
  }
  if (!isStream && name !== null) {
    given.refuse('--name', 'a file has a name', 'it is for standard input and --from-command');
  }
  if (!isStream && given.isTyped('--expected-size')) {
    given.refuse(
      '--expected-size',
      'the size of a file is known',
      'it is for standard input and --from-command',
    );
  }
  return name;
}

function refuse(why: string, hint: string): never {
  throw new TransferError('usage', { what: 'upload', why, hint });
}

type FilesAndTarget = Omit<Words, 'name'>;

function commandWords(words: readonly string[], argv: readonly string[]): FilesAndTarget {
  const { target, command } = readCommandWords(words, { argv }, COMMAND);
  return { files: [STANDARD_INPUT_WORD], url: parseTargetUrl(target), command };
}

function fileWords(words: readonly string[], hasList: boolean): FilesAndTarget {
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
