/** stdout, which carries the result alone. */
import { writeSync } from 'node:fs';
import { TransferError } from '../core/failures.js';

export interface Output {
  readonly isTerminal: boolean;
  readonly columns: number | null;
  /**
   * Writes one line, and waits until the system has taken it. A reader that has gone (EPIPE) does not stop the work.
   * @param archiveId the id that the line is about, named in the failure so that it is not lost
   * @throws TransferError `output` for any other error: a full disk, above all
   */
  line(text: string, archiveId?: string): Promise<void>;
  /** Writes one line before the process is ended; nothing where another is half written, or the system takes none. */
  lastLine(text: string): void;
}

type StandardStream = NodeJS.WriteStream & { readonly fd: number };

const GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

export function outputOn(stream: StandardStream): Output {
  // Each write's own callback tells; without a listener the stream's event would end the process.
  stream.on('error', () => undefined);
  let underWay = 0;
  return {
    isTerminal: stream.isTTY === true,
    // A terminal without a size says 0.
    columns: stream.columns || null,
    line: (text, archiveId) =>
      new Promise((resolve, reject) => {
        underWay += 1;
        stream.write(`${text}\n`, (error) => {
          underWay -= 1;
          const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
          if (!error || (code !== undefined && GONE.has(code))) resolve();
          else reject(new TransferError('output', { detail: error.message, archiveId: archiveId ?? null }));
        });
      }),
    lastLine(text) {
      if (underWay === 0) writeNow(stream, `${text}\n`);
    },
  };
}

/** Written at once: nothing that is queued is written when the process ends. */
export function writeNow(stream: StandardStream, text: string): void {
  try {
    writeSync(stream.fd, text);
  } catch {
    // A full pipe or none at all: the state is kept all the same.
  }
}
