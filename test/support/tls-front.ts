/** A TLS front for a server, with a certificate of its own. It can limit the rate at which it reads. */
import { execFileSync } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { BandwidthLimit, limitBandwidth } from '../../src/emulator/faults/bandwidth.js';
import { selfSigned } from './certificates.js';
import type { Cleanup } from './temp.js';

/** Returns the reason for skipping TLS tests; false if openssl is installed. */
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
  /** The certificate to trust, for NODE_EXTRA_CA_CERTS. */
  readonly certificatePath: string;
}

/**
 * @param folder the folder for key and certificate
 * @param bytesPerSecond the rate at which bodies are read
 * @param name the host name in the certificate
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
    const forwarded = httpRequest({ hostname, port, method, path, headers }, (upstreamResponse) => {
      response.writeHead(upstreamResponse.statusCode ?? 0, upstreamResponse.headers);
      upstreamResponse.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.on('error', () => forwarded.destroy());
    request.pipe(limitBandwidth(limit)).pipe(forwarded);
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
