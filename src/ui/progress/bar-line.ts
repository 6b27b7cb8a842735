/** The progress bar as one line of a given width. Pure; the fields keep their widths, so that nothing dances. */
import { formatDuration, formatSize, GIB_BYTES, KIB_BYTES, MIB_BYTES, TIB_BYTES } from '../../core/units.js';
import type { Paint } from '../text/paint.js';
import { safeWhole } from '../text/safe-text.js';
import { keepEnd, textWidth } from '../text/text-width.js';
import { doneShare, formatRate, percent } from './progress-lines.js';
import type { Progress } from './progress-meter.js';

export interface BarStyle {
  readonly unicode: boolean;
  readonly paint: Paint;
}

const GAP = '  ';
const NAME_WIDTH_MIN = 8;
const BAR_WIDTH_MIN = 10;
const BAR_WIDTH_MAX = 40;
const AMOUNT_WIDTH = 13;
const RATE_WIDTH = 10;
const LEFT_WIDTH = 15;
const PERCENT_WIDTH = 4;

/** `2.13/5.00 GiB`: both in the unit of the whole, so that they compare at a glance. Of a stream what is done alone. */
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

/** What follows the bar, from the richest to the poorest: a narrow terminal gets what fits. */
function tails(progress: Progress): string[] {
  const { doneBytes, totalBytes, bytesPerSecond, leftMs, partsInFlight } = progress;
  const percentage = (percent(progress) ?? '').padStart(PERCENT_WIDTH);
  const done = amount(doneBytes, totalBytes).padStart(AMOUNT_WIDTH);
  if (totalBytes === null && bytesPerSecond !== null) {
    const rate = formatRate(bytesPerSecond).padStart(RATE_WIDTH);
    return [[done, rate].join(GAP), done];
  }
  if (bytesPerSecond === null || leftMs === null) {
    // Before the first part has arrived (4 GiB may take an hour) this alone tells that something moves.
    const moving = partsInFlight === 0 ? '' : `${partsInFlight} under way`;
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

function bar(doneShare: number, width: number, style: BarStyle): string {
  const full = Math.floor(doneShare * width);
  const [done, rest] = style.unicode ? ['━', '─'] : ['=', '-'];
  return style.paint.cyan(done.repeat(full)) + style.paint.dim(rest.repeat(width - full));
}

/**
 * @param columns of the terminal; the line stays one short of it, because a full line wraps on some terminals
 */
export function barLine(progress: Progress, columns: number, style: BarStyle): string {
  const width = Math.max(1, columns - 1);
  const name = keepEnd(safeWhole(progress.fileName), Math.max(NAME_WIDTH_MIN, Math.floor(columns / 5)));
  const room = (tail: string) => width - textWidth(name) - textWidth(tail) - 2 * GAP.length;
  const choices = tails(progress);
  const tail = choices.find((choice) => room(choice) >= BAR_WIDTH_MIN);
  if (tail === undefined) return (percent(progress) ?? formatSize(progress.doneBytes)).slice(0, width);
  // Of a stream nobody knows how much is left: the amount grows, and no bar.
  if (progress.totalBytes === null) return [name, tail].join(GAP).trimEnd();
  const barWidth = Math.min(BAR_WIDTH_MAX, room(tail));
  return [name, bar(doneShare(progress) ?? 0, barWidth, style), tail].join(GAP).trimEnd();
}
