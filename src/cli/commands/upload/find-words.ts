/** Refuses words and options that do not fit to the finding of files. */
import { TransferError } from '../../../core/failures.js';
import { STANDARD_INPUT_WORD } from '../../../core/identity.js';
import { namesMany, storesObjects, type TargetUrl } from '../../../core/target-url.js';
import type { CommandContext } from '../../command.js';
import type { Options } from './command.js';

type Context = CommandContext<Options>;

/** Returns true if files are found in folders or in a list. */
export function findsFiles({ find }: Options): boolean {
  return find.recursive || find.filesFrom !== null;
}

/**
 * Refuses options that would do nothing, and those that contradict --recursive and --files-from.
 * @throws TransferError `usage`
 */
export function checkFindOptions({ options, given }: Context): void {
  const { filesFrom, filterRules } = options.find;
  if (options.own.fromCommand && findsFiles(options)) {
    const long = filesFrom === null ? '--recursive' : '--files-from';
    given.refuse(long, 'a command prints one stream, and not files', 'omit it, or omit --from-command');
  }
  if (filesFrom === null && options.find.null) {
    given.refuse('--null', 'it says how a list is written', 'add --files-from LIST');
  }
  if (!findsFiles(options)) {
    const [rule] = filterRules;
    const useless = [
      ...(rule === undefined ? [] : [`--${rule.action}`]),
      ...['--follow-links', '--one-file-system'].filter(given.isTyped),
    ];
    for (const long of useless) {
      given.refuse(
        long,
        'it does nothing for files that are named one by one',
        'add --recursive or --files-from LIST',
      );
    }
    return;
  }
  if (given.isGiven('--description')) {
    const why = 'all archives would have it, and only their descriptions have the paths of the files';
    given.refuse('--description', why, 'omit it: each archive is described by its path');
  }
}

/**
 * Checks the words beside --recursive or --files-from.
 * @throws TransferError `usage`
 */
export function checkFindWords({ io, options }: Context, files: readonly string[], url: TargetUrl): void {
  const { filesFrom } = options.find;
  if (filesFrom !== null && files.length > 0) {
    refuse(
      `the list of --files-from names the files, and ${files[0]} is one more`,
      `write it into the list; the target is the only word: calve upload --files-from LIST ${url.url}`,
    );
  }
  if (filesFrom === STANDARD_INPUT_WORD && io.stdin.isTTY === true) {
    refuse(
      'standard input is a terminal, and the list is read from there',
      'pipe names into it, for example: find . -type f | calve upload --files-from - TARGET',
    );
  }
  if (files.includes(STANDARD_INPUT_WORD)) {
    refuse('standard input is no folder', 'send it in a run of its own, without --recursive');
  }
  const paths = files.map((file) => io.absolute(file));
  const twice = files.find((_, i) => paths.indexOf(paths[i] ?? '') !== i);
  if (twice !== undefined) refuse(`${twice} is named twice`, 'name it once');
  if (storesObjects(url.scheme) && !namesMany(url)) {
    refuse('all files would overwrite each other under one key', `end the key with a slash: ${url.url}/`);
  }
}

function refuse(why: string, hint: string): never {
  throw new TransferError('usage', { what: 'upload', why, hint });
}
