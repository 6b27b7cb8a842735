/** Opens files and streams whose parts share hashing threads and buffers. */
import type { OpenSource, OpenStream } from '../transfer/ports/source.js';
import { bufferSlots } from './buffer-slots.js';
import { fileSources } from './file-source.js';
import { hashThreads } from './hash-threads.js';
import { inMemoryPartMaxBytes, type SourcePoolOptions, slotCount, threadCount } from './pool-size.js';
import type { PartResources } from './prepared-part.js';
import { streamSources } from './stream-source.js';

interface SourcePool extends PartResources {
  /** Ends the hashing threads. The sources must be closed before. */
  close(): Promise<void>;
}

export function openSourcePool(options: SourcePoolOptions): SourcePool {
  const threads = hashThreads(threadCount(options.concurrency, options.threads));
  return {
    threads,
    slots: bufferSlots(slotCount(options)),
    inMemoryPartMaxBytes: inMemoryPartMaxBytes(options),
    close: () => threads.close(),
  };
}

export interface SourceOpener {
  readonly open: OpenSource;
  readonly openStream: OpenStream;
  /** Ends the hashing threads. The sources must be closed before. */
  close(): Promise<void>;
}

/** Opens files and streams with a pool of their own. The threads start with the first part. */
export function sourceOpener(options: SourcePoolOptions): SourceOpener {
  const pool = openSourcePool(options);
  return { open: fileSources(pool), openStream: streamSources(pool), close: () => pool.close() };
}
