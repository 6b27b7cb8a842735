/** The table of `fleet status`. */
import { formatSize } from '../../core/units.js';
import type { ShareStatus } from '../../transfer/fleet/status.js';
import type { FleetJson, ShareRow } from '../fleet-json.js';
import { safeWhole } from '../text/safe-text.js';
import { partMap } from './part-map.js';
import { type Column, renderTable, type TableOptions } from './table-layout.js';

const SHARE_CELLS_MAX = 24;
const WHOLE_CELLS_MAX = 72;

function columns(unicode: boolean): readonly Column<ShareRow>[] {
  return [
    { name: 'shard', title: 'SHARE', align: 'right', human: (r) => String(r.shard), exact: (r) => r.shard },
    { name: 'parts', title: 'PARTS', exact: (r) => r.parts },
    {
      name: 'partsDone',
      title: 'PARTS',
      align: 'right',
      human: (r) => `${r.partsDone}/${r.parts}`,
      exact: (r) => r.partsDone,
    },
    {
      name: 'size',
      title: 'SIZE',
      align: 'right',
      human: (r) => formatSize(r.size),
      exact: (r) => r.size,
    },
    { name: 'bytesDone', title: 'SENT', exact: (r) => r.bytesDone },
    {
      name: 'receipts',
      title: 'RECEIPTS',
      align: 'right',
      human: (r) => String(r.receipts),
      exact: (r) => r.receipts,
    },
    {
      name: 'different',
      title: 'DIFFERENT',
      align: 'right',
      human: (r) => (r.different === 0 ? '' : String(r.different)),
      exact: (r) => r.different,
    },
    { name: 'map', title: 'MAP', human: (r) => shareMap(r.share, unicode) },
  ];
}

/** Each cell stands for an equal number of parts of the share. */
function shareMap({ indexes, held }: ShareStatus, unicode: boolean): string {
  const done = { has: (position: number): boolean => held.has(indexes[position] ?? -1) };
  return partMap(indexes.length, done, { cellsMax: SHARE_CELLS_MAX, unicode });
}

export function sharesTable(rows: readonly ShareRow[], options: TableOptions): string {
  return renderTable(columns(options.unicode === true), rows, options);
}

/** Returns the line about the whole upload, with a map of all of its parts. */
export function fleetLineOfStatus(
  { manifest, parts, partsDone, archiveId }: FleetJson,
  shares: readonly ShareStatus[],
  unicode: boolean,
): string {
  const done = { has: (index: number): boolean => shares.some(({ held }) => held.has(index)) };
  const map = partMap(parts, done, { cellsMax: WHOLE_CELLS_MAX, unicode });
  const end = archiveId === null ? '' : `, completed as ${safeWhole(archiveId)}`;
  return `${map}\n${safeWhole(manifest)}: ${partsDone} of ${parts} parts${end}`;
}
