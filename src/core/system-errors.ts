/** Names and messages of the operating system's errors, also of those for which Node has no name. */
// biome-ignore lint/style/noRestrictedImports: the constants are data, and this does no I/O.
import { constants } from 'node:os';
import { isError } from './is-error.js';

const NAMES = new Map(Object.entries(constants.errno).map(([name, errno]) => [-errno, name]));

/** The words of errno(3) for the nameless errors that files have. */
const MEANINGS: Readonly<Record<string, string>> = {
  ESTALE: 'stale file handle',
  EDQUOT: 'disk quota exceeded',
  ENOLCK: 'no locks available',
  EBADMSG: 'bad message',
  ETIME: 'timer expired',
  ENOLINK: 'link has been severed',
};

const NAMELESS = /^Unknown system error -\d+(: Unknown system error -\d+)?/;

/** Returns the system's code of an error (`ENOENT`, `ESTALE`); null for any other error. */
export function systemCode(error: unknown): string | null {
  if (!isError(error)) return null;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return null;
  return NAMELESS.test(code) ? (NAMES.get(errno ?? 0) ?? code) : code;
}

/** Returns the message of an error: `ESTALE: stale file handle, read` instead of `Unknown system error -116: …`. */
export function systemMessage(error: unknown): string {
  if (!isError(error)) return String(error);
  const code = systemCode(error);
  if (code === null || !NAMELESS.test(error.message)) return error.message;
  const meaning = MEANINGS[code];
  return error.message.replace(NAMELESS, meaning === undefined ? code : `${code}: ${meaning}`);
}

const EXHAUSTED = /\b(EMFILE|ENFILE|ENOMEM|EAGAIN|ENOBUFS|ERR_WORKER_OUT_OF_MEMORY)\b/;

/**
 * Returns true if the system refused because open files, processes, threads or memory are used up. The error of a thread
 * has the code only in its message.
 */
export function isExhausted(error: unknown): boolean {
  if (!isError(error)) return false;
  const { code = '' } = error as NodeJS.ErrnoException;
  const isOfThread = code === 'ERR_WORKER_INIT_FAILED' || error.message === 'EAGAIN';
  return EXHAUSTED.test(isOfThread ? error.message : code);
}
