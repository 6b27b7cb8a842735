import picomatch from 'picomatch';
import { entryTest, KEYS_OF } from '../../../transfer/archive-filter.js';
import type { EntryOrder } from '../../../transfer/ports/state.js';
import type { Options } from './command.js';

/**
 * Returns which entries the options choose, and in which order. A pattern without a slash is compared with the name of
 * the file alone, and names that begin with a dot are like others.
 */
export function chosenOrder(
  { filter }: Pick<Options, 'filter'>,
  target = filter.target,
): Required<EntryOrder> {
  const { path, since, until, archiveId, description, sort, reverse } = filter;
  const isWanted = entryTest({
    target,
    isPathWanted: path === null ? null : picomatch(path, { dot: true, basename: !path.includes('/') }),
    sinceMs: since?.firstMs ?? null,
    untilMs: until?.lastMs ?? null,
    archiveId,
    description,
  });
  return { isWanted, keyOf: KEYS_OF[sort], isReversed: reverse };
}
