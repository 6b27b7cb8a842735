/** Chooses the form in which a run shows its progress. */

export const PROGRESS_FLAGS = ['auto', 'bar', 'plain', 'json', 'none'] as const;
export type ProgressFlag = (typeof PROGRESS_FLAGS)[number];
export type ProgressMode = Exclude<ProgressFlag, 'auto'>;

export interface ProgressSurroundings {
  readonly flag: ProgressFlag;
  /** True if standard error is a terminal. */
  readonly isTerminal: boolean;
  /** True in continuous integration, where a terminal is a log. */
  readonly ci: boolean;
  readonly term: string | undefined;
  /** Width of that terminal. `docker run -t`, `ssh -tt` and `script` may report 0. */
  readonly columns?: number | undefined;
}

/** Chooses a bar on a terminal, and lines elsewhere. A terminal that cannot show a bar gets lines in any case. */
export function chooseProgressMode({
  flag,
  isTerminal,
  ci,
  term,
  columns,
}: ProgressSurroundings): ProgressMode {
  // With 0 columns ora would compute endless rows, and would never finish clearing them.
  const canDraw = isTerminal && term !== 'dumb' && columns !== 0;
  if (flag === 'auto') return canDraw && !ci ? 'bar' : 'plain';
  return flag === 'bar' && !canDraw ? 'plain' : flag;
}
