/** The calls of every target, for tests of hostile answers, and a server that writes raw bytes as its answer. */
import { setMaxListeners } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import { listAllParts, listAllUploads } from '../../src/transfer/list.js';
import type { Target } from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { preparedPart } from '../support/prepared-part.js';
import { bucketAt, targetAt } from './scripted-server.js';

const READ_TIMEOUT_MS = 60;

const never = new AbortController().signal;
setMaxListeners(0, never);
const bytes = seededBytes(9, 3);
const part = preparedPart(bytes, 0, MIB_BYTES);
const recorded = { treeHash: part.treeHash, linearHash: part.digests.sha256, etag: 'a'.repeat(32) };
const whole = {
  sizeBytes: 9,
  partSizeBytes: MIB_BYTES,
  treeHash: vaultTreeHash(bytes),
  parts: new Map([[0, recorded]]),
};
const object = { storageClass: null, noOverwrite: false };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export const CALLS: Readonly<Record<string, (target: Target) => Promise<unknown>>> = {
  locate: (target) => target.locate(false, never),
  create: (target) =>
    target.createUpload({ plan: { partSizeBytes: MIB_BYTES }, description: 'a', object }, never),
  'create that looks first': (target) =>
    target.createUpload(
      { plan: { partSizeBytes: MIB_BYTES }, description: 'a', object: { ...object, noOverwrite: true } },
      never,
    ),
  part: (target) => target.sendPart('up-1', part, never),
  'list parts': (target) => listAllParts(target, 'up-1', never),
  'list uploads': (target) => all(listAllUploads(target, never)),
  'find the list of archives': (target) => target.openArchiveList(never),
  'list archives': (target) => target.listArchivesPage('job:0', never),
  "read the service's time": (target) => target.serviceTimeMs(never),
  complete: (target) => target.complete('up-1', whole, never),
  abort: (target) => target.abort('up-1', never),
};

export const TARGETS: Readonly<Record<string, (t: TestContext, endpoint: string) => Target>> = {
  vault: (t, endpoint) => targetAt(t, endpoint, { readTimeoutMs: READ_TIMEOUT_MS }),
  s3: (t, endpoint) => bucketAt(t, endpoint, { readTimeoutMs: READ_TIMEOUT_MS }),
  obs: (t, endpoint) =>
    bucketAt(t, endpoint, {
      dialect: OBS_DIALECT,
      url: 'obs://photos/a/b.tar',
      readTimeoutMs: READ_TIMEOUT_MS,
    }),
};

/** Writes an answer to the connection. @returns the function that stops writing, if it goes on */
export type RawAnswer = (socket: Socket, request: string) => (() => void) | undefined;

/** Listens on loopback until the test ends, and answers each request as soon as its head has arrived. */
export async function rawServer(t: TestContext, answer: RawAnswer): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (head) => {
      const stop = answer(socket, head.toString('latin1'));
      socket.on('close', () => stop?.());
    });
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
