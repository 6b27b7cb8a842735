/** A TLS front before a server, with a certificate made for it: what it reads can be slowed down. */
import { execFileSync } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { BandwidthLimit, limitBandwidth } from '../../src/emulator/faults/bandwidth.js';
import { selfSigned } from './certificates.js';
import type { Cleanup } from './temp.js';

/** Why TLS cannot be tested here; false where it can. */
export function missingOpenssl(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
}

export interface TlsFront {
  readonly url: string;
  readonly port: number;
  /** To be trusted, by NODE_EXTRA_CA_CERTS. */
  readonly certificatePath: string;
}

/**
 * @param folder for key and certificate
 * @param bytesPerSecond how fast bodies are read
 * @param name what the certificate is for
 */
export async function startTlsFront(
  t: Cleanup,
  folder: string,
  upstream: string,
  { bytesPerSecond, name = 'localhost' }: { readonly bytesPerSecond: number; readonly name?: string },
): Promise<TlsFront> {
  const certificate = selfSigned(folder, `DNS:${name}`);
  if (certificate === null) throw new Error('openssl is not installed');
  const { hostname, port } = new URL(upstream);
  const limit = new BandwidthLimit(bytesPerSecond);
  const server = createServer(certificate, (request, response) => {
    const { method, url: path, headers } = request;
    const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.on('error', () => onward.destroy());
    request.pipe(limitBandwidth(limit)).pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const listening = server.address() as AddressInfo;
  return {
    url: `https://${name}:${listening.port}`,
    port: listening.port,
    certificatePath: certificate.path,
  };
}
