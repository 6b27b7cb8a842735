/** Limits the time of a profile's `credential_process`, and explains why it gave no credentials. */
import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { formatDuration } from '../../core/units.js';
import { CredentialsError } from './credentials-error.js';
import type { Profile } from './profiles.js';

/** Says the same of every program: the SDK passes on nothing of an error but its message. */
const LATE = 'credential_process did not end within ';

/**
 * Makes the SDK run the program of a profile with a time limit. The program is killed when the time has passed.
 * Source: `@aws-sdk/credential-provider-process`, which takes another `exec` from this record.
 */
export async function limitProcess(timeoutMs: number): Promise<void> {
  const { externalDataInterceptor } = await import('@smithy/core/config');
  const run = async (command: string) => {
    try {
      return await promisify(exec)(command, { timeout: timeoutMs, killSignal: 'SIGKILL' });
    } catch (error) {
      if ((error as { killed?: boolean }).killed !== true) throw error;
      throw new Error(LATE + formatDuration(timeoutMs), { cause: error });
    }
  };
  const limited = Object.assign(() => undefined, { [promisify.custom]: run });
  externalDataInterceptor.interceptToken('exec', limited as unknown as string);
}

/** Returns the failure of a `credential_process` without the words of its command line; null for another error. */
export function processError({ message }: Error, profile: Profile): CredentialsError | null {
  const subject = `the credential_process of profile ${ownerOf(profile)}`;
  if (message.startsWith(LATE)) {
    return new CredentialsError(`${subject} ${message.slice(LATE.indexOf(' ') + 1)}${shownProgram(profile)}`);
  }
  const [, code] = /^spawn .*\b(EAGAIN|ENOMEM|EMFILE|ENFILE)\b/.exec(message) ?? [];
  if (code !== undefined) {
    const why = `${subject} could not be started: ${code}, too many processes or open files, or too little memory`;
    return new CredentialsError(`${why} (ulimit -u and ulimit -n show the limits)`, { isTransient: true });
  }
  if (!/^Command failed|^spawn /i.test(message)) return null;
  return new CredentialsError(`${subject} failed${shownProgram(profile)}`);
}

/** Returns the profile that has the program: a profile with a role takes the credentials of another one. */
function ownerOf({ name, all }: Profile): string {
  const seen = new Set<string>();
  let owner = name;
  while (all[owner]?.['credential_process'] === undefined && !seen.has(owner)) {
    seen.add(owner);
    owner = all[owner]?.['source_profile'] ?? owner;
  }
  return owner;
}

/** Returns the program. The words after it may be secret, and so may a variable before it. */
function shownProgram(profile: Profile): string {
  const [program = ''] = (profile.all[ownerOf(profile)]?.['credential_process'] ?? '').split(/\s/, 1);
  return /^[\w./~-]+$/.test(program) ? `: ${program}` : '';
}
