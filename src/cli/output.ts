/** stdout, which has nothing but results. */
import { writeSync } from 'node:fs';
import { TransferError } from '../core/failures.js';
import { systemMessage } from '../core/system-errors.js';

export interface Output {
  readonly isTerminal: boolean;
  readonly columns: number | null;
  /**
   * Writes one line, and waits until the system has taken it. The work goes on when the reader is gone (EPIPE).
   * @param archiveId the id in the line; the failure names it, so that it is not lost
   * @throws TransferError `output` for any other error, for example a full disk
   */
  line(text: string, archiveId?: string): Promise<void>;
  /** Writes one line before the process exits. Writes nothing while another line is half written, or if writing fails. */
  lastLine(text: string): void;
}

type StandardStream = NodeJS.WriteStream & { readonly fd: number };

const GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

export function outputOn(stream: StandardStream): Output {
  // The callback of each write reports its error. Without a listener the stream's event would end the process.
  stream.on('error', () => undefined);
  let underWay = 0;
  return {
    isTerminal: stream.isTTY === true,
    // A terminal of unknown size reports 0.
    columns: stream.columns || null,
    line: (text, archiveId) =>
      new Promise((resolve, reject) => {
        underWay += 1;
        stream.write(`${text}\n`, (error) => {
          underWay -= 1;
          const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
          if (!error || (code !== undefined && GONE.has(code))) resolve();
          else
            reject(
              new TransferError('output', { detail: systemMessage(error), archiveId: archiveId ?? null }),
            );
        });
      }),
    lastLine(text) {
      if (underWay === 0) writeNow(stream, `${text}\n`);
    },
  };
}

/** Writes at once, because a process that exits does not write what is queued. */
export function writeNow(stream: StandardStream, text: string): void {
  try {
    writeSync(stream.fd, text);
  } catch {
    // The pipe is full or closed. The state is kept all the same.
  }
}
