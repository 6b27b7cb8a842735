/** The colours and characters of a bar: none or ASCII where the terminal, or NO_COLOR, asks for that. */

export interface TerminalStyle {
  readonly dim: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  /** One cell of the bar. */
  readonly full: string;
  readonly empty: string;
  readonly success: string;
  readonly failure: string;
  readonly spinner: readonly string[];
}

/** Returns a function that colours text. It does not ask a library, which would let stdout decide for stderr. */
function sgr(on: number, off: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`);
}

const plain = (text: string): string => text;

const COLOURS = { dim: sgr(2, 22), cyan: sgr(36, 39), green: sgr(32, 39), yellow: sgr(33, 39) };
const NO_COLOURS = { dim: plain, cyan: plain, green: plain, yellow: plain };

const UNICODE = {
  full: '━',
  empty: '─',
  success: '✔',
  failure: '✖',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};
const ASCII = {
  full: '=',
  empty: '-',
  success: '*',
  failure: 'x',
  spinner: ['-', '\\', '|', '/'],
};

/** @param shows the abilities of the terminal; `unicode` means more than ASCII */
export function terminalStyle(shows: { readonly color: boolean; readonly unicode: boolean }): TerminalStyle {
  return { ...(shows.color ? COLOURS : NO_COLOURS), ...(shows.unicode ? UNICODE : ASCII) };
}
