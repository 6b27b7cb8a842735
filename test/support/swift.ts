/**
 * OpenStack Swift with its S3 front, from Debian's packages: an object store that shares no line with calve. It runs
 * for one file of tests, in a temporary folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { STORES, writeLayout } from './swift-config.js';
import { type Cleanup, tempFolder } from './temp.js';

export interface Swift {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
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
const START_MS = 60_000;

/** Debian keeps some of these programs outside the PATH of people who are not root. */
const PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/bin`;

/** @returns why Swift cannot run here, or false */
export function missingSwift(): string | false {
  const isThere = (program: string): boolean =>
    PATH.split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, program));
        return true;
      } catch {
        return false;
      }
    });
  const missing = PROGRAMS.filter((program) => !isThere(program));
  return missing.length === 0
    ? false
    : `${missing.join(', ')} is not here: apt-get install swift-proxy swift-account swift-container swift-object memcached`;
}

/** @throws Error with the output of the servers, when Swift does not answer within a minute */
export async function startSwift(t: Cleanup): Promise<Swift> {
  const programs = new Programs();
  t.after(() => programs.kill());
  const folder = tempFolder(t);
  const { etc, user, ports } = await writeLayout(folder);
  const memory = ['-l', '127.0.0.1', '-p', String(ports.memcached), '-m', '32'];
  programs.start(folder, ['memcached', ...memory, ...(user === 'root' ? ['-u', 'root'] : [])]);
  programs.start(folder, [PYTHON, SERVERS, etc, JSON.stringify(ports)]);
  const url = `http://127.0.0.1:${ports.proxy}`;
  const deadlineMs = Date.now() + START_MS;
  for (; !(await isHealthy(url)); await sleep(50)) {
    if (Date.now() > deadlineMs) throw new Error(`Swift does not start: ${programs.printed()}`);
  }
  const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };
  return { url, ...credentials, storedBytes: () => bytesBelow(join(folder, 'devices/disk/objects')) };
}

/** Programs that end with the tests, even where the tests are killed. */
class Programs {
  readonly #children: ChildProcess[] = [];
  readonly #texts: string[] = [];

  start(home: string, line: readonly string[]): void {
    const env = { PATH, HOME: home, PYTHONWARNINGS: 'ignore' };
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...line], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#texts.push(text));
    }
    child.on('error', (error) => this.#texts.push(String(error)));
    this.#children.push(child);
  }

  printed(): string {
    return this.#texts.join('').slice(-4000);
  }

  /** Waits until the output is closed too, which the forks of a program share with it. */
  async kill(): Promise<void> {
    const closed = this.#children
      .filter(({ stdout }) => stdout?.closed === false)
      .map((child) => once(child, 'close'));
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(closed);
  }
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
