/** Work that ends when its caller says so, or when what it works on is closed. */

export interface TaskScope {
  /**
   * Runs `work` under a signal that follows the caller's and `endAll`. AbortSignal.any would do, but on Node 20 each
   * one leaves a trace on a signal that lives as long as the upload.
   */
  run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts all that runs, and resolves when it has settled. */
  endAll(reason: unknown): Promise<void>;
}

export function taskScope(): TaskScope {
  const running = new Map<AbortController, Promise<unknown>>();

  async function run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const controller = new AbortController();
    const follow = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', follow, { once: true });
    try {
      const promise = work(controller.signal);
      running.set(controller, promise);
      return await promise;
    } finally {
      running.delete(controller);
      signal.removeEventListener('abort', follow);
    }
  }

  async function endAll(reason: unknown): Promise<void> {
    const promises = [...running.values()];
    for (const controller of running.keys()) controller.abort(reason);
    await Promise.allSettled(promises);
  }

  return { run, endAll };
}
