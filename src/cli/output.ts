/** stdout, which carries the result alone. */
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
}

const GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

export function outputOn(stream: NodeJS.WriteStream): Output {
  // Each write's own callback tells; without a listener the stream's event would end the process.
  stream.on('error', () => undefined);
  return {
    isTerminal: stream.isTTY === true,
    // A terminal without a size says 0.
    columns: stream.columns || null,
    line: (text, archiveId) =>
      new Promise((resolve, reject) => {
        stream.write(`${text}\n`, (error) => {
          const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
          if (!error || (code !== undefined && GONE.has(code))) resolve();
          else reject(new TransferError('output', { detail: error.message, archiveId: archiveId ?? null }));
        });
      }),
  };
}
