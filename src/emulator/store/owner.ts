/**
 * Owners of unfinished work on disk. An owner's name tells other processes whether the work still goes on: several
 * servers may share one folder, and each may be killed at any time.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { hasCode } from './files.js';

const activeOwners = new Set<string>();

/** Identifies this machine and pid namespace. A pid means the same process only there: containers have their own. */
const pidScope = createHash('sha256')
  .update(readOrEmpty(() => readFileSync('/etc/machine-id', 'utf8')))
  .update(' ')
  .update(readOrEmpty(() => readlinkSync('/proc/self/ns/pid')))
  .digest('hex')
  .slice(0, 12);

function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Returns a new owner's name, safe in a file name. The owner is active until it is retired or this process ends. */
export function newOwner(): string {
  const owner = `${pidScope}.${process.pid}.${randomBytes(8).toString('hex')}`;
  activeOwners.add(owner);
  return owner;
}

export function retireOwner(owner: string): void {
  activeOwners.delete(owner);
}

/** Returns true if the owner is certainly no longer active. An owner of another pid scope is never certainly gone. */
export function isOwnerGone(owner: string): boolean {
  if (activeOwners.has(owner)) return false;
  const [scope, pid] = owner.split('.');
  if (scope !== pidScope) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return hasCode(error, 'ESRCH');
  }
}

/** Returns true for an owner of this pid scope. Only then does a false from `isOwnerGone` prove that it is active. */
export function isOwnerLocal(owner: string): boolean {
  return owner.startsWith(`${pidScope}.`);
}
