/**
 * Names for work in progress on disk, by which another process can tell whether the worker still lives. Several
 * servers may share one folder, and any of them may be killed at any instant.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';

const living = new Set<string>();

/** Where a pid means the same process: this machine and this pid namespace (containers have their own). */
const place = createHash('sha256')
  .update(
    `${readOr(() => readFileSync('/etc/machine-id', 'utf8'))} ${readOr(() => readlinkSync('/proc/self/ns/pid'))}`,
  )
  .digest('hex')
  .slice(0, 12);

function readOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** A new worker's name, fit for a file name. It counts as alive until `retire`, or until this process ends. */
export function newOwner(): string {
  const owner = `${place}.${process.pid}.${randomBytes(8).toString('hex')}`;
  living.add(owner);
  return owner;
}

export function retire(owner: string): void {
  living.delete(owner);
}

/** Whether the worker certainly works no more. A worker of another place is never certainly gone. */
export function isGone(owner: string): boolean {
  if (living.has(owner)) return false;
  const [itsPlace, pid] = owner.split('.');
  if (itsPlace !== place) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Whether it works on this machine, so that `isGone` can be believed when it says no. */
export function isLocal(owner: string): boolean {
  return owner.startsWith(`${place}.`);
}
