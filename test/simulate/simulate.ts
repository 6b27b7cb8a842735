/**
 * `npm run simulate`: how long an upload takes that many machines share, and why more of them do not help any more.
 * `--check` compares the model with real runs of 1, 2, 4 and 8 senders against the emulator; `--write` puts the table and
 * the plot into docs/fleet.md.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { formatSize, parseDurationMs, parseSizeBytes } from '../../src/core/units.js';
import { checkModel, checkRows } from './check.js';
import { average, cellsOf, HEADINGS, type Line, limitOf, lineOf } from './lines.js';
import { writeFleetPage } from './page.js';

const DEFAULTS = {
  size: '36T',
  'part-size': '4G',
  machines: '1,2,4,8,16,32,64,128,256,512,1024',
  shares: '1',
  line: '1G',
  hash: '1G',
  concurrency: '4',
  answer: '200ms',
  start: '5s',
  finish: '10s',
  failures: '0.01',
  restart: '5m',
  reread: '0',
  requests: '0',
  rounds: '20',
  seed: '1',
} as const;

const USAGE = `Usage: npm run simulate -- [OPTION...]

  --size SIZE        size of the file (default: ${DEFAULTS.size})
  --part-size SIZE   size of a part (default: ${DEFAULTS['part-size']})
  --machines N,...   numbers of machines, one line of the table each
  --shares N         shares for each machine (default: ${DEFAULTS.shares})
  --line RATE        bytes per second of each machine's line (default: ${DEFAULTS.line})
  --hash RATE        bytes per second that a machine reads and hashes (default: ${DEFAULTS.hash})
  --concurrency N    parts in flight on each machine (default: ${DEFAULTS.concurrency})
  --answer TIME      from the last byte of a part to its answer (default: ${DEFAULTS.answer})
  --start TIME       from the start of a task to its first byte (default: ${DEFAULTS.start})
  --finish TIME      checking and completing the upload (default: ${DEFAULTS.finish})
  --failures N       failures of a machine in an hour (default: ${DEFAULTS.failures})
  --restart TIME     until the task of a failed machine starts again (default: ${DEFAULTS.restart})
  --reread RATE      at which a task that starts again reads the parts of its share that the service holds; 0: it
                     compares their receipts instead (default: ${DEFAULTS.reread})
  --requests N       requests that the service takes in a second; 0: no limit (default: ${DEFAULTS.requests})
  --rounds N         the table has the averages of so many uploads with different failures (default: ${DEFAULTS.rounds})
  --seed N           chooses the failures (default: ${DEFAULTS.seed})
  --check            compares the model with real runs
  --write            writes the table and the plot into docs/fleet.md
`;

/** @throws Error for a word that is not a size, a time or a number */
function checked<T>(name: string, text: string, value: T | null): T {
  if (value === null || Number.isNaN(value)) throw new Error(`--${name} ${text} cannot be read`);
  return value;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      ...(Object.fromEntries(
        Object.entries(DEFAULTS).map(([name, value]) => [name, { type: 'string', default: value }]),
      ) as Record<keyof typeof DEFAULTS, { type: 'string'; default: string }>),
      help: { type: 'boolean', short: 'h', default: false },
      check: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const text = (name: keyof typeof DEFAULTS): string => values[name] ?? DEFAULTS[name];
  const size = (name: keyof typeof DEFAULTS): number => checked(name, text(name), parseSizeBytes(text(name)));
  const seconds = (name: keyof typeof DEFAULTS): number =>
    checked(name, text(name), parseDurationMs(text(name))) / 1000;
  const number = (name: keyof typeof DEFAULTS): number => checked(name, text(name), Number(text(name)));
  const unlimited = (value: number): number => (value === 0 ? Number.POSITIVE_INFINITY : value);
  const common = {
    sizeBytes: size('size'),
    partSizeBytes: size('part-size'),
    sharesPerMachine: number('shares'),
    bytesPerSecond: Math.min(size('line'), size('hash')),
    concurrency: number('concurrency'),
    answerSeconds: seconds('answer'),
    startSeconds: seconds('start'),
    finishSeconds: seconds('finish'),
    failuresPerHour: number('failures'),
    restartSeconds: seconds('restart'),
    rereadBytesPerSecond: text('reread') === '0' ? unlimited(0) : size('reread'),
    requestsPerSecond: unlimited(number('requests')),
    seed: number('seed'),
  };
  const machines = text('machines').split(',');
  const fleets = machines.map((word) => ({ ...common, machines: checked('machines', word, Number(word)) }));
  return { fleets, rounds: number('rounds'), help: values.help, check: values.check, write: values.write };
}

function printTable(lines: readonly Line[]): void {
  const rows = [HEADINGS, ...lines.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

async function main(): Promise<void> {
  const { fleets, rounds, help, check, write } = readOptions();
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const [first] = fleets;
  if (first === undefined) throw new Error('--machines names no number');
  const oneSeconds = average({ ...first, machines: 1 }, rounds).seconds;
  const lines = fleets.map((fleet) => lineOf({ fleet, rounds, oneSeconds }));
  console.log(`${formatSize(first.sizeBytes)} in parts of ${formatSize(first.partSizeBytes)}`);
  printTable(lines);
  console.log(limitOf(lines));
  const checks = check ? await checkModel() : [];
  for (const row of checkRows(checks)) console.log(row.join('\t'));
  if (write) writeFleetPage(lines, checks);
  if (checks.some(({ isGood }) => !isGood)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
