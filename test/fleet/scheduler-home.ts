/** A home for the examples of schedulers: a vault on an emulator, `calve` on the PATH, and the packages of Debian. */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { withCalveOnPath } from '../support/shell.js';
import type { Cleanup } from '../support/temp.js';
import { openVaultHome, type VaultHome } from '../support/vault-home.js';
import { startVaultService } from '../support/vault-service.js';

export const EXAMPLES = join(import.meta.dirname, '../../../examples/fleet');

export interface SchedulerHome extends VaultHome {
  readonly pathEnv: Record<string, string>;
  /** Runs a program to its end. @throws if it fails */
  command(name: string, words: readonly string[], more?: Record<string, string>): Promise<string>;
}

export async function openSchedulerHome(t: Cleanup, vault: string): Promise<SchedulerHome> {
  const home = await openVaultHome(t, await startVaultService(t), vault);
  const pathEnv = withCalveOnPath(home.folder, home.env);
  return {
    ...home,
    pathEnv,
    async command(name, words, more = {}) {
      const options = { cwd: home.folder, env: { ...pathEnv, ...more }, timeout: 300_000 };
      const { stdout } = await promisify(execFile)(name, [...words], options);
      return stdout.trim();
    },
  };
}

/** Returns true if the program is on the PATH, also in the folders of the superuser. */
function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin; command -v "$1"', 'sh', name], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

/** Installs packages of Debian if a program is missing. @throws if that is not possible */
export function needPrograms(programs: readonly string[], packages: readonly string[]): void {
  if (programs.every(hasProgram)) return;
  if (process.getuid?.() !== 0 || !hasProgram('apt-get')) {
    throw new Error(
      `${programs.join(', ')}: not installed; on Debian: apt-get install ${packages.join(' ')}`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore', timeout: 300_000 });
  execFileSync('apt-get', ['install', '-y', '-qq', ...packages], { env, stdio: 'ignore', timeout: 600_000 });
}
