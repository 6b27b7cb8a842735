/** What all reporters share: their face, what they are given, and a table of handlers that must be complete. */
import type { Report, TransferEvent } from '../../transfer/events.js';
import type { Paint } from '../text/paint.js';
import type { WordingEnvironment } from '../wording/paste-line.js';
import type { ErrorStream, GuardedWriter } from './guarded-stream.js';

export interface Reporter {
  /** Takes every event of a run, of one file after the other. Never throws, whatever became of the stream. */
  readonly report: Report;
  /** Takes what is live off the screen, so that something else can be printed; the next event brings it back. */
  clear(): void;
  /** Clears, for good: no timer runs on. Later events are ignored. Idempotent. */
  done(): void;
}

export interface ReporterContext {
  readonly stream: ErrorStream;
  readonly writer: GuardedWriter;
  readonly nowMs: () => number;
  readonly paint: Paint;
  /** True when the terminal shows more than ASCII. */
  readonly unicode: boolean;
  readonly env: WordingEnvironment;
  /** Says everything, however often it happens. */
  readonly debug: boolean;
}

type EventOf<T extends TransferEvent['type']> = Extract<TransferEvent, { type: T }>;

/** One handler for every event that there is: a new event does not compile until each reporter has decided on it. */
export type EventHandlers = { readonly [T in TransferEvent['type']]: (event: EventOf<T>) => void };

export const ignoreEvent = (): void => {};

/** A reporter that hands each event to its handler until it is done. `clear` takes off what its handlers show. */
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
