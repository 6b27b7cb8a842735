/** Records in a file every connection that a calve process tries to open. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface SocketLog {
  /** Variables for the environment of the process to observe. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns the hosts and ports of its connections, in order. */
  reached(): string[];
}

const PROBE = `
import { appendFileSync } from 'node:fs';
import net from 'node:net';
const log = process.env.SOCKET_LOG;
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  appendFileSync(log, JSON.stringify([first?.host ?? null, first?.port ?? null]) + '\\n');
  return connect.apply(this, args);
};
`;

export function socketLog(folder: string): SocketLog {
  const [probe, log] = [join(folder, 'probe.mjs'), join(folder, 'sockets')];
  writeFileSync(probe, PROBE);
  return {
    env: { NODE_OPTIONS: `--import=${pathToFileURL(probe).href}`, SOCKET_LOG: log },
    reached: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}
