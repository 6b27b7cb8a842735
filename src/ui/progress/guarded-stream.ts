/** Standard error may fail at any moment (the reader of a pipe ends, a terminal hangs up). No transfer fails for that. */

export type ErrorStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

export interface GuardedWriter {
  /** Writes, or does nothing once the stream has failed. Never throws. */
  write(text: string): void;
  readonly isClosed: boolean;
}

/** Ignores the errors of the stream for the rest of the process: a failed write is reported after `write` returned. */
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
