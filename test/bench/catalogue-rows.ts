/** A catalogue of 50,000 archives: what a list of all costs. */
import { join } from 'node:path';
import { writeManyEntries } from '../support/many-entries.js';
import { type Row, seconds, shown } from './figures.js';
import { benchEnv, CALVE, measure } from './tools.js';

const ENTRIES = 50_000;

const catalogue: Row = {
  name: 'catalogue',
  async run({ folder, files }) {
    const archives = join(files, 'archives');
    writeManyEntries(archives, ENTRIES);
    const cost = await measure([...CALVE, 'archives', '--json', '--catalogue', archives], benchEnv(folder));
    return [
      {
        what: 'memory of a list of 50,000 archives',
        value: cost.peakMiB,
        unit: 'MiB',
        atLeast: 160,
        aim: 110,
        better: 'lower',
        from: `${seconds(cost.wallSeconds)}, ${shown(cost.peakMiB, 'MiB')}`,
      },
    ];
  },
};

export const CATALOGUE_ROWS: readonly Row[] = [catalogue];
