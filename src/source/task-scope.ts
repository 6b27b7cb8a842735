/** Runs tasks that end when their caller aborts them, or when the thing that they work on is closed. */
import { onAbort } from '../core/abort-signals.js';

export interface TaskScope {
  /**
   * Runs `task` under a signal that follows both the caller's signal and `endAll`. `AbortSignal.any` would do
   * the same, but on Node 20 each call leaves an entry on a signal that lives as long as the upload.
   */
  run<T>(signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts all running tasks, and resolves when they have settled. */
  endAll(reason: unknown): Promise<void>;
}

export function taskScope(): TaskScope {
  const running = new Map<AbortController, Promise<unknown>>();

  async function run<T>(signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const controller = new AbortController();
    const stopListening = onAbort(signal, () => controller.abort(signal.reason));
    try {
      const promise = task(controller.signal);
      running.set(controller, promise);
      return await promise;
    } finally {
      running.delete(controller);
      stopListening();
    }
  }

  async function endAll(reason: unknown): Promise<void> {
    const promises = [...running.values()];
    for (const controller of running.keys()) controller.abort(reason);
    await Promise.allSettled(promises);
  }

  return { run, endAll };
}
