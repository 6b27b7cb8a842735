/**
 * `npm run bench`: measures calve beside its alternatives in one run, and prints the ratios. Needs python3 with boto3, curl
 * and openssl; the rows over TLS need a C compiler with the headers of OpenSSL, and compare with those of aws and rclone
 * that are installed. Takes less than 15 minutes, and 5 GiB of memory for files.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { CATALOGUE_ROWS } from './catalogue-rows.js';
import { cellsOf, type Figure, type Row, verdictOf } from './figures.js';
import { FILES_ROWS } from './files-rows.js';
import { FLEET_ROWS } from './fleet-rows.js';
import { writePage } from './page.js';
import { ROWS } from './rows.js';
import { TLS_ROWS } from './tls-rows.js';
import { GIB, homeOfFiles } from './tools.js';

/** The largest file that a row writes. */
const LARGEST_FILE_BYTES = 4 * GIB;
const ALL: readonly Row[] = [...TLS_ROWS, ...FILES_ROWS, ...ROWS, ...CATALOGUE_ROWS, ...FLEET_ROWS];
const USAGE = `Usage: npm run bench -- [--only NAME[,NAME...]] [--rounds N] [--against FOLDER] [--write]

  --only NAME       measures only the rows whose names begin with NAME
  --rounds N        rounds of the rows over TLS; an odd number (default: 5)
  --against FOLDER  compares with another checkout of calve, which is built, in the row tls-build
  --write           replaces the table and the plot in docs (whole runs only)

Rows: ${ALL.map((row) => row.name).join(' ')}
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      against: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',') ?? [];
  const rows = ALL.filter(({ name }) => names.length === 0 || names.some((begin) => name.startsWith(begin)));
  const rounds = Number(values.rounds);
  if (rows.length === 0) throw new Error(`no row begins with ${values.only}`);
  if (rounds % 2 !== 1 || rounds < 1) throw new Error('--rounds needs an odd number');
  if (values.write && names.length > 0) throw new Error('--write needs a run of all rows');
  const otherCheckout = values.against === undefined ? null : resolve(values.against);
  return { rows, rounds, otherCheckout, write: values.write };
}

function optionsOrExit(): ReturnType<typeof readOptions> {
  try {
    return readOptions();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { rows, rounds, otherCheckout, write } = optionsOrExit();
const figures: Figure[] = [];
const skipped: string[] = [];

function skip(what: string): void {
  skipped.push(what);
  process.stdout.write(`not measured: ${what}\n`);
}

const folders: string[] = [];

function newFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'calve-bench-'));
  folders.push(folder);
  return folder;
}

function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    removeFolders();
    process.exit(1);
  });
}
for (const row of rows) {
  const folder = newFolder(tmpdir());
  mkdirSync(join(folder, 'home'));
  const files = newFolder(homeOfFiles(LARGEST_FILE_BYTES));
  try {
    for (const figure of await row.run({ folder, files, rounds, otherCheckout, skip })) {
      figures.push(figure);
      process.stdout.write(`${cellsOf(figure).join(' | ')}\n`);
    }
  } finally {
    removeFolders();
  }
}
process.stdout.write(`measured in ${(performance.now() / 60_000).toFixed(1)} minutes\n`);
if (write) writePage(figures, skipped);
if (figures.some((figure) => verdictOf(figure) === 'missed')) process.exitCode = 1;
