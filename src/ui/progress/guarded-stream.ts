/** Standard error may be closed at any moment (a pipe's reader ended, a terminal hung up): progress is not worth a transfer. */

export type ErrorStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

export interface GuardedWriter {
  /** Writes, or does nothing once the stream has failed. Never throws. */
  write(text: string): void;
  readonly isClosed: boolean;
}

/** Swallows the stream's errors from here on, for good: a failed write reports after the writer has gone on. */
export function guardStream(stream: ErrorStream): GuardedWriter {
  let isClosed = false;
  const close = () => {
    isClosed = true;
  };
  stream.on('error', close);
  return {
    write(text) {
      if (isClosed) return;
      try {
        stream.write(text);
      } catch {
        close();
      }
    },
    get isClosed() {
      return isClosed || !stream.writable;
    },
  };
}
