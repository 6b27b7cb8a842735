/** Notices that a run has nothing to do any more, although its work is not done. */
import process from 'node:process';
import { TransferError } from '../core/failures.js';

/**
 * Rejects when nothing is left that could continue the work: an answer never came, and no time limit waited for it. Node
 * would then end the process without a word. Has no effect after the work has ended.
 */
export function whenIdle(): Promise<never> {
  return new Promise((_, reject) => {
    process.once('beforeExit', () => {
      const detail = 'the work is not done, but nothing is left to wait for: an answer never came';
      reject(new TransferError('bug', { detail }));
    });
  });
}
