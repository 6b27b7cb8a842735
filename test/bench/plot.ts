/** Draws the table of the benchmark as an SVG of bars. */
import { type Figure, shown, type Verdict, verdictOf } from './figures.js';

const LABEL_WIDTH = 520;
/** The width of a figure that is exactly as good as its limit. */
const LIMIT_WIDTH = 260;
const LONGEST = 1.5;
const LINE_HEIGHT = 22;
const TOP = 58;
const WIDTH = LABEL_WIDTH + LIMIT_WIDTH * LONGEST + 110;
const COLOURS: Record<Verdict, string> = { aim: '#2a7f62', reached: '#3b6fb6', missed: '#c2542d' };

/** Returns `value` as a share of the figure's limit: below 1 is better than the limit, for every figure. */
function shareOfLimit({ better, atLeast }: Figure, value: number): number {
  return better === 'lower' ? value / atLeast : atLeast / value;
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function lineOf(figure: Figure, index: number): string {
  const y = TOP + index * LINE_HEIGHT;
  const share = Math.min(shareOfLimit(figure, figure.value), LONGEST);
  const width = (share * LIMIT_WIDTH).toFixed(1);
  const baseline = y + 13;
  const parts = [
    `<text x="${LABEL_WIDTH - 8}" y="${baseline}" text-anchor="end">${text(figure.what)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y + 2}" width="${width}" height="14" fill="${COLOURS[verdictOf(figure)]}"/>`,
    `<text x="${LABEL_WIDTH + Number(width) + 6}" y="${baseline}">${shown(figure.value, figure.unit)}</text>`,
  ];
  if (figure.aim !== null) {
    const x = (LABEL_WIDTH + shareOfLimit(figure, figure.aim) * LIMIT_WIDTH).toFixed(1);
    parts.push(`<path d="M${x} ${y} v18" stroke="#111" stroke-width="2"/>`);
  }
  return parts.join('');
}

function legend(): string {
  const entries: readonly (readonly [string, string])[] = [
    [COLOURS.aim, 'aim reached'],
    [COLOURS.reached, 'at least reached'],
    [COLOURS.missed, 'missed'],
  ];
  return entries
    .map(
      ([colour, label], index) =>
        `<rect x="${12 + index * 130}" y="28" width="12" height="12" fill="${colour}"/>` +
        `<text x="${28 + index * 130}" y="38">${label}</text>`,
    )
    .join('');
}

/** @returns an SVG in which each figure is a share of its limit, so that a shorter bar is better in every line */
export function plotOf(figures: readonly Figure[]): string {
  const height = TOP + figures.length * LINE_HEIGHT + 12;
  const limitX = LABEL_WIDTH + LIMIT_WIDTH;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ' font-family="sans-serif" font-size="12" fill="#111">',
    '<title>The figures of the benchmark, each as a share of its limit</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    '<text x="12" y="18" font-weight="bold">Each figure as a share of its limit: a shorter bar is better</text>',
    legend(),
    `<text x="${limitX}" y="${TOP - 8}" text-anchor="middle">at least</text>`,
    `<text x="${limitX - 130}" y="${TOP - 8}" text-anchor="middle">aim: black mark</text>`,
    ...figures.map(lineOf),
    `<path d="M${limitX} ${TOP - 4} V${height - 8}" stroke="#777" stroke-dasharray="4 3"/>`,
    '</svg>',
    '',
  ].join('\n');
}
