/** Tells whether a calve tried to reach anything: every connect and every name looked up goes into a file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface SocketLog {
  /** For the environment of the calve that is watched. */
  readonly env: Readonly<Record<string, string>>;
  /** What it tried to reach, in order. */
  reached(): string[];
}

const PROBE = `
import { appendFileSync } from 'node:fs';
import net from 'node:net';
const log = process.env.SOCKET_LOG;
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...words) {
  const [first] = Array.isArray(words[0]) ? words[0] : words;
  appendFileSync(log, JSON.stringify([first?.host ?? null, first?.port ?? null]) + '\\n');
  return connect.apply(this, words);
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
