import { types } from 'node:util';

/** Returns true for an error, also where a test runner loads the emulator into a context with globals of its own. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}
