/** Finds the prose in source files, Markdown and help texts, and remembers the line of each piece. */

/** A piece of text for people. Code, quotations and line prefixes in it are blanked out, so offsets stay. */
export interface Prose {
  readonly kind: 'comment' | 'text' | 'paragraph' | 'table row' | 'help';
  readonly text: string;
  /** The line in the file on which the text starts, from 1. */
  readonly line: number;
}

interface Token {
  readonly kind: 'line-comment' | 'block-comment' | 'string' | 'code';
  readonly text: string;
  readonly start: number;
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** A regular expression literal can stand only after these, at the end of the code before it. */
const BEFORE_REGEX = /(^|[=(,:;[!&|?{}>+]|\breturn|\bcase|\btypeof)\s*$/;
const REGEX_LITERAL = /^\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/;
const QUOTED = /^(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")/s;

/** Splits TypeScript into comments, strings and the code between them. The text parts of a template are strings. */
function tokens(source: string): Token[] {
  const found: Token[] = [];
  /** For each template that is open: the number of braces that are open in its current `${}`. */
  const templates: number[] = [];
  let at = 0;
  let code = '';
  const take = (kind: Token['kind'], text: string): void => {
    found.push({ kind, text, start: at });
    at += text.length;
    code = kind === 'string' ? 'x' : code;
  };
  const takeTemplate = (): void => {
    const [text = ''] = /^(?:\\.|\$(?!\{)|[^`\\$])*/s.exec(source.slice(at)) ?? [];
    take('string', text);
    if (source.startsWith('${', at)) {
      templates.push(0);
      take('code', '${');
      code = '(';
    } else take('code', '`');
  };
  while (at < source.length) {
    const rest = source.slice(at);
    const [comment] = /^(?:\/\/[^\n]*|\/\*.*?\*\/)/s.exec(rest) ?? [];
    const [literal] = QUOTED.exec(rest) ?? [];
    const [regex] = (BEFORE_REGEX.test(code) && REGEX_LITERAL.exec(rest)) || [];
    const char = rest[0] ?? '';
    if (comment !== undefined) {
      take(comment.startsWith('//') ? 'line-comment' : 'block-comment', comment);
    } else if (literal !== undefined) {
      take('string', literal);
    } else if (regex !== undefined) {
      take('code', regex);
      code = 'x';
    } else if (char === '`') {
      take('code', char);
      takeTemplate();
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      take('code', char);
      takeTemplate();
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && char === '{') templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && char === '}') templates[depth] = (templates[depth] ?? 0) - 1;
      const [run = char] = /^(?:[\w$]+|\s+)/.exec(rest) ?? [];
      take('code', run);
      code = (code + run).slice(-12);
    }
  }
  return found;
}

function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

/** Blanks out what is not the author's prose: code in backticks, quotations, and names in single quotes. */
function withoutQuotations(text: string): string {
  return text
    .replace(/`[^`]*`/g, (code) => 'x'.repeat(code.length))
    .replace(/"[^"]{1,300}"|“[^”]{1,300}”/g, (quotation) => 'x'.repeat(quotation.length))
    .replace(/(?<!\w)'[\w-]+'(?!\w)/g, (name) => 'x'.repeat(name.length));
}

/** Joins `//` comments on lines that follow each other: they are one comment. */
function joinLineComments(parts: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (const part of parts) {
    const [before, gap] = joined.slice(-2);
    const isNext =
      part.kind === 'line-comment' &&
      before?.kind === 'line-comment' &&
      gap?.kind === 'code' &&
      /^\n[ \t]*$/.test(gap.text);
    if (!isNext || before === undefined || gap === undefined) joined.push(part);
    else joined.splice(-2, 2, { ...before, text: before.text + gap.text + part.text });
  }
  return joined;
}

/** Returns the comments of a source file, without the characters that mark them. */
export function commentsOf(source: string): Prose[] {
  return joinLineComments(tokens(source))
    .filter(({ kind }) => kind === 'line-comment' || kind === 'block-comment')
    .map(({ text, start }) => {
      const bare = text.replace(/^\/\*+|\*+\/$/g, blank).replace(/^[ \t]*(\*(?!\/)|\/\/+)/gm, blank);
      return { kind: 'comment', text: withoutQuotations(bare), line: lineOf(source, start) };
    });
}

/** Returns the strings of a source file that are messages: an identifier has no space in it. */
export function messagesOf(source: string): Prose[] {
  return tokens(source)
    .filter(({ kind, text }) => kind === 'string' && /\w[,;:.]? \w/.test(text))
    .map(({ text, start }) => ({ kind: 'text', text, line: lineOf(source, start) }));
}

/**
 * Returns the titles of tests and groups of tests: the first argument of `test`, `describe`, `it`, and of `fact`, which
 * declares the same test for several stores.
 */
export function titlesOf(source: string): Prose[] {
  const found: Prose[] = [];
  let code = '';
  for (const { kind, text, start } of tokens(source)) {
    if (kind === 'string' && /(?:^|[^\w.])(?:t\.)?(?:test|describe|it|fact)(?:\.\w+)?\(\s*`?$/.test(code)) {
      found.push({ kind: 'text', text, line: lineOf(source, start) });
    }
    if (kind === 'code') code = (code + text).slice(-40);
    if (kind === 'string') code = '';
  }
  return found;
}

const TABLE_ROW = /^ *\|/;
const LIST_ITEM = /^ *(?:[-*]|\d+\.) +/;

/** Returns the paragraphs, list items and table rows of a Markdown file, and the comments in its blocks of code. */
export function paragraphsOf(markdown: string): Prose[] {
  const found: Prose[] = [];
  let fenced = false;
  let open: { text: string; line: number; kind: Prose['kind'] } | null = null;
  const close = (): void => {
    if (open !== null) found.push({ ...open, text: withoutQuotations(open.text) });
    open = null;
  };
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    if (/^ *```/.test(text)) fenced = !fenced;
    const isCode = fenced || (open === null && /^ {4,}/.test(text));
    if (isCode || text.trim() === '') {
      close();
      const [comment] = (isCode && / # .*$/.exec(text)) || [];
      if (comment !== undefined)
        found.push({ kind: 'comment', text: withoutQuotations(comment.slice(3)), line });
    } else if (TABLE_ROW.test(text)) {
      close();
      found.push({ kind: 'table row', text: withoutQuotations(text), line });
    } else if (open === null || LIST_ITEM.test(text) || text.startsWith('#')) {
      close();
      open = { kind: 'paragraph', text: text.replace(LIST_ITEM, blank), line };
    } else open.text += `\n${text}`;
  }
  close();
  return found;
}

/** Returns the descriptions in a help text, each unwrapped. */
export function helpEntriesOf(help: string): Prose[] {
  const entries: { kind: 'help'; text: string; line: number }[] = [];
  for (const [index, text] of help.split('\n').entries()) {
    const isContinued = /^ {6,}\S/.test(text) || (/^\S/.test(text) && /^[a-z]/.test(text));
    const last = entries.at(-1);
    const [, description = text] = /^ {1,5}\S.*? {2,}(\S.*)$/.exec(text) ?? [];
    if (isContinued && last !== undefined) last.text += ` ${text.trim()}`;
    else if (description.trim() !== '')
      entries.push({ kind: 'help', text: description.trim(), line: index + 1 });
  }
  return entries;
}
