/** Writes the table of the simulation into docs/fleet.md, and its plot beside it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration, formatSize } from '../../src/core/units.js';
import { markdownTable } from '../support/markdown-table.js';
import { type Check, checkRows } from './check.js';
import { cellsOf, HEADINGS, type Line, limitOf } from './lines.js';
import { plotOf } from './plot.js';

const DOCS = join(import.meta.dirname, '../../../docs');
const PAGE = join(DOCS, 'fleet.md');
const BEGIN = '<!-- npm run simulate -- --check --write replaces everything from here … -->';
const END = '<!-- … to here. -->';

/** @param checks empty: the model was not compared with real runs */
export function writeFleetPage(lines: readonly Line[], checks: readonly Check[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  const fleet = lines[0]?.fleet;
  if (before === undefined || after === undefined || fleet === undefined)
    throw new Error(`${PAGE} has lost its marks`);
  const about =
    `${formatSize(fleet.sizeBytes)} in parts of ${formatSize(fleet.partSizeBytes)}, ` +
    `${formatSize(fleet.bytesPerSecond)}/s for each machine, ${fleet.failuresPerHour} failures an hour and machine, ` +
    `${formatDuration(fleet.restartSeconds * 1000)} until a task starts again,\n` +
    `${formatDuration(fleet.startSeconds * 1000)} to start one, ${fleet.answerSeconds * 1000} ms to each answer, ` +
    `${formatDuration(fleet.finishSeconds * 1000)} to finish (assumptions; options set them):`;
  const written = [
    about,
    '',
    ...markdownTable([HEADINGS, ...lines.map(cellsOf)]),
    '',
    limitOf(lines),
    '',
    '![Speed-up and efficiency over the number of machines](fleet.svg)',
    ...(checks.length === 0
      ? []
      : ['', 'The model beside real runs on capped lines:', '', ...markdownTable(checkRows(checks))]),
  ];
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${written.join('\n')}\n\n${END}${after}`);
  writeFileSync(join(DOCS, 'fleet.svg'), plotOf(lines));
}
