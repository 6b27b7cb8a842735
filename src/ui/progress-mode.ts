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
}

/** Bars on a terminal, lines elsewhere. A bar that was asked for is still only drawn where one can be drawn. */
export function chooseProgressMode({ flag, isTerminal, ci, term }: ProgressSurroundings): ProgressMode {
  const canDraw = isTerminal && term !== 'dumb';
  if (flag === 'auto') return canDraw && !ci ? 'bar' : 'plain';
  return flag === 'bar' && !canDraw ? 'plain' : flag;
}
