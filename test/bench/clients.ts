/** The clients that the benchmark compares over TLS, each with its own options for the same upload. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { awsCliEnv, awsCopy, botoUpload, CALVE, MIB, TARGET } from './tools.js';

const PART_BYTES = 16 * MIB;
const CONCURRENCY = 4;

type Env = Readonly<Record<string, string>>;

/** One command that uploads a file, and its environment. */
export interface Command {
  readonly words: readonly string[];
  readonly env: Env;
}

/** What a client needs to know of an upload. */
export interface Upload {
  readonly file: string;
  readonly url: string;
  readonly certificatePath: string;
  /** The environment without anything that concerns certificates. */
  readonly env: Env;
  /** A temporary folder for settings. */
  readonly folder: string;
}

const KEYS = { OBS_ACCESS_KEY_ID: 'bench', OBS_SECRET_ACCESS_KEY: 'bench', CALVE_REGION: 'us-east-1' };

/** @param calve the words that start the program */
export function calveCommand(upload: Upload, target = TARGET, calve: readonly string[] = CALVE): Command {
  const { file, url, certificatePath, env } = upload;
  const size = ['--part-size', `${PART_BYTES / MIB}M`, '--concurrency', String(CONCURRENCY)];
  const style = target.startsWith('glacier:') ? [] : ['--path-style'];
  const words = [...calve, 'upload', file, target, '--endpoint-url', url, '--fresh', '--quiet'];
  return { words: [...words, ...size, ...style], env: { ...env, ...KEYS, AWS_CA_BUNDLE: certificatePath } };
}

/** Python itself: a wrapper such as that of pyenv would add its own cost to each run. */
function python({ env }: Upload): string {
  const words = ['-c', 'import sys; print(sys.executable)'];
  return execFileSync('python3', words, { env, encoding: 'utf8' }).trim();
}

export function botoCommand(upload: Upload): Command {
  const { file, url, certificatePath, env } = upload;
  const [, ...words] = botoUpload(file, PART_BYTES, CONCURRENCY, url);
  return { words: [python(upload), ...words], env: { ...env, AWS_CA_BUNDLE: certificatePath } };
}

export interface AwsCli {
  readonly path: string;
  /** As in `1.45.11`. */
  readonly version: string;
}

/** Returns each version of the AWS CLI that is installed, once. */
export function awsClis(upload: Upload): AwsCli[] {
  const folders = [dirname(python(upload)), ...(upload.env['PATH'] ?? '').split(delimiter)];
  const found = new Map<string, AwsCli>();
  for (const path of folders.map((folder) => join(folder, 'aws')).filter(existsSync)) {
    const version = versionOf([path, '--version'], upload.env);
    if (version !== null && !found.has(version)) found.set(version, { path, version });
  }
  return [...found.values()];
}

/** Returns the first version number that a command prints; null if it cannot be run. */
function versionOf([command = '', ...words]: readonly string[], env: Env): string | null {
  try {
    return /\d+\.\d+(\.\d+)?/.exec(execFileSync(command, words, { env, encoding: 'utf8' }))?.[0] ?? null;
  } catch {
    return null;
  }
}

export function awsCommand(upload: Upload, { path }: AwsCli, key: string): Command {
  const { file, url, certificatePath, folder, env } = upload;
  const [, ...words] = awsCopy(file, `s3://bench-bucket/${key}`, url);
  const settings = awsCliEnv(folder, { ...env, AWS_CA_BUNDLE: certificatePath }, PART_BYTES, CONCURRENCY);
  return { words: [path, ...words], env: settings };
}

/** @returns null if rclone is not installed */
export function rcloneVersion({ env }: Upload): string | null {
  return versionOf(['rclone', 'version'], env);
}

/** rclone refuses AWS_CA_BUNDLE and has an option of its own. It copies nothing to a key that has the file already. */
export function rcloneCommand(upload: Upload, key: string): Command {
  const size = `${PART_BYTES / MIB}M`;
  const parts = { chunk_size: size, upload_cutoff: size, upload_concurrency: String(CONCURRENCY) };
  return rclone(upload, ['copyto', upload.file, `bench:bench-bucket/${key}`], parts);
}

function rclone(
  { url, certificatePath, folder, env }: Upload,
  words: readonly string[],
  more: Readonly<Record<string, string>>,
): Command {
  const config = join(folder, 'rclone.conf');
  const remote = {
    type: 's3',
    provider: 'Other',
    env_auth: 'true',
    endpoint: url,
    region: 'us-east-1',
    no_check_bucket: 'true',
    ...more,
  };
  const lines = Object.entries(remote).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(config, `[bench]\n${lines.join('')}`);
  const options = ['--config', config, '--ca-cert', certificatePath, '--ignore-times', '--retries', '1'];
  return { words: ['rclone', ...words, ...options], env };
}

/** The three clients with a folder of many files, each with its own number of requests at once. */
export const folderCommands = {
  calve({ file, url, certificatePath, env }: Upload, prefix: string): Command {
    const words = [...CALVE, 'upload', '--recursive', file, `s3://bench-bucket/${prefix}/`];
    const options = ['--endpoint-url', url, '--path-style', '--fresh', '--quiet'];
    return { words: [...words, ...options], env: { ...env, ...KEYS, AWS_CA_BUNDLE: certificatePath } };
  },
  aws({ file, url, certificatePath, env }: Upload, { path }: AwsCli, prefix: string): Command {
    const words = ['s3', 'cp', '--recursive', file, `s3://bench-bucket/${prefix}/`];
    const options = ['--endpoint-url', url, '--only-show-errors', '--region', 'us-east-1'];
    return { words: [path, ...words, ...options], env: { ...env, AWS_CA_BUNDLE: certificatePath } };
  },
  rclone(upload: Upload, prefix: string): Command {
    return rclone(upload, ['copy', upload.file, `bench:bench-bucket/${prefix}`], {});
  },
};
