/**
 * OpenStack Swift with its S3 front, from Debian's packages: an object store that shares no line with calve. Started
 * for one file of tests, in a temporary folder, on ports that the system chooses.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cleanup } from './temp.js';
import { tempFolder } from './temp.js';

const execute = promisify(execFile);

export interface Swift {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** How much it holds on its disk, of whatever objects and parts. */
  storedBytes(): number;
}

const STORES = ['account', 'container', 'object'] as const;
const PROGRAMS = [
  'memcached',
  'setpriv',
  'swift-proxy-server',
  'swift-ring-builder',
  ...STORES.map((name) => `swift-${name}-server`),
];

/** Debian's account tests sit outside PATH for people who are not root. */
const PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/bin`;

/** @returns why tests of it cannot run here, or false */
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

/** Ports that nobody listens on now, all held until the last is known, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as { port: number }).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

interface Layout {
  readonly folder: string;
  readonly etc: string;
  readonly user: string;
  readonly ports: Readonly<Record<(typeof STORES)[number] | 'proxy' | 'memcached', number>>;
}

function common({ folder, etc, user }: Layout, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${etc}
log_address = ${join(folder, 'no-log')}
`;
}

function storeConfig(layout: Layout, store: (typeof STORES)[number]): string {
  return `${common(layout, layout.ports[store])}mount_check = false
devices = ${join(layout.folder, 'devices')}
disable_fallocate = true
[pipeline:main]
pipeline = ${store}-server
[app:${store}-server]
use = egg:swift#${store}
`;
}

const FILTERS = {
  catch_errors: '',
  gatekeeper: '',
  healthcheck: '',
  proxy_logging: '',
  listing_formats: '',
  tempauth: 'user_test_tester = testing .admin\n',
  bulk: '',
  slo: '',
  dlo: '',
  versioned_writes: 'allow_versioned_writes = true\n',
  copy: '',
};

function proxyConfig(layout: Layout): string {
  const filters = Object.entries(FILTERS)
    .map(([name, more]) => `[filter:${name}]\nuse = egg:swift#${name}\n${more}`)
    .join('');
  return `${common(layout, layout.ports.proxy)}[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy_logging cache listing_formats s3api tempauth bulk slo dlo versioned_writes copy proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
error_suppression_limit = 100000
${filters}[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${layout.ports.memcached}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
s3_acl = false
min_segment_size = 5242880
max_upload_part_num = 10000
`;
}

async function buildRing({ etc, ports }: Layout, store: (typeof STORES)[number]): Promise<void> {
  const builder = join(etc, `${store}.builder`);
  const ring = (...words: string[]) => execute('swift-ring-builder', [builder, ...words], { env: { PATH } });
  await ring('create', '4', '1', '0');
  await ring('add', `r1z1-127.0.0.1:${ports[store]}/disk`, '1');
  // It answers 1 where it warns.
  await ring('rebalance').catch((error: { code?: number }) => {
    if (error.code !== 1) throw error;
  });
}

async function writeLayout(folder: string): Promise<Layout> {
  const [account = 0, container = 0, object = 0, proxy = 0, memcached = 0] = await freePorts(5);
  const ports = { account, container, object, proxy, memcached };
  const layout = { folder, etc: join(folder, 'etc'), user: userInfo().username, ports };
  mkdirSync(layout.etc);
  mkdirSync(join(folder, 'devices/disk'), { recursive: true });
  const hash = '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n';
  writeFileSync(join(layout.etc, 'swift.conf'), `${hash}[storage-policy:0]\nname = p0\ndefault = yes\n`);
  for (const store of STORES) writeFileSync(join(layout.etc, `${store}.conf`), storeConfig(layout, store));
  writeFileSync(join(layout.etc, 'proxy.conf'), proxyConfig(layout));
  await Promise.all(STORES.map((store) => buildRing(layout, store)));
  return layout;
}

/** Resolves once somebody listens there. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthcheck`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

/** @throws Error with what it printed, when it does not answer within a minute */
export async function startSwift(t: Cleanup): Promise<Swift> {
  const folder = tempFolder(t);
  const layout = await writeLayout(folder);
  const children: ChildProcess[] = [];
  const texts: string[] = [];
  const start = (program: string, words: readonly string[]): void => {
    const env = { PATH, HOME: folder, PYTHONWARNINGS: 'ignore' };
    // Ends with the tests even where they are killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => texts.push(text));
    }
    child.on('error', (error) => texts.push(String(error)));
    children.push(child);
  };
  t.after(async () => {
    const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
    const ended = children
      .filter(isRunning)
      .map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
  });
  const memory = ['-l', '127.0.0.1', '-p', String(layout.ports.memcached), '-m', '32'];
  start('memcached', layout.user === 'root' ? [...memory, '-u', 'root'] : memory);
  for (const store of STORES) start(`swift-${store}-server`, [join(layout.etc, `${store}.conf`)]);
  const deadlineMs = Date.now() + 60_000;
  const until = async (isReady: () => Promise<boolean>): Promise<void> => {
    for (; !(await isReady()); await sleep(100)) {
      if (Date.now() > deadlineMs) throw new Error(`Swift does not start: ${texts.join('').slice(-4000)}`);
    }
  };
  // The proxy shuns for a minute what it did not reach once.
  const { proxy, ...others } = layout.ports;
  for (const port of Object.values(others)) await until(() => isListening(port));
  start('swift-proxy-server', [join(layout.etc, 'proxy.conf')]);
  const url = `http://127.0.0.1:${proxy}`;
  await until(() => isHealthy(url));
  const objects = join(folder, 'devices/disk/objects');
  return {
    url,
    accessKeyId: 'test:tester',
    secretAccessKey: 'testing',
    storedBytes: () =>
      readdirSync(objects, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0),
  };
}
