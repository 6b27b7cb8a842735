/** Text for `--help`. */

export interface ExitNumberRow {
  /** One number, or several that mean the same: `129, 130, 143`. */
  readonly code: number | string;
  readonly meaning: string;
}

const WIDTH = 80;
const INDENT = '  ';
const GAP = '  ';

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** The exit numbers as `--help` shows them: numbers in a right-aligned column, meanings wrapped beside them. */
export function exitNumbersHelp(rows: readonly ExitNumberRow[]): string {
  const codeWidth = Math.max(0, ...rows.map((row) => String(row.code).length));
  const margin = INDENT.length + codeWidth + GAP.length;
  const lines = rows.flatMap((row) =>
    wrap(row.meaning, WIDTH - margin).map((text, i) =>
      i === 0
        ? `${INDENT}${String(row.code).padStart(codeWidth)}${GAP}${text}`
        : `${' '.repeat(margin)}${text}`,
    ),
  );
  return `Exit numbers:\n${lines.join('\n')}\n`;
}
