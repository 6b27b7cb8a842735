/**
 * OpenStack Swift with its S3 front, from Debian's packages: an object store that shares no line with calve. It runs
 * for one file of tests, in a temporary folder.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BucketServer } from './bucket-server.js';
import { missingPrograms, Programs } from './programs.js';
import { STORES, writeLayout } from './swift-config.js';
import { type Cleanup, tempFolder } from './temp.js';

export interface Swift extends BucketServer {
  /** Returns the size of all objects and parts on its disk. */
  storedBytes(): number;
}

/** The interpreter for which Debian installs Swift; another `python3` may come first in PATH. */
const PYTHON = '/usr/bin/python3';
const SERVERS = join(import.meta.dirname, '../../../test/support/swift-servers.py');
const PROGRAMS = [
  'memcached',
  'setpriv',
  'swift-proxy-server',
  ...STORES.map((name) => `swift-${name}-server`),
];
const START_MS = 150_000;

/** @returns why Swift cannot run here, or false */
export function missingSwift(): string | false {
  return missingPrograms(PROGRAMS, 'swift-proxy swift-account swift-container swift-object memcached');
}

/** @throws Error with the output of the servers, when Swift does not answer in time */
export async function startSwift(t: Cleanup): Promise<Swift> {
  const folder = tempFolder(t);
  const programs = new Programs(folder);
  t.after(() => programs.kill());
  const { etc, user, ports } = await writeLayout(folder);
  const memory = ['-l', '127.0.0.1', '-p', String(ports.memcached), '-m', '32'];
  programs.start(['memcached', ...memory, ...(user === 'root' ? ['-u', 'root'] : [])]);
  programs.start([PYTHON, SERVERS, etc, JSON.stringify(ports)]);
  const url = `http://127.0.0.1:${ports.proxy}`;
  const deadlineMs = Date.now() + START_MS;
  for (; !(await isHealthy(url)); await sleep(50)) {
    if (Date.now() > deadlineMs) throw new Error(`Swift does not start: ${programs.printed()}`);
  }
  const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };
  return { url, ...credentials, storedBytes: () => bytesBelow(join(folder, 'devices/disk/objects')) };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthcheck`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
