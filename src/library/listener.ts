import { onAbort } from '../core/abort-signals.js';
import type { TransferEvent } from '../transfer/events.js';

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (Object(value ?? {}) as Partial<PromiseLike<unknown>>).then === 'function';
}

/** The `onEvent` of a program. Its first error ends the call, whether it throws or returns a promise that rejects. */
export class Listener {
  /** The first error. The work must not go on as if the program had heard the event. */
  failure: { readonly error: unknown } | null = null;
  readonly #onEvent: (event: TransferEvent) => unknown;
  readonly #onFailure: (error: unknown) => void;
  readonly #unsettled = new Set<Promise<void>>();

  constructor(onEvent: (event: TransferEvent) => unknown, onFailure: (error: unknown) => void) {
    this.#onEvent = onEvent;
    this.#onFailure = onFailure;
  }

  hear(event: TransferEvent): void {
    if (this.failure !== null) return;
    try {
      const heard = this.#onEvent(event);
      if (isPromise(heard)) this.#follow(heard);
    } catch (error) {
      this.#fail(error);
    }
  }

  #follow(heard: PromiseLike<unknown>): void {
    const settled = Promise.resolve(heard)
      .then(
        () => undefined,
        (error: unknown) => this.#fail(error),
      )
      .finally(() => this.#unsettled.delete(settled));
    this.#unsettled.add(settled);
  }

  #fail(error: unknown): void {
    this.failure ??= { error };
    this.#onFailure(error);
  }

  /**
   * Waits for the promises that `onEvent` returned, until the signal is aborted.
   * @throws the error of `onEvent`, also at an event after which nothing was left to stop
   */
  async assertHeard(signal: AbortSignal): Promise<void> {
    if (this.#unsettled.size > 0 && !signal.aborted) {
      let stopListening = (): void => undefined;
      const aborted = new Promise<void>((resolve) => {
        stopListening = onAbort(signal, resolve);
      });
      await Promise.race([Promise.all(this.#unsettled), aborted]);
      stopListening();
    }
    if (this.failure !== null) throw this.failure.error;
  }
}
