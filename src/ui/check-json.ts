/** The results of `check` as `--json` prints them, and as its table shows them. */
import type { CheckResult } from '../transfer/check-results.js';
import type { Column, TableOptions, TableStream } from './tables/table-layout.js';
import { tableStream } from './tables/table-layout.js';
import { isoMoment } from './text/timestamps.js';
import { checkName, describeCheck } from './wording/checks.js';
import type { WordingEnvironment } from './wording/paste-line.js';

export type CheckJson = ReturnType<typeof checkJson>;

/** @param exitCode the exit number that a check that failed gives; 0 for any other */
export function checkJson(result: CheckResult, url: string, exitCode: number, env: WordingEnvironment) {
  return {
    type: 'check' as const,
    check: checkName(result, url),
    status: result.status,
    message: describeCheck(result, url, env),
    exitCode,
    target: url,
    accessKeyId: result.accessKeyId,
    account: result.account,
    arn: result.arn,
    expiresAt: isoMoment(result.expiresAt),
    clockOffsetMs: result.clockOffsetMs,
    path: result.path,
    freeBytes: result.freeBytes,
    partSize: result.partSizeBytes,
  };
}

const COLUMNS: readonly Column<CheckJson>[] = [
  { name: 'status', title: 'STATUS', human: (c) => c.status, exact: (c) => c.status },
  { name: 'check', title: 'CHECK', human: (c) => c.check, exact: (c) => c.check },
  { name: 'message', title: 'RESULT', human: (c) => c.message, exact: (c) => c.message },
];

export function checksTable(options: TableOptions): TableStream<CheckJson> {
  return tableStream(COLUMNS, options);
}
