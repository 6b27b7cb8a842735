/** What the benchmark measures, and how good each figure must be. */

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ratio' | 'share' | 'MiB' | 'seconds' | 'MB';
  /** At least (or at most) this good. */
  readonly atLeast: number;
  readonly aim: number | null;
  readonly better: 'lower' | 'higher';
  /** The figures behind it. */
  readonly from: string;
}

/** One run of the benchmark. */
export interface Bench {
  /** A temporary folder of the row, removed after it. */
  readonly folder: string;
  /** A temporary folder for large files, in memory if there is room: a disk would be measured instead of a client. */
  readonly files: string;
  /** Rounds of the rows over TLS: an odd number. */
  readonly rounds: number;
  /** Another checkout of calve that is built, to compare this one with; null: none. */
  readonly otherCheckout: string | null;
  /** Reports that something is not measured, with the reason. */
  skip(what: string): void;
}

export interface Row {
  readonly name: string;
  run(bench: Bench): Promise<Figure[]>;
}

export type Verdict = 'missed' | 'reached' | 'aim';

function isGood({ value, better }: Figure, bound: number): boolean {
  return better === 'lower' ? value <= bound : value >= bound;
}

export function verdictOf(figure: Figure): Verdict {
  if (!isGood(figure, figure.atLeast)) return 'missed';
  return figure.aim !== null && isGood(figure, figure.aim) ? 'aim' : 'reached';
}

export function shown(value: number, unit: Figure['unit']): string {
  if (unit === 'share') return `${(value * 100).toFixed(value < 0.1 ? 1 : 0)}%`;
  if (unit === 'MiB') return `${value.toFixed(0)} MiB`;
  if (unit === 'MB') return `${value.toFixed(2)} MB`;
  return unit === 'seconds' ? `${value.toFixed(2)} s` : value.toFixed(2);
}

export function seconds(value: number): string {
  return shown(value, 'seconds');
}

/** The cells of a figure's line in the table, in the order of HEADINGS. */
export function cellsOf(figure: Figure): string[] {
  const { what, value, unit, atLeast, aim, from } = figure;
  return [
    what,
    shown(atLeast, unit),
    aim === null ? '' : shown(aim, unit),
    shown(value, unit),
    verdictOf(figure),
    from,
  ];
}

export const HEADINGS = ['what', 'at least', 'aim', 'measured', '', 'from'];
