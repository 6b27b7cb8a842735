/** What every row of the benchmark uses: files, a server that costs next to nothing, and what a command cost. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** Python files stay where they are in the source tree. */
const HERE = join(import.meta.dirname, '../../../test/bench');
export const CALVE = [process.execPath, join(HERE, '../../bin/calve.js')];
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const TARGET = 'glacier://v';

export interface Cost {
  readonly exitCode: number;
  readonly wallSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly peakMiB: number;
  /** The CPU time of the main thread; null where the kernel does not report it. */
  readonly mainThreadSeconds: number | null;
}

export function cpuSeconds(cost: Pick<Cost, 'userSeconds' | 'systemSeconds'>): number {
  return cost.userSeconds + cost.systemSeconds;
}

/** Settings that keep the machine's own out: each run has a home below `folder`. */
export function benchEnv(folder: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

async function capture(words: readonly string[], env: Record<string, string>): Promise<string> {
  const [command = '', ...rest] = words;
  const child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`);
  return text;
}

/** Runs a command to its end. @throws when it fails */
export async function measure(words: readonly string[], env: Record<string, string>): Promise<Cost> {
  const line = lastLine(await capture(['python3', join(HERE, 'measure.py'), ...words], env));
  const cost = JSON.parse(line) as Cost;
  if (cost.exitCode !== 0) throw new Error(`${words.join(' ')} ended with ${cost.exitCode}`);
  return cost;
}

/** The boto3 alternative's words. */
export function botoUpload(file: string, partSizeBytes: number, threads: number, url: string): string[] {
  return ['python3', join(HERE, 'boto_upload.py'), file, String(partSizeBytes), String(threads), url];
}

/** The AWS CLI's words for the same. */
export function awsCopy(file: string, target: string, url: string): string[] {
  return ['aws', 's3', 'cp', file, target, '--endpoint-url', url, '--only-show-errors'];
}

/** With settings for the AWS CLI: the same part size, as many parts at once. */
export function awsCliEnv(
  folder: string,
  env: Record<string, string>,
  partSizeBytes: number,
  concurrency: number,
): Record<string, string> {
  const path = join(folder, 'aws-config');
  const s3 = [
    `multipart_chunksize = ${partSizeBytes}`,
    `multipart_threshold = ${partSizeBytes}`,
    `max_concurrent_requests = ${concurrency}`,
    'addressing_style = path',
  ];
  writeFileSync(path, `[default]\ns3 =\n${s3.map((setting) => `  ${setting}\n`).join('')}`);
  return { ...env, AWS_CONFIG_FILE: path };
}

export interface Sink {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts test/bench/sink.py. */
export async function startSink(words: readonly string[] = []): Promise<Sink> {
  const child = spawn('python3', [join(HERE, 'sink.py'), ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await firstLine(child);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  };
  return { url, stop };
}

export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the server did not start');
}

/**
 * A file of bytes that compress to nothing and are all there. If it is on a disk, it is synced: the kernel would
 * otherwise write it during the first runs.
 */
export function makeFullFile(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(4 * MIB);
  for (let i = 0; i < chunk.length; i += 4) chunk.writeUInt32LE(Math.imul(i + 1, 0x9e3779b1) >>> 0, i);
  for (let at = 0; at < sizeBytes; at += chunk.length) {
    chunk.writeDoubleLE(at, 0);
    writeSync(file, chunk, 0, Math.min(chunk.length, sizeBytes - at));
  }
  fsyncSync(file);
  closeSync(file);
}

/** Linux's file system in memory. */
const MEMORY = '/dev/shm';
/** Where sparse files are: they need no room. */
const SPARSE_HOME = [MEMORY, tmpdir()].find((path) => existsSync(path)) as string;

/** Returns the folder for files of so many bytes: in memory if twice as much is free there. */
export function homeOfFiles(sizeBytes: number): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= 2 * sizeBytes ? MEMORY : tmpdir();
}

/**
 * Uses a file that takes no room, and removes it. In memory, where reading a hole needs no page cache: a virtual
 * machine's first touch of a page costs more than hashing it, whoever reads (up to 4 s of a GiB were seen, else 0.5).
 */
export async function withSparseFile<T>(sizeBytes: number, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(SPARSE_HOME, 'calve-bench-'));
  const path = join(folder, 'sparse');
  try {
    writeFileSync(path, '');
    truncateSync(path, sizeBytes);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Bytes a second and core of one SHA-256 pass by openssl over pieces of a MiB: the floor that hashing can't go below.
 * @param cores how many work at once: a core is slower beside a busy one than alone
 */
export async function opensslBytesPerSecond(env: Record<string, string>, cores: number): Promise<number> {
  const text = await capture(
    [
      ...['openssl', 'speed', '-seconds', '1', '-bytes', String(MIB), '-evp', 'sha256'],
      ...(cores > 1 ? ['-multi', String(cores)] : []),
    ],
    env,
  );
  const thousands = /([\d.]+)k\s*$/.exec(text)?.[1];
  if (thousands === undefined) throw new Error('openssl speed said nothing that can be read');
  return (Number(thousands) * 1000) / cores;
}

/**
 * The middle of the ratios of an odd number of rounds: a machine that is slow for a while is so for both of a round.
 * @param figure of both, in one unit
 */
export function medianRatio<T>(ours: readonly T[], theirs: readonly T[], figure: (one: T) => number): number {
  return median(
    ours.map((one, round) => figure(one) / figure(theirs[round] as T)),
    Number,
  );
}

/** The middle of an odd number of measurements, by one of their figures. */
export function median<T>(all: readonly T[], figure: (one: T) => number): T {
  const sorted = [...all].sort((a, b) => figure(a) - figure(b));
  return sorted[Math.floor(sorted.length / 2)] as T;
}
