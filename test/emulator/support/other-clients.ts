/** What the tests of other clients share: clients in other languages run as programs of their own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Emulator } from '../../../src/emulator/server.js';

export const run = promisify(execFile);

/** Returns an environment without the user's profile, region and credentials. It has only the demo credentials. */
export function cleanEnvironment(emulator: Emulator, home: string): NodeJS.ProcessEnv {
  const { PATH, PYENV_ROOT } = process.env;
  return {
    PATH,
    HOME: home,
    // pyenv's shims look for Python versions here and not in HOME.
    ...(PYENV_ROOT === undefined ? {} : { PYENV_ROOT }),
    AWS_ACCESS_KEY_ID: emulator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}

/** Returns the reason to skip the tests of a client that does not run here; false if it runs. */
export async function missing(command: string, ...words: string[]): Promise<string | false> {
  return run(command, words, { timeout: 60_000 }).then(
    () => false as const,
    () => `${[command, ...words].join(' ')} does not run on this system`,
  );
}
