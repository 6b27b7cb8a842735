import { types } from 'node:util';

/**
 * Returns true for an error of any realm. Jest and others load a package into a context with globals of its own, where
 * an error of Node is not an `instanceof Error`.
 */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value) || value instanceof Error) return true;
  // The reason of an aborted signal.
  return Object.prototype.toString.call(value) === '[object DOMException]';
}
