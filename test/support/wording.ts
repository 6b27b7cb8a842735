/** Compares prose with the rules of wording: a list of banned phrases, and openings that make a fragment. */
import { BANNED_PHRASES, FRAGMENT_OPENINGS, QUOTATIONS } from '../docs/banned-words.js';
import type { Prose } from './prose.js';

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly found: string;
  readonly use: string;
}

const PATTERNS = BANNED_PHRASES.map(({ phrase, use }) => ({
  pattern: new RegExp(`(?<![\\w-])(?:${phrase.replaceAll(' ', '\\s+')})(?![\\w-])`, 'gi'),
  use,
}));

/** The opening of a text, or of what a tag of a comment describes. */
const OPENING = new RegExp(
  `(?:^\\s*|@(?:param\\s+[\\w.]+|returns|throws)\\s+)(${Object.keys(FRAGMENT_OPENINGS).join('|')})(?=\\s)`,
  'gi',
);
/** These are sentences in running text often enough: "What differs is …". */
const ALLOWED_IN_PARAGRAPHS = new Set(['what', 'how', 'where']);

function isQuestion(text: string): boolean {
  return /^[^.;]*\?/.test(text.trim());
}

type Found = Pick<Finding, 'found' | 'use'> & { readonly offset: number };

function fragmentsIn({ kind, text }: Prose): Found[] {
  if (kind === 'text' || kind === 'table row') return [];
  return [...text.matchAll(OPENING)].flatMap(({ 0: opening, 1: word = '', index }) => {
    const offset = index + opening.length - word.length;
    const isAllowed = kind === 'paragraph' && ALLOWED_IN_PARAGRAPHS.has(word.toLowerCase());
    if (isAllowed || isQuestion(text.slice(offset))) return [];
    return [{ found: `${word} …`, use: `begin with ${FRAGMENT_OPENINGS[word.toLowerCase()]}`, offset }];
  });
}

function isQuotation(file: string, phrase: string): boolean {
  return QUOTATIONS.some((each) => file.endsWith(each.file) && each.phrase === phrase.toLowerCase());
}

/** Returns every breach of the rules in these pieces of one file. */
export function checkWording(file: string, pieces: readonly Prose[]): Finding[] {
  return pieces.flatMap((prose) => {
    const words = PATTERNS.flatMap(({ pattern, use }) =>
      [...prose.text.matchAll(pattern)].map(({ 0: found, index }) => ({ found, use, offset: index })),
    );
    return [...fragmentsIn(prose), ...words]
      .filter(({ found }) => !isQuotation(file, found))
      .sort((a, b) => a.offset - b.offset)
      .map(({ found, use, offset }) => {
        const line = prose.line + prose.text.slice(0, offset).split('\n').length - 1;
        return { file, line, found: found.replace(/\s+/g, ' '), use };
      });
  });
}

/** Names the folder that somebody who fixes a finding works in: `src/cli`, `test/e2e`, `docs`. */
function roomOf(file: string): string {
  return /^(?:(?:src|test)\/[^/]+|docs|calve)(?=[/ ])/.exec(file)?.[0] ?? file;
}

/** Returns one line for each finding, and the number of findings in each folder. */
export function report(findings: readonly Finding[]): string {
  const counts = new Map<string, number>();
  for (const { file } of findings) counts.set(roomOf(file), (counts.get(roomOf(file)) ?? 0) + 1);
  return [
    `${findings.length} texts are not plain English (docs/contributing.md, Language):`,
    ...findings.map(({ file, line, found, use }) => `${file}:${line}: "${found}": use ${use}`),
    ...[...counts].map(([room, count]) => `${room}: ${count}`),
  ].join('\n');
}
