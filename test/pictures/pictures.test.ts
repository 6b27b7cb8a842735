/** The picture in the README shows what the program prints today. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { missingTerminal } from '../support/terminal.js';
import { type Frame, framesOf, textOf } from './frames.js';
import { recordSession } from './session.js';
import { writeSvg } from './svg.js';

const ROOT = join(import.meta.dirname, '../../..');
const PICTURE = readFileSync(join(ROOT, 'docs/session.svg'), 'utf8');
const MAX_BYTES = 60_000;

/** Returns a line without what differs from run to run: numbers, ids, bars and maps. */
function labelOf(line: string): string {
  return line
    .replaceAll(/[\w-]{60,}/g, 'ID')
    .replaceAll(/[━─]+/g, 'BAR')
    .replaceAll(/[█▓▒░]+/g, 'MAP')
    .replaceAll(/\d[\d.]*( min \d+)?/g, 'N')
    .replaceAll(/ +/g, ' ')
    .trim();
}

/** Returns the lines of an SVG in the order of its frames, each once. */
function linesOf(svg: string): string[] {
  return [...svg.matchAll(/<text id="\w+">(.*)<\/text>/g)].map(([, line = '']) => {
    let text = '';
    for (const [, x = '', run = ''] of line.matchAll(/<tspan[^>]* x="([\d.]+)"[^>]*>([^<]*)<\/tspan>/g)) {
      text = text.padEnd(Math.round(Number(x) / 8.4)) + run;
    }
    return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  });
}

/** The end of an id, which is cut at the border of the window, and pictures that turn, which a run may be too fast for. */
const MAY_DIFFER = /^(ID|[\w-]{1,59}|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .*)$/;

function labelsOf(lines: readonly string[]): Set<string> {
  return new Set(lines.map(labelOf).filter((label) => label !== '' && !MAY_DIFFER.test(label)));
}

describe('The picture in the README', () => {
  test('is small, is well-formed, and has the bar, the map of the parts and colours for dark pages', () => {
    assert.ok(PICTURE.length < MAX_BYTES, `${PICTURE.length} bytes`);
    assertWellFormed(PICTURE);
    assert.match(PICTURE, /━.*─/);
    assert.match(PICTURE, /█+░+/);
    assert.match(PICTURE, /prefers-color-scheme:dark/);
    assert.doesNotMatch(PICTURE, /https?:(?!\/\/www\.w3\.org\/2000\/svg")/, 'it loads nothing');
    assert.ok(readFileSync(join(ROOT, 'README.md'), 'utf8').includes('](docs/session.svg)'));
  });

  test('has the words that a run prints today', { skip: missingTerminal() }, async () => {
    // As many digits as in the picture, so that lines are cut at the same words.
    const recording = await recordSession(25, 0);
    const frames = await framesOf(recording, 0);
    const today = labelsOf(frames.flatMap(({ rows }: Frame) => rows.map(textOf)));
    const shown = labelsOf(linesOf(PICTURE));
    const outdated = [...shown].filter((label) => !today.has(label));
    assert.deepEqual(outdated, [], 'npm run pictures records a new run');
    // A picture without words would agree with everything.
    for (const word of [
      /^\$ calve status$/,
      /^backup\.tar BAR N% .* ETA N s$/,
      /^✖ .* stopped at N%/,
      / MAP /,
    ]) {
      assert.ok(
        [...shown].some((label) => word.test(label)),
        `${word} in ${[...shown].join('\n')}`,
      );
    }
    const svg = writeSvg(frames, recording.columns, 'A <title> & more');
    assertWellFormed(svg);
    assert.deepEqual(labelsOf(linesOf(svg)), today, 'the picture has every line of the run');
  });
});

/** Fails if an element is not closed, or if a line of the picture is missing. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, close, name = '', self] of svg.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
    if (close === '/') assert.equal(open.pop(), name);
    else if (self !== '/') open.push(name);
  }
  assert.deepEqual(open, []);
  const ids = new Set([...svg.matchAll(/<text id="(\w+)"/g)].map(([, id]) => id));
  const used = new Set([...svg.matchAll(/<use href="#(\w+)"/g)].map(([, id]) => id));
  assert.deepEqual(used, ids);
  assert.doesNotMatch(svg, /&(?!(amp|lt|gt);)/);
}
