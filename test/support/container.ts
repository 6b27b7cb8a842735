/** The built program as a container runs it, made with the same features of the kernel, because no image can be built here. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { CALVE_BIN, type Ended, endOf } from './calve.js';

/**
 * `$1` is the folder that stays writable, like a volume. The rest of the files can be read only. Then the program becomes
 * the process with the id 1, of a user without a name and without privileges.
 */
const SCRIPT = `
set -e
folder=$1 uid=$2
shift 2
mount --make-rprivate /
mount --bind "$folder" "$folder"
mount -o remount,bind,ro /
mount -t tmpfs -o mode=1777,size=16m tmpfs /dev/shm
if [ $$ != 1 ] || touch /probe 2>/dev/null; then exit 99; fi
cd /
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
`;

const NAMESPACES = [
  '--pid',
  '--fork',
  '--kill-child',
  '--mount',
  '--mount-proc',
  '--',
  'sh',
  '-c',
  SCRIPT,
  'sh',
];

/** @param folder is writable for the user `uid` and has the program's files nowhere below it */
export function missingContainer(folder: string, uid: number): string | false {
  const words = [...NAMESPACES, folder, String(uid), process.execPath, CALVE_BIN, '--version'];
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? false : `no namespaces, or no user who can read this program: ${stderr}`.trim();
}

interface Contained {
  readonly ended: Promise<Ended>;
  /** Sends a signal to the process with the id 1: SIGTERM, as `docker stop` does, or SIGKILL, as it does ten seconds later. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): void;
}

export function startInContainer(
  words: readonly string[],
  {
    folder,
    uid,
    env,
  }: { readonly folder: string; readonly uid: number; readonly env: Record<string, string> },
): Contained {
  const child = spawn(
    'unshare',
    [...NAMESPACES, folder, String(uid), process.execPath, CALVE_BIN, ...words],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return {
    ended: endOf(child),
    stop(signal = 'SIGTERM') {
      const [first = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
      process.kill(Number(first), signal);
    },
  };
}
