/** Draws the speed-up of the simulation over the number of machines, beside a perfect one. */
import type { Line } from './lines.js';

const WIDTH = 640;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 30;
const TOP = 50;
const BOTTOM = 60;

/** Returns a function that puts a value on a logarithmic scale. */
function scale(max: number, from: number, to: number): (value: number) => number {
  const top = Math.log2(Math.max(2, max));
  return (value) => from + ((to - from) * Math.log2(Math.max(1, value))) / top;
}

function ticks(max: number): number[] {
  const all: number[] = [];
  for (let tick = 1; tick <= max; tick *= 2) all.push(tick);
  return all;
}

/** @returns an SVG; both axes are logarithmic, so that a perfect speed-up is a straight line */
export function plotOf(lines: readonly Line[]): string {
  const max = Math.max(...lines.map(({ fleet }) => fleet.machines));
  const x = scale(max, LEFT, WIDTH - RIGHT);
  const y = scale(max, HEIGHT - BOTTOM, TOP);
  const at = (machines: number, speedUp: number): string =>
    `${x(machines).toFixed(1)},${y(speedUp).toFixed(1)}`;
  const points = lines.map(({ fleet, speedUp }) => at(fleet.machines, speedUp));
  const grid = ticks(max).map((tick) => {
    const [across, up] = [x(tick).toFixed(1), y(tick).toFixed(1)];
    return (
      `<path d="M${across} ${TOP} V${HEIGHT - BOTTOM} M${LEFT} ${up} H${WIDTH - RIGHT}" stroke="#ddd"/>` +
      `<text x="${across}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick}</text>` +
      `<text x="${LEFT - 8}" y="${Number(up) + 4}" text-anchor="end">${tick}</text>`
    );
  });
  const marks = points.map((point) => {
    const [across, up] = point.split(',');
    return `<circle cx="${across}" cy="${up}" r="4" fill="#3b6fb6"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`,
    ' font-family="sans-serif" font-size="12" fill="#111">',
    '<title>Speed-up of one upload over the number of machines that share it</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-weight="bold">Speed-up against one machine (blue) and a perfect one (dashed)</text>`,
    ...grid,
    `<path d="M${at(1, 1)} L${at(max, max)}" stroke="#777" stroke-dasharray="5 4" fill="none"/>`,
    `<polyline points="${points.join(' ')}" stroke="#3b6fb6" stroke-width="2" fill="none"/>`,
    ...marks,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 16}" text-anchor="middle">machines</text>`,
    '</svg>',
    '',
  ].join('\n');
}
