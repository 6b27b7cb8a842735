/** Watches what a test and its threads write on standard error. */
import process from 'node:process';
import type { TestContext } from 'node:test';

/** @returns a function that returns what was written since then */
export function watchStderr(t: TestContext): () => string {
  let printed = '';
  t.mock.method(process.stderr, 'write', (text: string | Uint8Array) => {
    printed += String(text);
    return true;
  });
  return () => printed;
}
