/** Reads the bytes of a list that is a file or a pipe, as bash makes one of `<(find photos -type f)`. */
import { createReadStream, fstatSync, open } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { onAbort } from '../../core/abort-signals.js';
import { sourceFailure } from '../open-file.js';

/** @throws TransferError `source`; the reason of the signal, which also ends the wait for a pipe */
export async function* listBytes(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  try {
    const stream = streamOf(await promisify(open)(path, 'r'));
    const stopListening = onAbort(signal, () => void stream.destroy());
    try {
      yield* stream;
    } finally {
      stopListening();
      stream.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw sourceFailure(path, error);
  }
  signal.throwIfAborted();
}

/** A read of a pipe as a file would hold one of Node's threads, for which even the end of the process waits. */
function streamOf(fd: number): Readable {
  return fstatSync(fd).isFIFO()
    ? new Socket({ fd, readable: true, writable: false })
    : createReadStream('', { fd });
}
