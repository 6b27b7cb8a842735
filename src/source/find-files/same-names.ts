/**
 * Refuses a file that has the name of an earlier one. The names are not kept: it is looked up whether an earlier place would
 * have given this name, too.
 */
import { TransferError } from '../../core/failures.js';
import { type FindOptions, type Found, type FoundFile, kindOf } from './look.js';
import { joined } from './read-folder.js';
import { type WalkRoot, wouldFind } from './walk.js';

/** A word of the command line: one file, or a folder. */
export type Place = FoundFile | WalkRoot;

/** @param earlierPath returns the path of an earlier file of that name; null if there is none */
export async function* refuseSameNames(
  found: AsyncIterable<Found>,
  earlierPath: (file: FoundFile) => Promise<string | null>,
): AsyncGenerator<Found, void> {
  for await (const each of found) {
    const detail = 'error' in each ? null : await earlierPath(each);
    const { path } = each;
    yield detail === null
      ? each
      : { path, error: new TransferError('source', { path, why: 'same-name', detail }) };
  }
}

/** Returns the path of the file with this name in the first of the places that would have given one. */
export async function pathInPlaces(
  places: readonly Place[],
  { name }: FoundFile,
  options: FindOptions,
): Promise<string | null> {
  for (const place of places) {
    if ('name' in place) {
      if (place.name === name) return place.path;
    } else if (await wouldFind(place, name, options)) {
      return joined(place.folder, name.slice(place.prefix.length));
    }
  }
  return null;
}

/**
 * Returns the look-up for the files of a list, which may have relative and absolute paths: `etc/hosts` and `/etc/hosts` have
 * the same name. As soon as both kinds of path have come, a file that has a namesake in the other place is taken for one
 * that was listed.
 */
export function namesakeInList(
  absolute: (path: string) => string,
  { followLinks }: Pick<FindOptions, 'followLinks'>,
): (file: FoundFile) => Promise<string | null> {
  const seen = { relative: false, absolute: false };
  return async ({ path, name }) => {
    const isRelative = path !== `/${name}`;
    seen[isRelative ? 'relative' : 'absolute'] = true;
    if (!(seen.relative && seen.absolute)) return null;
    const other = isRelative ? `/${name}` : absolute(name);
    if (other === path) return null;
    return (await kindOf(other, followLinks).catch(() => null)) === 'file' ? other : null;
  };
}
