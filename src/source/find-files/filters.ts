/**
 * Include and exclude patterns, with the meaning that they have for rsync. No matcher of a package is used: picomatch and
 * minimatch give `**` the meaning of bash: inside of a name it crosses no `/`, and between two it may match nothing.
 * Source: rsync(1), "PATTERN MATCHING RULES", and its wildmatch.c.
 */

export interface FilterRule {
  readonly action: 'include' | 'exclude';
  readonly pattern: string;
}

/** Returns true if a file or folder is sent. `name`: relative to the root of the transfer, without a `/` at its ends. */
export type Filter = (name: string, isFolder: boolean) => boolean;

/** Returns the reason why no name can match this pattern; null if some can. */
export function patternProblem(pattern: string): string | null {
  if (/^\/?$/.test(pattern)) return 'the pattern is empty';
  return matcherOf(pattern) === null ? 'a [ in the pattern has no ], or an unknown class' : null;
}

/** The first rule that matches decides. A file or folder without a match is sent. */
export function filterOf(rules: readonly FilterRule[]): Filter {
  const compiled = rules.map(({ action, pattern }) => ({ action, matches: matcherOf(pattern) }));
  return (name, isFolder) => compiled.find(({ matches }) => matches?.(name, isFolder))?.action !== 'exclude';
}

function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** Returns null for a pattern that is malformed. */
function matcherOf(given: string): Filter | null {
  const isForFolders = given.endsWith('/');
  const pattern = isForFolders ? given.slice(0, -1) : given;
  const isAnchored = pattern.startsWith('/');
  const body = isAnchored ? pattern.slice(1) : pattern;
  // A backslash escapes only where there is something to escape.
  const source = hasWildcard(body) ? translate(body) : escaped(body);
  if (source === null) return null;
  const crosses = body.includes('**');
  const isForBase = !pattern.includes('/') && !crosses;
  const startsAnywhere = !isAnchored && !isForBase && !body.startsWith('**');
  const expression = new RegExp(`^${startsAnywhere ? '(?:.*/)?' : ''}${source}$`, 'su');
  const subjectOf = subjects({
    isForBase,
    // So that `**/x` also matches an x at the root.
    slashBefore: !isAnchored && body.startsWith('**'),
    // So that `x/***` also matches the folder x.
    slashAfterFolder: body.endsWith('***'),
  });
  return (name, isFolder) => (isFolder || !isForFolders) && expression.test(subjectOf(name, isFolder));
}

interface SubjectRules {
  readonly isForBase: boolean;
  readonly slashBefore: boolean;
  readonly slashAfterFolder: boolean;
}

/** Returns the function that gives the text with which a pattern is compared. */
function subjects({ isForBase, slashBefore, slashAfterFolder }: SubjectRules) {
  return (name: string, isFolder: boolean): string => {
    if (isForBase) return name.slice(name.lastIndexOf('/') + 1);
    return `${slashBefore ? '/' : ''}${name}${slashAfterFolder && isFolder ? '/' : ''}`;
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Returns the regular expression of a pattern with wildcards; null if a bracket is not closed. */
function translate(pattern: string): string | null {
  let source = '';
  for (let i = 0; i < pattern.length; ) {
    const [stars = ''] = /^\*+/.exec(pattern.slice(i)) ?? [];
    if (stars !== '') {
      source += stars.length > 1 ? '.*' : '[^/]*';
      i += stars.length;
    } else if (pattern[i] === '?') {
      source += '[^/]';
      i += 1;
    } else if (pattern[i] === '[') {
      const bracket = readBracket(pattern, i);
      if (bracket === null) return null;
      source += bracket.source;
      i = bracket.end;
    } else {
      const isEscape = pattern[i] === '\\' && i + 1 < pattern.length;
      const character = String.fromCodePoint(codeOf(pattern.slice(isEscape ? i + 1 : i)));
      source += escaped(character);
      i += (isEscape ? 1 : 0) + character.length;
    }
  }
  return source;
}

/** The classes of POSIX, for the characters of ASCII. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ['alnum', '0-9A-Za-z'],
  ['alpha', 'A-Za-z'],
  ['blank', ' \\t'],
  ['cntrl', '\\x00-\\x1f\\x7f'],
  ['digit', '0-9'],
  ['graph', '\\x21-\\x7e'],
  ['lower', 'a-z'],
  ['print', '\\x20-\\x7e'],
  ['punct', '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e'],
  ['space', ' \\t-\\r'],
  ['upper', 'A-Z'],
  ['xdigit', '0-9A-Fa-f'],
]);

/** One item of a bracket: a class, or a character, perhaps after a backslash. */
const ITEM = /\[:([^\]]*):\]|\\?(.)/suy;

/**
 * Reads `[...]` from its `[` on. No bracket matches a slash.
 * @returns its expression, and the index after its `]`; null if it is not closed or names a class that does not exist
 */
function readBracket(pattern: string, start: number): { source: string; end: number } | null {
  const isNegated = /[!^]/.test(pattern[start + 1] ?? '');
  const first = start + (isNegated ? 2 : 1);
  let set = '';
  for (let i = first; i < pattern.length; ) {
    if (pattern[i] === ']' && i > first)
      return { source: `(?!/)[${isNegated ? '^' : ''}${set}]`, end: i + 1 };
    const item = readItem(pattern, i);
    const isRange = item.character !== null && /^-[^\]]/su.test(pattern.slice(item.end));
    const last = isRange ? readItem(pattern, item.end + 1) : item;
    if (item.set === null || last.set === null) return null;
    set += isRange ? rangeOf(item, last) : item.set;
    i = last.end;
  }
  return null;
}

interface BracketItem {
  /** As part of a bracket of an expression; null for a class that does not exist. */
  readonly set: string | null;
  /** Null for a class. */
  readonly character: string | null;
  readonly end: number;
}

function readItem(pattern: string, start: number): BracketItem {
  ITEM.lastIndex = start;
  const [whole = '', name, character = ''] = ITEM.exec(pattern) ?? [];
  const end = start + whole.length;
  if (name !== undefined) return { set: CLASSES.get(name) ?? null, character: null, end };
  return { set: `\\u{${codeOf(character).toString(16)}}`, character, end };
}

/** A range whose end comes before its start has only its start, as for rsync. */
function rangeOf(from: BracketItem, to: BracketItem): string {
  if (to.character === null) return `${from.set}\\-${to.set}`;
  return codeOf(from.character ?? '') <= codeOf(to.character) ? `${from.set}-${to.set}` : (from.set ?? '');
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
