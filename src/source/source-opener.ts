/** Everything that can be read and sent: files, and bytes that come once. */
import type { OpenSource, OpenStream } from '../transfer/ports/source.js';
import { fileSources } from './file-source.js';
import { openSourcePool, type SourcePoolOptions } from './source-pool.js';
import { streamSources } from './stream-source.js';

export interface SourceOpener {
  readonly open: OpenSource;
  readonly openStream: OpenStream;
  /** Ends the hashing threads. Sources are closed before. */
  close(): Promise<void>;
}

/** Opens files and streams whose parts share one set of threads and buffers. Threads start with the first part. */
export function sourceOpener(options: SourcePoolOptions): SourceOpener {
  const pool = openSourcePool(options);
  return { open: fileSources(pool), openStream: streamSources(pool), close: () => pool.close() };
}
