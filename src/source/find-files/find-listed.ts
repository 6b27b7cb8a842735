/** Finds the files that a list names. */
import { isAbsolute, posix } from 'node:path';
import { type FailureFacts, TransferError } from '../../core/failures.js';
import { sourceFailure } from '../open-file.js';
import type { ListedName } from './list-names.js';
import { type FailedFile, type FindOptions, type Found, kindOf } from './look.js';
import { decodeName } from './read-folder.js';
import { walkFolder } from './walk.js';

export interface ListOptions extends FindOptions {
  /** True if a folder in the list stands for the files below it. */
  readonly recursive: boolean;
  /** Returns the absolute path of one that may start from the working folder. @throws TransferError `source` */
  absolute(path: string): string;
}

/** A name of the list that may be sent. */
interface Entry {
  readonly path: string;
  /** The path as it was written, without `./`, `/` at its start, and `..`. Empty for the working folder, and for `/`. */
  readonly name: string;
}

/** Finds the files of a list, in the order of the list. @throws the reason of the signal; errors of the list */
export async function* findListed(
  names: AsyncIterable<ListedName>,
  options: ListOptions,
): AsyncGenerator<Found, void> {
  for await (const listed of names) {
    options.signal.throwIfAborted();
    const entry = readEntry(listed, options);
    if ('error' in entry) yield entry;
    else yield* findEntry(entry, options);
  }
}

function readEntry({ bytes, isCut }: ListedName, { absolute }: ListOptions): Entry | FailedFile {
  const { text, isWhole } = decodeName(bytes);
  const refuse = (why: FailureFacts['source']['why'], detail: string | null = null): FailedFile => ({
    path: text,
    error: new TransferError('source', { path: text, why, detail }),
  });
  if (text.includes('\0')) return refuse('not-a-path', 'it has a NUL byte');
  if (isCut) return refuse('not-a-path', `it is longer than ${bytes.length} bytes`);
  if (!isWhole) return refuse('not-utf8');
  const written = posix.normalize(text);
  if (written === '..' || written.startsWith('../')) return refuse('outside');
  const name = written.replace(/^\/+|\/+$/g, '');
  try {
    return { path: absolute(isAbsolute(written) ? `/${name}` : name), name: name === '.' ? '' : name };
  } catch (error) {
    if (error instanceof TransferError) return { path: text, error };
    throw error;
  }
}

async function* findEntry({ path, name }: Entry, options: ListOptions): AsyncGenerator<Found, void> {
  const { includes, recursive, followLinks, skipped } = options;
  const kind = await kindOf(path, followLinks).catch((error: unknown) => sourceFailure(path, error));
  if (name !== '' && !includes(name, kind === 'folder')) return;
  if (kind instanceof TransferError) yield { path, error: kind };
  else if (kind === 'file') yield { path, name };
  else if (kind !== 'folder') skipped[kind] += 1;
  else if (recursive) yield* walkFolder({ folder: path, prefix: name === '' ? '' : `${name}/` }, options);
  else yield { path, error: new TransferError('source', { path, why: 'folder', detail: null }) };
}
