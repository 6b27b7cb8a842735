/** Which face a run's progress has. */

export const PROGRESS_FLAGS = ['auto', 'bar', 'plain', 'json', 'none'] as const;
export type ProgressFlag = (typeof PROGRESS_FLAGS)[number];
export type ProgressMode = Exclude<ProgressFlag, 'auto'>;

export interface ProgressSurroundings {
  readonly flag: ProgressFlag;
  /** Whether standard error is a terminal. */
  readonly isTerminal: boolean;
  /** Whether this runs in continuous integration, where terminals are logs. */
  readonly ci: boolean;
  readonly term: string | undefined;
  /** Of that terminal. `docker run -t`, `ssh -tt` and `script` may give none: 0. */
  readonly columns?: number | undefined;
}

/** Bars on a terminal, lines elsewhere. A bar that was asked for is still only drawn where one can be drawn. */
export function chooseProgressMode({
  flag,
  isTerminal,
  ci,
  term,
  columns,
}: ProgressSurroundings): ProgressMode {
  // On no columns every line takes endless rows, and ora would clear them for ever.
  const canDraw = isTerminal && term !== 'dumb' && columns !== 0;
  if (flag === 'auto') return canDraw && !ci ? 'bar' : 'plain';
  return flag === 'bar' && !canDraw ? 'plain' : flag;
}
