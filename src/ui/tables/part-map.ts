/** A picture of the parts that are done: the file from left to right in a few cells. */

export interface PartMapOptions {
  /** The most cells; with fewer parts, each part has one cell. */
  readonly cellsMax: number;
  readonly unicode: boolean;
}

interface Shades {
  readonly none: string;
  readonly few: string;
  readonly most: string;
  readonly all: string;
}

const BLOCKS: Shades = { none: '░', few: '▒', most: '▓', all: '█' };
const ASCII: Shades = { none: '.', few: '-', most: '+', all: '#' };

function shade(done: number, of: number, shades: Shades): string {
  // A cell is full only if no part of it is missing, and empty only if every part of it is missing.
  if (done === 0) return shades.none;
  if (done === of) return shades.all;
  return done * 2 < of ? shades.few : shades.most;
}

/**
 * Returns the map of an upload. Each cell stands for an equal number of parts that follow each other.
 * @param done the indexes of the parts that are done (a Set, or a Map by index)
 */
export function partMap(
  partCount: number,
  done: { has(index: number): boolean },
  options: PartMapOptions,
): string {
  const shades = options.unicode ? BLOCKS : ASCII;
  const cells = Math.min(partCount, options.cellsMax);
  let map = '';
  for (let cell = 0; cell < cells; cell += 1) {
    const first = Math.floor((cell * partCount) / cells);
    const end = Math.floor(((cell + 1) * partCount) / cells);
    let doneHere = 0;
    for (let index = first; index < end; index += 1) if (done.has(index)) doneHere += 1;
    map += shade(doneHere, end - first, shades);
  }
  return map;
}
