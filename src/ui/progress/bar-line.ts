/** The progress bar as one line of a given width. The fields keep their widths, so that the line does not jump. */
import { formatDuration, formatSize, GIB_BYTES, KIB_BYTES, MIB_BYTES, TIB_BYTES } from '../../core/units.js';
import { safeWhole } from '../text/safe-text.js';
import { keepEnd, textWidth } from '../text/text-width.js';
import { doneShare, formatRate, percent } from './progress-lines.js';
import type { ReadingProgress } from './reading-meter.js';
import type { TerminalStyle } from './terminal-style.js';

const GAP = '  ';
const NAME_WIDTH_MIN = 8;
const BAR_WIDTH_MIN = 10;
const BAR_WIDTH_MAX = 40;
const AMOUNT_WIDTH = 13;
const RATE_WIDTH = 10;
const LEFT_WIDTH = 15;
const PERCENT_WIDTH = 4;

/** Returns `2.13/5.00 GiB`, both in the same unit; only the size that is done if the total size is not known. */
function amount(doneBytes: number, totalBytes: number | null): string {
  if (totalBytes === null) return formatSize(doneBytes);
  const units = [
    ['TiB', TIB_BYTES],
    ['GiB', GIB_BYTES],
    ['MiB', MIB_BYTES],
  ] as const;
  const [name, unitBytes] = units.find(([, bytes]) => totalBytes >= bytes) ?? ['KiB', KIB_BYTES];
  const total = totalBytes / unitBytes;
  const digits = total >= 100 ? 0 : total >= 10 ? 1 : 2;
  return `${(doneBytes / unitBytes).toFixed(digits)}/${total.toFixed(digits)} ${name}`;
}

/** Returns the texts that may follow the bar, the longest first: a narrow terminal gets the first one that fits. */
function tails(progress: ReadingProgress): string[] {
  const { doneBytes, totalBytes, bytesPerSecond, leftMs, partsInFlight } = progress;
  const percentage = (percent(progress) ?? '').padStart(PERCENT_WIDTH);
  const done = amount(doneBytes, totalBytes).padStart(AMOUNT_WIDTH);
  if (totalBytes === null && bytesPerSecond !== null) {
    const rate = formatRate(bytesPerSecond).padStart(RATE_WIDTH);
    return [[done, rate].join(GAP), done];
  }
  if (bytesPerSecond === null || leftMs === null) {
    // Until the first part has arrived (4 GiB may take an hour), nothing else shows that bytes are moving.
    const noun = partsInFlight === 1 ? 'part' : 'parts';
    const moving = partsInFlight === 0 ? '' : `${partsInFlight} ${noun} in flight`;
    const rest = moving.padEnd(RATE_WIDTH + GAP.length + LEFT_WIDTH);
    return [[percentage, done, rest].join(GAP), [percentage, done].join(GAP), percentage];
  }
  const rate = formatRate(bytesPerSecond).padStart(RATE_WIDTH);
  const left = `ETA ${formatDuration(leftMs)}`.padStart(LEFT_WIDTH);
  return [
    [percentage, done, rate, left].join(GAP),
    [percentage, done, left].join(GAP),
    [percentage, left].join(GAP),
    percentage,
  ];
}

function bar(doneShare: number, width: number, style: TerminalStyle): string {
  const full = Math.floor(doneShare * width);
  return style.cyan(style.full.repeat(full)) + style.dim(style.empty.repeat(width - full));
}

/**
 * @param columns the width of the terminal; the line is at least one column shorter, because some terminals wrap a
 * full line
 */
export function barLine(progress: ReadingProgress, columns: number, style: TerminalStyle): string {
  const width = Math.max(1, columns - 1);
  const name = keepEnd(safeWhole(progress.fileName), Math.max(NAME_WIDTH_MIN, Math.floor(columns / 5)));
  const room = (tail: string) => width - textWidth(name) - textWidth(tail) - 2 * GAP.length;
  const choices = tails(progress);
  const tail = choices.find((choice) => room(choice) >= BAR_WIDTH_MIN);
  if (tail === undefined) return (percent(progress) ?? formatSize(progress.doneBytes)).slice(0, width);
  // Without a total size there is no bar, only an amount that grows.
  if (progress.totalBytes === null) return [name, tail].join(GAP).trimEnd();
  const barWidth = Math.min(BAR_WIDTH_MAX, room(tail));
  return [name, bar(doneShare(progress) ?? 0, barWidth, style), tail].join(GAP).trimEnd();
}
