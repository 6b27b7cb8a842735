/**
 * Identifies a process so exactly that another process can tell whether it still runs. A process id is not
 * enough: the same id is used again after a restart, in other namespaces and on other machines.
 */
import { execFile } from 'node:child_process';
import { hash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import process from 'node:process';
import { promisify } from 'node:util';
import { systemCode } from '../core/system-errors.js';

export interface ProcessIdentity {
  /** A hash that identifies the machine without naming it. */
  readonly machine: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly pid: number;
  /** Differs from that of a later process with the same id. In the system's own format. */
  readonly startTime: string;
  /** For messages. */
  readonly hostname: string;
}

/** The processes of this machine. Tests pass others. */
export interface Processes {
  self(): Promise<ProcessIdentity>;
  /** @returns null when no process with this id runs */
  startTimeOf(pid: number): Promise<string | null>;
  /** Returns the time since this machine started, in ms. */
  uptimeMs(): number;
}

const run = promisify(execFile);

async function firstLine(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}

/**
 * Returns field 22 of /proc/PID/stat: the start time in clock ticks since the boot (proc(5)). Field 2, the
 * command's name, may contain spaces and parentheses, so fields are counted from the last parenthesis.
 * @returns null for a process that has ended and waits for its parent (state Z or X)
 */
export function parseStat(stat: string): string | null {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
}

async function linuxStartTime(pid: number): Promise<string | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // ESRCH: the process ended during the read.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ESRCH') return null;
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

/**
 * Without access to /proc, this process counts as one of another namespace: only its
 * refreshes show that it is alive.
 */
const unknownNamespace = () => `unknown-${randomUUID()}`;

/**
 * Returns a hash that identifies a machine. Containers often have no machine id, and host names repeat: without an id,
 * a machine is known only until it starts again.
 */
export function machineHash(machineId: string, host: string, bootId: string): string {
  const names = machineId === '' ? [machineId, host, bootId] : [machineId, host];
  return hash('sha256', JSON.stringify(names));
}

async function linuxBoot(): Promise<Pick<ProcessIdentity, 'machine' | 'bootId' | 'pidNamespace'>> {
  const machineId = await firstLine('/etc/machine-id').catch(() => '');
  const bootId = await firstLine('/proc/sys/kernel/random/boot_id').catch(() => '');
  return {
    machine: machineHash(machineId, hostname(), bootId),
    bootId,
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => 'none'),
  };
}

/** Uses the boot session's id instead of the boot time, which macOS changes when its clock is set. */
async function macBoot(): Promise<Pick<ProcessIdentity, 'machine' | 'bootId' | 'pidNamespace'>> {
  const sysctl = (name: string) =>
    run('/usr/sbin/sysctl', ['-n', name]).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  const bootId = await sysctl('kern.bootsessionuuid');
  return {
    machine: machineHash(await sysctl('kern.uuid'), hostname(), bootId),
    bootId,
    pidNamespace: 'none',
  };
}

let known: ProcessIdentity | null = null;

/** Reads the system once: a run takes a lock for each of its files, which may be thousands. */
async function self(): Promise<ProcessIdentity> {
  if (known !== null) return known;
  const identity = await readSelf();
  // A namespace that is not known must be another one for each lock.
  if (identity.bootId !== '' && identity.startTime !== '') known = identity;
  return identity;
}

async function readSelf(): Promise<ProcessIdentity> {
  const boot = process.platform === 'linux' ? await linuxBoot() : await macBoot();
  const startTime = await startTimeOf(process.pid).catch(() => null);
  return {
    ...boot,
    pidNamespace: boot.bootId === '' || startTime === null ? unknownNamespace() : boot.pidNamespace,
    pid: process.pid,
    startTime: startTime ?? '',
    hostname: hostname(),
  };
}

export const systemProcesses: Processes = { self, startTimeOf, uptimeMs: () => uptime() * 1000 };
