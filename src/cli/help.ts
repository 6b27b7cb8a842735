/** The text of `--help`, wrapped and put into columns by commander. */
import type { Help } from 'commander';

export interface ExitNumberRow {
  readonly code: number;
  readonly meaning: string;
}

/** Returns the exit numbers as a list like that of the options, with the numbers aligned to the right. */
export function exitNumbersHelp(rows: readonly ExitNumberRow[], help: Help): string {
  const width = Math.max(...rows.map(({ code }) => String(code).length));
  const items = rows.map(({ code, meaning }) =>
    help.formatItem(String(code).padStart(width), width, meaning, help),
  );
  return help.formatItemList('Exit numbers:', items, help).join('\n');
}
