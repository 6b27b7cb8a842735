import { realpath } from 'node:fs/promises';
import { TransferError } from '../core/failures.js';
import { inspectFile } from '../source/open-file.js';
import type { UnfinishedHead } from '../transfer/ports/state.js';
import { mayHaveLostBytes } from '../ui/wording/lost-bytes.js';
import type { Io } from './io.js';

/**
 * Finds an unfinished upload by its id, else by its file, else by the name of its stream. The newest one wins where a file
 * has several.
 * @throws TransferError `not-found` (unfinished upload)
 */
export async function findUnfinished(
  known: readonly UnfinishedHead[],
  word: string,
  absolute: Io['absolute'],
): Promise<UnfinishedHead> {
  const named = known.find((upload) => upload.head.uploadId === word);
  if (named !== undefined) return named;
  const path = absolute(word);
  const real = await realpath(path).catch(() => path);
  const isNamed = ({ head: { identity } }: UnfinishedHead): boolean =>
    identity.source.kind === 'file' ? identity.source.path === real : identity.source.name === word;
  const found = known.findLast(isNamed);
  if (found !== undefined) return found;
  // A name that has lost bytes is reported as a missing file, as other commands do.
  if (mayHaveLostBytes(word)) await inspectFile(path);
  throw new TransferError('not-found', { what: 'unfinished upload', name: word, detail: null });
}
