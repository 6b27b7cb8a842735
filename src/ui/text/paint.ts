/** The few colours that calve uses, or none (NO_COLOR, logs). Written out, because stdout must not decide for stderr. */

export interface Paint {
  readonly dim: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

function sgr(on: number, off: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`);
}

const plain = (text: string): string => text;

export const COLOURS: Paint = { dim: sgr(2, 22), cyan: sgr(36, 39), green: sgr(32, 39), yellow: sgr(33, 39) };
export const NO_COLOURS: Paint = { dim: plain, cyan: plain, green: plain, yellow: plain };
