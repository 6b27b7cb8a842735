/** Abort listeners that never stay behind: a signal that lives as long as the program would collect them. */

/**
 * Calls `listener` once when the signal is aborted. A signal that is aborted already does not call it.
 * @returns a function that removes the listener
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
