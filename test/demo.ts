/**
 * The main job on the embedded default, with the built program: a real file goes up in parts to `local://demo`, is cut
 * off, resumes, is listed and verified. Everything happens in a temporary folder, which is removed at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { writeSeededFile } from './support/bytes.js';

const CALVE = join(import.meta.dirname, '../../bin/calve.js');
const FILE_SIZE_BYTES = 40 * 1024 * 1024 + 123;
const KILL_AFTER_PARTS = 16;

const folder = mkdtempSync(join(tmpdir(), 'calve-demo-'));
const file = join(folder, 'holiday.tar');
const env = {
  PATH: process.env['PATH'],
  HOME: folder,
  LANG: process.env['LANG'],
  CALVE_STATE_DIR: join(folder, 'state'),
  CALVE_CATALOGUE: join(folder, 'archives'),
  CALVE_LOCAL_DIR: join(folder, 'vaults'),
};

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function startCalve(words: readonly string[], stderr: 'pipe' | 'inherit'): ChildProcess {
  say(`\n$ calve ${words.join(' ').replaceAll(folder, '…')}`);
  return spawn(process.execPath, [CALVE, ...words], { env, stdio: ['ignore', 'pipe', stderr] });
}

async function ended(child: ChildProcess, echo = true): Promise<{ code: number | null; stdout: string }> {
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (echo) process.stdout.write(text.replaceAll(folder, '…'));
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout: stdout.trim() };
}

async function run(words: readonly string[], echo = true): Promise<string> {
  const { code, stdout } = await ended(startCalve(words, 'inherit'), echo);
  if (code !== 0) throw new Error(`calve ${words[0]} ended with ${code}`);
  return stdout;
}

/** Starts the upload and ends it with SIGKILL, which no program can prepare for. @returns parts that had arrived */
async function uploadAndKill(): Promise<number> {
  const child = startCalve(
    ['upload', file, 'local://demo', '--part-size', '1M', '--progress', 'json'],
    'pipe',
  );
  let parts = 0;
  if (child.stderr === null) throw new Error('no stderr to watch');
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.startsWith('{"type":"part"')) continue;
    parts += 1;
    if (parts === KILL_AFTER_PARTS) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  if (child.signalCode !== 'SIGKILL') throw new Error('the upload was through before it could be killed');
  return parts;
}

/** The archive as the vault holds it: one plain file among the emulator's own. */
function archiveDigest(): string {
  const largest = readdirSync(join(folder, 'vaults'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0];
  return createHash('sha256')
    .update(readFileSync(largest ?? ''))
    .digest('hex');
}

async function demo(): Promise<void> {
  writeSeededFile(file, FILE_SIZE_BYTES, 20_120_821);
  say(
    `calve uploads a file of ${FILE_SIZE_BYTES} bytes to a vault of the embedded emulator, in parts of 1 MiB.`,
  );
  const partsBefore = await uploadAndKill();
  say(`The program was killed with SIGKILL after ${partsBefore} parts. The upload is unfinished:`);
  await run(['status']);
  say('\nResume continues it (the same upload command does the same):');
  const result = JSON.parse(await run(['resume', file, '--json'], false)) as Record<string, unknown>;
  say(
    `(from the JSON object: parts ${result['parts']}, partsReused ${result['partsReused']}, partsSent ${result['partsSent']})`,
  );
  say(
    '\nNo upload is in progress any more (the table has only its header), and the catalogue has the archive:',
  );
  await run(['list-uploads', 'local://demo']);
  const archives = JSON.parse(await run(['archives', '--json'], false)) as Record<string, unknown>;
  say(
    `(archivedAt ${archives['archivedAt']}, size ${archives['size']}, treeHash ${String(archives['treeHash']).slice(0, 16)}…)`,
  );
  await run(['verify', file]);

  const original = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (archiveDigest() !== original) throw new Error('the archive differs from the file');
  say(
    [
      '',
      'What happened:',
      `  ${result['parts']} parts: ${result['partsReused']} were in the vault before the kill and were not sent again, ${result['partsSent']} were sent after it.`,
      '  No upload is left open, and the archive in the vault is the file, byte for byte (SHA-256 compared).',
      `  Its id is in the catalogue: ${String(result['archiveId']).slice(0, 24)}…`,
    ].join('\n'),
  );
}

try {
  await demo();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
