/**
 * Ceph's S3 gateway (RGW) from Debian's packages, over a cluster of one monitor and one OSD that keeps its objects in
 * memory: a second object store that shares no line with calve. It runs for one file of tests, in a temporary folder.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BucketServer } from './bucket-server.js';
import { freePorts } from './free-ports.js';
import { missingPrograms, Programs } from './programs.js';
import { FSID, writeRgwLayout } from './rgw-config.js';
import { type Cleanup, tempFolder } from './temp.js';

export interface Rgw extends BucketServer {
  /** Runs `radosgw-admin WORDS…`, for example to set a quota. */
  admin(...words: string[]): Promise<void>;
}

const PROGRAMS = ['setpriv', 'monmaptool', 'osdmaptool', 'ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin'];
/** Another program may take a port between its choice and its use. */
const TRIES = 3;
/** An OSD that starts at the same instant as its monitor may find no name for its cluster yet, and ends. */
const OSD_STARTS = 20;
const START_MS = 30_000;
const ACCESS_KEY_ID = 'AKRGW';
const SECRET_ACCESS_KEY = 'SKRGW';
/** The user of the tests. */
const RGW_USER = 'tester';

/** @returns why RGW cannot run here, or false */
export function missingRgw(): string | false {
  return missingPrograms(PROGRAMS, 'radosgw ceph-mon ceph-osd');
}

/** @throws Error with the output of its programs, when RGW does not start in one of three tries */
export async function startRgw(t: Cleanup): Promise<Rgw> {
  for (let tries = 1; ; tries += 1) {
    const folder = tempFolder(t);
    const programs = new Programs(folder);
    t.after(() => programs.kill());
    try {
      return await startOnce(programs, folder);
    } catch (error) {
      await programs.kill();
      if (tries === TRIES) throw error;
    }
  }
}

async function startOnce(programs: Programs, folder: string): Promise<Rgw> {
  const [monitorPort = 0, gatewayPort = 0] = await freePorts(2);
  const conf = ['-c', writeRgwLayout({ folder, monitorPort, gatewayPort })];
  const gateway = ['-n', 'client.rgw.a', ...conf];
  const admin: Rgw['admin'] = (...words) => programs.run(['radosgw-admin', ...gateway, ...words]);
  const deadlineMs = Date.now() + START_MS;
  await withDeadline(programs, deadlineMs, async () => {
    await startCluster(programs, folder, monitorPort, conf);
    const keys = [`--access-key=${ACCESS_KEY_ID}`, `--secret-key=${SECRET_ACCESS_KEY}`];
    await admin('user', 'create', `--uid=${RGW_USER}`, `--display-name=${RGW_USER}`, ...keys);
  });
  const child = programs.start(['radosgw', '-f', ...gateway]);
  const url = `http://127.0.0.1:${gatewayPort}`;
  for (; !(await answers(url)); await sleep(20)) {
    if (Date.now() > deadlineMs || child.exitCode !== null)
      throw new Error(`radosgw does not start: ${programs.printed()}`);
  }
  return { url, accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY, admin };
}

/** Ends the programs at the deadline, because a client of Ceph waits for its cluster without end. */
async function withDeadline(programs: Programs, deadlineMs: number, work: () => Promise<void>) {
  const timer = setTimeout(() => void programs.kill(), deadlineMs - Date.now());
  try {
    await work();
  } finally {
    clearTimeout(timer);
  }
}

/** Starts the monitor with a map that has the OSD already, so that nothing has to be asked for it. */
async function startCluster(programs: Programs, folder: string, port: number, conf: readonly string[]) {
  const [monMap, osdMap] = [join(folder, 'monmap'), join(folder, 'osdmap')];
  const address = `[v1:127.0.0.1:${port}]`;
  await Promise.all([
    programs.run(['monmaptool', '--create', '--fsid', FSID, '--addv', 'a', address, monMap]),
    programs.run(['osdmaptool', '--createsimple', '1', osdMap]),
  ]);
  const maps = ['--monmap', monMap, '--osdmap', osdMap, '--keyring', join(folder, 'keyring')];
  await programs.run(['ceph-mon', '--mkfs', '-i', 'a', ...maps, ...conf]);
  programs.start(['ceph-mon', '-f', '-i', 'a', ...conf]);
  await programs.run(['ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', randomUUID(), ...conf]);
  programs.keep(['ceph-osd', '-f', '-i', '0', ...conf], OSD_STARTS);
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(2000) })).text();
    return true;
  } catch {
    return false;
  }
}
