/** Pointers from documents to tests: a file below `test`, and a title in it, `` `e2e/retries` "a title" ``. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { titlesOf } from './prose.js';

const ROOT = join(import.meta.dirname, '../../..');

export interface Pointer {
  readonly file: string;
  readonly title: string;
}

/** Returns every pointer in a text. A title belongs to the last file before it in the same paragraph or item. */
export function pointersIn(markdown: string): Pointer[] {
  return markdown.split(/\n\n|\n(?=- )/).flatMap((block) => {
    let file = '';
    const found: Pointer[] = [];
    for (const [, path, title] of block.matchAll(/`([a-z0-9]+(?:\/[a-z0-9-]+)+)`|"([^"]{12,})"/g)) {
      if (path !== undefined) file = path;
      else if (title !== undefined && file !== '') found.push({ file, title: title.replace(/\s+/g, ' ') });
    }
    return found;
  });
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[a-z0-9]+/g) ?? []);
}

/** Returns the share of words that two titles have in common, from 0 to 1. */
function likeness(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const common = [...left].filter((word) => right.has(word)).length;
  return common / Math.max(1, left.size + right.size - common);
}

/** Returns the test files of the same name in other folders. */
function movedTo(file: string): string {
  const name = `${basename(file)}.test.ts`;
  const all = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  return all.filter((path) => basename(path) === name).join(', ') || 'none';
}

/** Returns a complaint for each pointer whose test does not exist, with the most similar title of that file. */
export function brokenPointers(pointers: readonly Pointer[]): string[] {
  return pointers.flatMap(({ file, title }) => {
    const path = join(ROOT, 'test', `${file}.test.ts`);
    if (!existsSync(path)) return [`${file} does not exist; files of that name: ${movedTo(file)}`];
    const source = readFileSync(path, 'utf8');
    if (source.replace(/\s+/g, ' ').includes(title)) return [];
    const [nearest] = titlesOf(source)
      .map(({ text }) => text.replace(/^['"]|['"]$/g, ''))
      .sort((a, b) => likeness(b, title) - likeness(a, title));
    return [`${file}: "${title}" does not exist; the most similar title is "${nearest}"`];
  });
}
