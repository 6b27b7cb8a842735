/** An HTTP proxy that opens tunnels for CONNECT, or refuses them. */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Cleanup } from './temp.js';

export interface ConnectProxy {
  readonly port: number;
  /** The `HOST:PORT` and the credentials of each CONNECT request. */
  readonly asked: { readonly authority: string; readonly authorization: string | null }[];
}

/** @param destination the port to which every tunnel leads, or the status that refuses it */
export async function startConnectProxy(
  t: Cleanup,
  destination: { readonly port: number } | { readonly status: number; readonly words: string },
): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'][number][] = [];
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer();
  server.on('connection', track);
  server.on('connect', (request, socket: Socket) => {
    asked.push({
      authority: request.url ?? '',
      authorization: request.headers['proxy-authorization'] ?? null,
    });
    if ('status' in destination) {
      socket.end(`HTTP/1.1 ${destination.status} ${destination.words}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(destination.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    track(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked };
}
