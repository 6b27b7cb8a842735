/** Compiles and starts test/bench/tls-sink.c, a server that takes uploads over TLS and costs little. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { selfSigned } from '../support/certificates.js';
import { firstLine } from './tools.js';

const SOURCE = join(import.meta.dirname, '../../../test/bench/tls-sink.c');

interface SinkUsage {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** The bytes of all bodies so far, without the framing of chunks. */
  readonly bodyBytes: number;
}

export interface TlsSink {
  readonly url: string;
  /** Has the certificate of the server, in PEM: the clients trust no other one. */
  readonly certificatePath: string;
  usage(): Promise<SinkUsage>;
  stop(): Promise<void>;
}

export type Compiled = { readonly path: string } | { readonly missing: string };

/** @returns the program below `folder`, or the reason for which there is none */
export function compileTlsSink(folder: string): Compiled {
  const path = join(folder, 'tls-sink');
  try {
    execFileSync('cc', ['-O2', '-o', path, SOURCE, '-lssl', '-lcrypto', '-lpthread'], { stdio: 'pipe' });
    return { path };
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: Buffer };
    if (code === 'ENOENT') return { missing: 'there is no C compiler (cc)' };
    const lines = String(stderr).trim();
    if (lines.includes('openssl/')) return { missing: 'the headers of OpenSSL are missing (libssl-dev)' };
    throw new Error(`tls-sink.c does not compile: ${lines}`, { cause: error });
  }
}

/**
 * @param folder receives the certificate
 * @param cores the cores that the server may use, as taskset takes them; null: all
 */
export async function startTlsSink(
  path: string,
  folder: string,
  cores: string | null = null,
): Promise<TlsSink> {
  const certificate = selfSigned(folder, 'IP:127.0.0.1');
  if (certificate === null) throw new Error('openssl is missing');
  const { path: certificatePath } = certificate;
  const words = [path, certificatePath, certificatePath.replace(/\.pem$/, '.key')];
  const [command = '', ...rest] = cores === null ? words : ['taskset', '-c', cores, ...words];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await firstLine(child);
  const ca = readFileSync(certificatePath);
  return {
    url,
    certificatePath,
    async usage() {
      const request = https.get(`${url}/bench/usage`, { ca, agent: false });
      const [response] = await once(request, 'response');
      return JSON.parse(await text(response)) as SinkUsage;
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
