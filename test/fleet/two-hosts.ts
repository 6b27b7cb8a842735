/** Two network namespaces as two hosts of GNU parallel, of which one is cut off half way. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { isPart } from '../support/requests.js';
import type { Cleanup } from '../support/temp.js';
import { EXAMPLES, needPrograms, openSchedulerHome, type SchedulerHome } from './scheduler-home.js';

const MIB_BYTES = 1024 * 1024;
const PARTS = 24;
/** The second host loses its network after so many parts of both. */
const CUT_AFTER_PARTS = 8;

interface Host {
  readonly name: string;
  /** Bytes that left it for the service. */
  sentBytes(): number;
  cutOff(): void;
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Passes connections on, and counts the bytes of their requests. */
async function startForwarder(t: Cleanup, address: string, port: number): Promise<[Server, () => number]> {
  let bytes = 0;
  const server = createServer((socket) => {
    const service = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.pipe(service).pipe(socket);
    for (const each of [socket, service])
      each.on('error', () => [socket, service].map((one) => one.destroy()));
    t.after(() => socket.destroy());
  });
  server.listen(0, address);
  await once(server, 'listening');
  t.after(() => server.close());
  return [server, () => bytes];
}

/** Listens in the namespace where the service listens outside, so that the endpoint of the manifest is right there. */
const INSIDE = `
const { connect, createServer } = require('node:net');
const [port, address, outside] = process.argv.slice(1);
createServer((socket) => {
  const service = connect(Number(outside), address);
  socket.pipe(service).pipe(socket);
  for (const each of [socket, service]) each.on('error', () => [socket, service].map((one) => one.destroy()));
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
`;

async function startHost(t: Cleanup, number: number, port: number): Promise<Host> {
  const name = `calve${process.pid}-${number}`;
  const [here, there] = [`10.213.${number}.1`, `10.213.${number}.2`];
  const link = `cv${process.pid}${number}`;
  ip('netns', 'add', name);
  t.after(() => ip('netns', 'delete', name));
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'inside', 'netns', name);
  ip('address', 'add', `${here}/30`, 'dev', link);
  ip('link', 'set', link, 'up');
  ip('-n', name, 'address', 'add', `${there}/30`, 'dev', 'inside');
  ip('-n', name, 'link', 'set', 'inside', 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const [server, sentBytes] = await startForwarder(t, here, port);
  const outside = String((server.address() as AddressInfo).port);
  const words = ['netns', 'exec', name, process.execPath, '-e', INSIDE, String(port), here, outside];
  const inside: ChildProcess = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => inside.kill('SIGKILL'));
  if (inside.stdout !== null) await once(inside.stdout, 'data');
  return { name, sentBytes, cutOff: () => ip('link', 'set', link, 'down') };
}

/** Writes what parallel starts instead of ssh. @returns its path */
function writeShell({ folder }: SchedulerHome): string {
  const path = join(folder, 'shell-of-host');
  writeFileSync(
    path,
    '#!/bin/sh\nhost=$1\nshift\n[ "$1" = -- ] && shift\nexec ip netns exec "$host" sh -c "$*"\n',
    { mode: 0o755 },
  );
  return path;
}

/** @returns what was done */
export async function runTwoHosts(t: Cleanup): Promise<string> {
  needPrograms(['parallel', 'ip'], ['parallel', 'iproute2']);
  const home = await openSchedulerHome(t, 'two-hosts');
  const port = Number(new URL(home.env['AWS_ENDPOINT_URL_GLACIER'] ?? '').port);
  const [first, second] = [await startHost(t, 1, port), await startHost(t, 2, port)];
  const file = home.file('disk image', PARTS * MIB_BYTES);
  let parts = 0;
  home.hook({
    before: (passing) => {
      if (isPart(passing) && ++parts === CUT_AFTER_PARTS) second.cutOff();
      return 'pass';
    },
  });
  const env = {
    CALVE_PART_SIZE: '1M',
    CALVE_CONCURRENCY: '1',
    CALVE_LIMIT_RATE: '2M',
    CALVE_MAX_ATTEMPTS: '1',
    CALVE_CONNECT_TIMEOUT: '2s',
    CALVE_READ_TIMEOUT: '2s',
    PARALLEL_HOME: join(home.folder, '.parallel'),
    // ssh sets it, and parallel starts its commands with it.
    SHELL: '/bin/sh',
  };
  const manifest = join(home.folder, 'the fleet');
  const hosts = ['--ssh', writeShell(home), '--sshlogin', `1/${first.name},1/${second.name}`];
  const output = await home.command(
    join(EXAMPLES, 'parallel/send.sh'),
    [file, home.target, manifest, ...hosts],
    env,
  );
  const archiveId = output.split('\n').at(-1) ?? '';
  assert.deepEqual(await home.archiveIds(), [archiveId]);
  assert.deepEqual(await home.readBack(archiveId), readFileSync(file));
  const [ofFirst, ofSecond] = [first, second].map((host) => Math.round(host.sentBytes() / MIB_BYTES));
  assert.ok((ofSecond ?? 0) > 0 && (ofFirst ?? 0) > (ofSecond ?? 0), `${ofFirst} and ${ofSecond} MiB`);
  return `${PARTS} parts: ${ofFirst} MiB from one host, ${ofSecond} from the one that was cut off`;
}
