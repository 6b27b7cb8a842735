/** The parts that all reporters share: their interface, their context, and a table of handlers that is complete. */
import type { Report, TransferEvent } from '../../transfer/events.js';
import type { WordingEnvironment } from '../wording/paste-line.js';
import type { ErrorStream, GuardedWriter } from './guarded-stream.js';
import type { TerminalStyle } from './terminal-style.js';

export interface Reporter {
  /** Takes every event of a run, one file after the other. Never throws, not even when the stream has failed. */
  readonly report: Report;
  /** Removes the live line from the screen, so that something else can be printed. The next event brings it back. */
  clear(): void;
  /** Clears, and stops every timer, for good. Later events are ignored. Idempotent. */
  done(): void;
}

export interface ReporterContext {
  readonly stream: ErrorStream;
  readonly writer: GuardedWriter;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** The time of day, in milliseconds since 1970. */
  readonly timeMs: () => number;
  readonly style: TerminalStyle;
  readonly env: WordingEnvironment;
  /** Prints every line, however often it repeats. */
  readonly debug: boolean;
}

export type EventOf<T extends TransferEvent['type']> = Extract<TransferEvent, { type: T }>;

/** One handler for every type of event: a new event does not compile until each reporter has a handler for it. */
export type EventHandlers = { readonly [T in TransferEvent['type']]: (event: EventOf<T>) => void };

export const ignoreEvent = (): void => {};

/** Returns a reporter that passes each event to its handler until it is done. `clear` removes what handlers show. */
export function reporterOf(handlers: EventHandlers, clear: () => void): Reporter {
  let isDone = false;
  return {
    report(event) {
      if (isDone) return;
      const handle: (event: never) => void = handlers[event.type];
      handle(event as never);
    },
    clear,
    done() {
      isDone = true;
      clear();
    },
  };
}
