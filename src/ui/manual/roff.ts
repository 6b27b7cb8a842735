/**
 * Writes manual pages in the macros of man(7), which groff and mandoc read.
 * Source: man(7) of mandoc; groff_man(7) and groff_char(7) for the characters that have another meaning.
 */

const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

/** The longest line of a source of a page, by convention of mandoc. */
const LINE_MAX_LENGTH = 80;

/** Returns text in which every character stands for itself, also a dot at the start. */
export function escaped(text: string): string {
  const characters = text.replace(/[\\\-'`^~"]/g, (character) => SPECIAL[character] ?? character);
  return characters.replace(/^\./, '\\&.');
}

/** Returns prose in short lines, which the reader's program joins. */
function prose(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ').map(escaped)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > LINE_MAX_LENGTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `${lines.join('\n')}\n`;
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

interface Head {
  /** As in `man calve-upload`. */
  readonly name: string;
  readonly summary: string;
  readonly version: string;
  readonly date: Date;
}

/** Returns the first lines of a page: its title, its name, and what it is for. */
export function pageHead({ name, summary, version, date }: Head): string {
  const day = date.toISOString().slice(0, 10);
  const words = [escaped(name.toUpperCase()), '1', day, `"calve ${escaped(version)}"`, '"Manual of calve"'];
  return `.TH ${words.join(' ')}\n${section('NAME', `${escaped(name)} \\- ${escaped(summary)}\n`)}`;
}

/** @param body roff lines */
export function section(heading: string, body: string): string {
  return `.SH ${escaped(heading)}\n${body}`;
}

export function subsection(heading: string, body: string): string {
  return `.SS ${escaped(heading)}\n${body}`;
}

/** Returns paragraphs of plain text. The first one of a section must not begin with a macro. */
export function paragraphs(texts: readonly string[]): string {
  return texts.map(prose).join('.PP\n');
}

/** @param term roff text of one line */
export function item(term: string, text: string): string {
  return `.TP\n${term}\n${prose(text)}`;
}

/** Returns lines to be typed, each below the text that explains it. */
export function examples(lines: readonly { readonly line: string; readonly meaning: string }[]): string {
  const parts = lines.map(
    ({ line, meaning }) => `${prose(meaning)}.PP\n.nf\n.RS 4\n${escaped(line)}\n.RE\n.fi\n`,
  );
  return section('EXAMPLES', parts.join('.PP\n'));
}

/** Returns references to other pages of section 1. */
export function seeAlso(names: readonly string[]): string {
  const lines = names.map((name, index) => `.BR ${escaped(name)} (1)${index < names.length - 1 ? ' ,' : ''}`);
  return section('SEE ALSO', `${lines.join('\n')}\n`);
}
