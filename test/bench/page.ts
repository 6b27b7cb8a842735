/** Writes the figures of a whole run into docs/benchmarks.md, and their plot beside it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { markdownTable } from '../support/markdown-table.js';
import { cellsOf, type Figure, HEADINGS } from './figures.js';
import { plotOf } from './plot.js';

const DOCS = join(import.meta.dirname, '../../../docs');
const PAGE = join(DOCS, 'benchmarks.md');
const BEGIN = '<!-- npm run bench -- --write replaces everything from here … -->';
const END = '<!-- … to here. -->';

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim()}, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}`;
}

/** @param skipped what was not measured, with the reasons */
export function writePage(figures: readonly Figure[], skipped: readonly string[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has lost its marks`);
  const written = [
    `Measured by \`npm run bench -- --write\` on ${machine()}.`,
    'Only the ratios carry over to other machines.',
    '',
    ...markdownTable([HEADINGS, ...figures.map(cellsOf)]),
    '',
    ...skipped.map((what) => `- not measured: ${what}`),
    ...(skipped.length > 0 ? [''] : []),
    '![The same figures as bars, each as a share of its limit](benchmarks.svg)',
  ];
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${written.join('\n')}\n\n${END}${after}`);
  writeFileSync(join(DOCS, 'benchmarks.svg'), plotOf(figures));
}
