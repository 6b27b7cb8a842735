/**
 * Listens to abort signals, so that no listener stays behind on a signal that lives as long as the process.
 */

/**
 * Calls `listener` once, when the signal is aborted. Does not call it for a signal that was aborted before.
 * @returns a function that removes the listener
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
