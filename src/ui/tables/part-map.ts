/** Which parts are done, at a glance: the file from left to right in a few cells. */

export interface PartMapOptions {
  /** Cells at most; fewer parts give fewer cells, one a part. */
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
  // The ends are exact: a cell is full only when nothing is missing from it, and empty only when nothing is there.
  if (done === 0) return shades.none;
  if (done === of) return shades.all;
  return done * 2 < of ? shades.few : shades.most;
}

/**
 * A compact map of an upload: each cell stands for an equal run of parts.
 * @param done tells by part index (a Set, or a Map by index)
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
