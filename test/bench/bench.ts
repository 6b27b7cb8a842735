/**
 * `npm run bench [ROW...]`: measures calve beside its alternatives in one run, prints the ratios, and writes
 * docs/benchmarks.md (whole runs only). Needs python3 with boto3, curl and openssl; some 15 minutes and 8 GiB of disk.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Figure, ROWS } from './rows.js';

const PAGE = join(import.meta.dirname, '../../../docs/benchmarks.md');
const MARK = '<!-- Everything above is written by npm run bench. -->';

function good(figure: Figure, bound: number): boolean {
  return figure.better === 'lower' ? figure.value <= bound : figure.value >= bound;
}

function shown(value: number, unit: Figure['unit']): string {
  if (unit === 'share') return `${(value * 100).toFixed(value < 0.1 ? 1 : 0)}%`;
  if (unit === 'MiB') return `${value.toFixed(0)} MiB`;
  if (unit === 'MB') return `${value.toFixed(2)} MB`;
  return unit === 'seconds' ? `${value.toFixed(2)} s` : value.toFixed(2);
}

function tableLine(figure: Figure): string {
  const { what, value, unit, atLeast, aim, from } = figure;
  const verdict = !good(figure, atLeast) ? 'missed' : aim !== null && good(figure, aim) ? 'aim' : 'reached';
  const cells = [what, shown(value, unit), shown(atLeast, unit), aim === null ? '' : shown(aim, unit)];
  return `| ${[...cells, verdict, from].join(' | ')} |`;
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim()}, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}`;
}

const wanted = process.argv.slice(2);
const rows = ROWS.filter((row) => wanted.length === 0 || wanted.includes(row.name));
const figures: Figure[] = [];
for (const row of rows) {
  const folder = mkdtempSync(join(tmpdir(), 'calve-bench-'));
  mkdirSync(join(folder, 'home'));
  try {
    for (const figure of await row.run(folder)) {
      figures.push(figure);
      process.stdout.write(`${tableLine(figure)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
if (wanted.length === 0) {
  const notes = readFileSync(PAGE, 'utf8').split(MARK)[1] ?? '';
  const head = [
    '# Benchmarks',
    '',
    `Measured by \`npm run bench\` on ${machine()}. Only the ratios carry over to other machines.`,
    '',
    '| what | measured | at least | aim | | from |',
    '|---|---|---|---|---|---|',
    ...figures.map(tableLine),
    '',
  ].join('\n');
  writeFileSync(PAGE, `${head}\n${MARK}${notes}`);
}
if (figures.some((figure) => !good(figure, figure.atLeast))) process.exitCode = 1;
