/** A session of the built program on a terminal of its own, recorded with its times. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { writeSeededFile } from '../support/bytes.js';
import { cleanEnv } from '../support/calve.js';
import { withCalveOnPath } from '../support/shell.js';

interface Chunk {
  readonly atMs: number;
  readonly text: string;
}

export interface Recording {
  readonly columns: number;
  readonly rows: number;
  readonly chunks: readonly Chunk[];
}

const COLUMNS = 100;
const ROWS = 15;
const MIB_BYTES = 1024 * 1024;
/** Has the length of the name that it replaces, so that tables keep their widths. */
const SHOWN_NAME = 'weekly';

/** Ctrl-C is for the first upload. The shell must survive it. */
const SCRIPT = `
trap : INT
stty columns ${COLUMNS} rows ${ROWS} -echoctl
run() { printf '$ %s\\n' "$*"; sleep "$PAUSE"; "$@"; sleep "$PAUSE"; }
run calve upload backup.tar local://photos --part-size 1M --limit-rate 8M
run calve status
run calve upload backup.tar local://photos --part-size 1M --limit-rate 8M
`;

/**
 * Runs an upload that Ctrl-C stops, the command that shows how far it got, and the same upload again.
 * @param pauseMs the time before and after each command
 */
export async function recordSession(sizeMib: number, pauseMs: number): Promise<Recording> {
  // The path is in the picture, so it is the same for the tests.
  const folder = mkdtempSync(join(realpathSync('/tmp'), 'backup-'));
  try {
    const home = join(folder, 'home');
    mkdirSync(home);
    writeSeededFile(join(folder, 'backup.tar'), sizeMib * MIB_BYTES, 1);
    const env = {
      ...withCalveOnPath(folder, cleanEnv(home)),
      TERM: 'xterm-256color',
      PAUSE: `${pauseMs / 1000}`,
    };
    const shown = `${folder.slice(0, -SHOWN_NAME.length)}${SHOWN_NAME}`;
    const chunks = await runInTerminal(folder, env);
    return {
      columns: COLUMNS,
      rows: ROWS,
      chunks: chunks.map(({ atMs, text }) => ({ atMs, text: text.replaceAll(folder, shown) })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns what the terminal showed; the first upload gets Ctrl-C as soon as it shows 40 per cent or more */
async function runInTerminal(cwd: string, env: Record<string, string>): Promise<Chunk[]> {
  const child = spawn('script', ['-qec', SCRIPT, '/dev/null'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks: Chunk[] = [];
  const startedMs = performance.now();
  let isStopped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    chunks.push({ atMs: performance.now() - startedMs, text });
    if (isStopped || !/ [4-9]\d% /.test(text)) return;
    isStopped = true;
    child.stdin.write('\u0003');
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0)
    throw new Error(`the session ended with ${code}: ${chunks.map(({ text }) => text).join('')}`);
  return chunks;
}
