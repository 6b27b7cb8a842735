/** Finds the files of `upload --recursive` and `upload --files-from`, one after the other. */
import { basename } from 'node:path';
import { TransferError } from '../../../core/failures.js';
import { isStandardInput } from '../../../core/identity.js';
import { storesObjects } from '../../../core/target-url.js';
import { standardInput } from '../../../source/byte-streams.js';
import { filterOf } from '../../../source/find-files/filters.js';
import { findListed } from '../../../source/find-files/find-listed.js';
import { listBytes } from '../../../source/find-files/list-bytes.js';
import { listedNames } from '../../../source/find-files/list-names.js';
import { type FindOptions, type Found, kindOf } from '../../../source/find-files/look.js';
import {
  namesakeInList,
  type Place,
  pathInPlaces,
  refuseSameNames,
} from '../../../source/find-files/same-names.js';
import { walkFolder } from '../../../source/find-files/walk.js';
import { sourceFailure } from '../../../source/open-file.js';
import { NEWLINE, NUL } from '../../../source/split-bytes.js';
import type { CommandContext } from '../../command.js';
import type { Options } from './command.js';
import type { Words } from './words.js';

type Context = CommandContext<Options>;

/**
 * Finds the files, and reports at the end what was passed over. Nothing is kept of a file that was given.
 * @throws TransferError `source` if the list cannot be read, `stopped`
 */
export async function* findJobs(context: Context, words: Words): AsyncGenerator<Found, void> {
  const { options, io, reporter } = context;
  const { followLinks, oneFileSystem, filterRules, filesFrom } = options.find;
  const skipped = { links: 0, pipes: 0, sockets: 0, devices: 0, loops: 0, mounts: 0 };
  const includes = filterOf(filterRules);
  const find: FindOptions = { includes, followLinks, oneFileSystem, skipped, signal: io.signal };
  yield* filesFrom === null ? findInWords(context, words, find) : findInList(context, words, find);
  if (Object.values(skipped).some((count) => count > 0)) {
    reporter.report({ type: 'notice', notice: 'files-skipped', ...skipped });
  }
}

/** A word that is a link is followed, because it was named. */
async function* findInWords(
  { io }: Context,
  { files, url }: Words,
  find: FindOptions,
): AsyncGenerator<Found, void> {
  const earlier: Place[] = [];
  for (const word of files) {
    const path = io.absolute(word);
    const kind = await kindOf(path, true).catch((error: unknown) => sourceFailure(path, error));
    if (kind instanceof TransferError) {
      yield { path, error: kind };
      continue;
    }
    const place: Place = kind === 'folder' ? { folder: path, prefix: '' } : { path, name: basename(path) };
    const found = findInPlace(place, find);
    // In a vault, two archives may have one description.
    yield* storesObjects(url.scheme)
      ? refuseSameNames(found, (file) => pathInPlaces([...earlier], file, find))
      : found;
    earlier.push(place);
  }
}

async function* findInPlace(place: Place, find: FindOptions): AsyncGenerator<Found, void> {
  if ('folder' in place) yield* walkFolder(place, find);
  else if (find.includes(place.name, false)) yield place;
}

async function* findInList(
  { io, options }: Context,
  { url }: Words,
  find: FindOptions,
): AsyncGenerator<Found, void> {
  const list = options.find.filesFrom ?? '';
  const stream = isStandardInput(list) ? standardInput(io.stdin, io.signal) : null;
  try {
    const bytes = stream?.bytes ?? listBytes(io.absolute(list), io.signal);
    const names = listedNames(bytes, options.find.null ? NUL : NEWLINE);
    const listOptions = { ...find, recursive: options.find.recursive, absolute: io.absolute };
    const found = findListed(names, listOptions);
    yield* storesObjects(url.scheme) ? refuseSameNames(found, namesakeInList(io.absolute, find)) : found;
  } finally {
    await stream?.close();
  }
}
