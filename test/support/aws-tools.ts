/** The AWS CLI and boto3, where they are installed: clients that share no line with calve. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Home } from './home.js';

const execute = promisify(execFile);

export interface AwsTools {
  /** Runs `aws glacier WORDS…`. @returns its answer, parsed */
  glacier(...words: string[]): Promise<Record<string, unknown>>;
  /** Runs a Python program that may import boto3. @returns its stdout */
  python(program: string, ...words: string[]): Promise<string>;
}

/** Returns an environment without the person's own profile, region and credentials. */
export function awsEnv(home: string): Record<string, string> {
  const { PATH = '', PYENV_ROOT } = process.env;
  return {
    PATH,
    HOME: home,
    // pyenv's shims look for their versions here, not in HOME.
    ...(PYENV_ROOT === undefined ? {} : { PYENV_ROOT }),
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}

export function awsTools({ folder, env: { AWS_ENDPOINT_URL_GLACIER: url = '', ...own } }: Home): AwsTools {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = own;
  const credentials = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const env = { ...awsEnv(folder), ...credentials, AWS_DEFAULT_REGION: 'eu-west-1', ENDPOINT: url };
  return {
    async glacier(...words) {
      // The CLI of a distribution may be older than its endpoint variables.
      const line = ['glacier', ...words, '--account-id=-', '--output=json', `--endpoint-url=${url}`];
      const { stdout } = await execute('aws', line, { env, timeout: 60_000 });
      return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
    },
    async python(program, ...words) {
      return (await execute('python3', ['-c', program, ...words], { env, timeout: 120_000 })).stdout;
    },
  };
}

/** @returns why a test of it cannot run here, or false */
export async function missingTool(command: 'aws' | 'boto3'): Promise<string | false> {
  const words = command === 'aws' ? ['aws', '--version'] : ['python3', '-c', 'import boto3'];
  const [program = '', ...rest] = words;
  return execute(program, rest, { timeout: 60_000 }).then(
    () => false as const,
    () => `${words.join(' ')} does not run here`,
  );
}

const COMPARE = `
import json, os, sys
import boto3
glacier = boto3.client('glacier', endpoint_url=os.environ['ENDPOINT'])
for archive_id, path in json.loads(sys.argv[1]):
    order = {'Type': 'archive-retrieval', 'ArchiveId': archive_id}
    job = glacier.initiate_job(vaultName='photos', jobParameters=order)['jobId']
    body = glacier.get_job_output(vaultName='photos', jobId=job)['body']
    size = 0
    with open(path, 'rb') as file:
        while chunk := body.read(1 << 20):
            assert chunk == file.read(len(chunk)), '%s differs after byte %d' % (path, size)
            size += len(chunk)
        assert file.read(1) == b'', '%s is longer than its archive' % path
    print(size)
`;

/**
 * Reads archives back with boto3, and fails at the first byte that differs from the file.
 * @returns their sizes
 */
export async function sizesReadBack(
  { python }: AwsTools,
  archives: readonly Record<string, unknown>[],
): Promise<number[]> {
  const pairs = archives.map(({ archiveId, file }) => [archiveId, file]);
  return (await python(COMPARE, JSON.stringify(pairs))).trim().split('\n').map(Number);
}
