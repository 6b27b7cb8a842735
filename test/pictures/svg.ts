/** Writes the frames of a recording as one SVG, which moves, and which is readable on a light and on a dark page. */
import type { Frame, Row, Run } from './frames.js';

const CELL = { width: 8.4, height: 19 };
const MARGIN = 14;
/** The last screen stays for this time, so that it can be read. */
const REST_MS = 6000;

const STYLE = `
.page{fill:#fff;stroke:#d0d7de}
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;white-space:pre}
.dim{fill:#8c959f}.cyan{fill:#0a7b83}.green{fill:#1a7f37}.yellow{fill:#9a6700}
@media (prefers-color-scheme:dark){.page{fill:#0d1117;stroke:#30363d}text{fill:#e6edf3}
.dim{fill:#6e7681}.cyan{fill:#39c5cf}.green{fill:#3fb950}.yellow{fill:#d29922}}`;

const round = (value: number): string => String(Math.round(value * 100) / 100);

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The length of each run is fixed, because the widths of fonts differ. */
function writeRun({ column, text, style }: Run): string {
  const name = style === '' ? '' : ` class="${style}"`;
  const place = `x="${round(column * CELL.width)}" textLength="${round([...text].length * CELL.width)}"`;
  return `<tspan${name} ${place} lengthAdjust="spacingAndGlyphs">${escapeXml(text)}</tspan>`;
}

/** Moves the strip of frames. @param places the place of each frame in the strip */
function writeMovement(frames: readonly Frame[], places: readonly number[], width: number): string {
  const startMs = frames[0]?.atMs ?? 0;
  const totalMs = (frames.at(-1)?.atMs ?? 0) - startMs + REST_MS;
  const steps = frames.map(({ atMs }, index) => {
    const x = round((places[index] ?? 0) * width);
    return `${round(((atMs - startMs) / totalMs) * 100)}%{transform:translateX(-${x}px)}`;
  });
  const play = `.strip{animation:play ${round(totalMs / 1000)}s step-end infinite}`;
  return `@keyframes play{${steps.join('')}}@media (prefers-reduced-motion:no-preference){${play}}`;
}

/** Returns the place of each frame in the strip. The first place has the frame that a page without movement shows. */
function placesOf(frames: readonly Frame[]): number[] {
  const still = frames.findLastIndex(({ rows }) => rows.flat().some(({ text }) => text.includes('━')));
  return frames.map((_, index) => (index === still ? 0 : index < still ? index + 1 : index));
}

/** @param title what the picture shows, for people who cannot see it */
export function writeSvg(frames: readonly Frame[], columns: number, title: string): string {
  const width = columns * CELL.width + 2 * MARGIN;
  const rowCount = Math.max(
    ...frames.flatMap(({ rows }) => rows.map((row, y) => (row.length > 0 ? y + 1 : 0))),
  );
  const height = rowCount * CELL.height + 2 * MARGIN;
  const lines = new Map<string, string>();
  const lineOf = (row: Row): string => {
    const text = row.map(writeRun).join('');
    const id = lines.get(text) ?? `l${lines.size}`;
    lines.set(text, id);
    return id;
  };
  const places = placesOf(frames);
  const strip = frames.map(({ rows }, index) => {
    const x = (places[index] ?? 0) * width + MARGIN;
    const used = rows.map((row, y) =>
      row.length === 0 ? '' : `<use href="#${lineOf(row)}" y="${round((y + 0.75) * CELL.height + MARGIN)}"/>`,
    );
    return `<g transform="translate(${round(x)} 0)">${used.join('')}</g>`;
  });
  const defs = [...lines].map(([text, id]) => `<text id="${id}">${text}</text>`);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}\n${writeMovement(frames, places, width)}</style>`,
    `<defs>\n${defs.join('\n')}\n</defs>`,
    `<rect class="page" x=".5" y=".5" width="${round(width - 1)}" height="${round(height - 1)}" rx="8"/>`,
    `<g class="strip">\n${strip.join('\n')}\n</g>`,
    '</svg>',
  ].join('\n')}\n`;
}
