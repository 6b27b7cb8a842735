/** A proxy as companies have them: it leads where CONNECT asks to, if it likes who asks. */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Cleanup } from './temp.js';

export interface ConnectProxy {
  readonly port: number;
  /** `HOST:PORT` of each tunnel that was asked for, and with which credentials. */
  readonly asked: { readonly authority: string; readonly authorization: string | null }[];
}

/** @param leadTo where every tunnel really goes, or the status that is answered instead of one */
export async function startConnectProxy(
  t: Cleanup,
  leadTo: { readonly port: number } | { readonly status: number; readonly words: string },
): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'][number][] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer();
  server.on('connection', keep);
  server.on('connect', (request, socket: Socket) => {
    asked.push({
      authority: request.url ?? '',
      authorization: request.headers['proxy-authorization'] ?? null,
    });
    if ('status' in leadTo) {
      socket.end(`HTTP/1.1 ${leadTo.status} ${leadTo.words}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(leadTo.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    keep(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked };
}
