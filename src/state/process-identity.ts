/**
 * Which process this is, so exactly that another one can tell whether it still runs. A process id alone is used
 * again, across restarts, namespaces and machines.
 */
import { execFile } from 'node:child_process';
import { hash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { promisify } from 'node:util';
import { osCode } from './failures.js';

export interface ProcessIdentity {
  /** A hash: which machine, without naming it. */
  readonly machine: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly pid: number;
  /** Told apart from a later process of the same id by this. In the system's own form. */
  readonly startTime: string;
  /** For people. */
  readonly hostname: string;
}

/** The processes of this machine. Tests pass others. */
export interface Processes {
  self(): Promise<ProcessIdentity>;
  /** @returns null when no process of this id runs */
  startTimeOf(pid: number): Promise<string | null>;
}

const run = promisify(execFile);

async function firstLine(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}

/**
 * Field 22 of /proc/PID/stat, in clock ticks since the boot (proc(5)). Field 2, the command's name, may hold spaces
 * and parentheses, so fields are counted from its last one. A process that ended and was not yet collected by its
 * parent (state Z or X) does nothing any more.
 */
export function parseStat(stat: string): string | null {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
}

async function linuxStartTime(pid: number): Promise<string | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // ESRCH: it ended while we read.
    if (osCode(error) === 'ENOENT' || osCode(error) === 'ESRCH') return null;
    throw error;
  }
}

async function macStartTime(pid: number): Promise<string | null> {
  const env = { LC_ALL: 'C', TZ: 'UTC' };
  const found = await run('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { env }).catch(() => null);
  return found?.stdout.trim() || null;
}

function startTimeOf(pid: number): Promise<string | null> {
  return process.platform === 'linux' ? linuxStartTime(pid) : macStartTime(pid);
}

/** Where /proc is closed to us this process is like one of another namespace: told alive by its refreshes alone. */
const untold = () => `untold-${randomUUID()}`;

async function linuxBoot(): Promise<Pick<ProcessIdentity, 'machine' | 'bootId' | 'pidNamespace'>> {
  const machineId = await firstLine('/etc/machine-id').catch(() => '');
  return {
    machine: hash('sha256', JSON.stringify([machineId, hostname()])),
    bootId: await firstLine('/proc/sys/kernel/random/boot_id').catch(() => ''),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => 'none'),
  };
}

/** The boot session's id and not the boot's time: macOS shifts that one whenever its clock is set. */
async function macBoot(): Promise<Pick<ProcessIdentity, 'machine' | 'bootId' | 'pidNamespace'>> {
  const sysctl = (name: string) =>
    run('/usr/sbin/sysctl', ['-n', name]).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  const machine = hash('sha256', JSON.stringify([await sysctl('kern.uuid'), hostname()]));
  return { machine, bootId: await sysctl('kern.bootsessionuuid'), pidNamespace: 'none' };
}

async function self(): Promise<ProcessIdentity> {
  const boot = process.platform === 'linux' ? await linuxBoot() : await macBoot();
  const startTime = await startTimeOf(process.pid).catch(() => null);
  return {
    ...boot,
    pidNamespace: boot.bootId === '' || startTime === null ? untold() : boot.pidNamespace,
    pid: process.pid,
    startTime: startTime ?? '',
    hostname: hostname(),
  };
}

export const systemProcesses: Processes = { self, startTimeOf };
