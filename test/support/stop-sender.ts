/**
 * Loaded before the program (`node --import`): stops one sending thread when it gets its second request, as STOP_SENDER
 * says.
 */
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

export interface StopSender {
  /** `exit`: the thread ends. `hang`: it does nothing any more. */
  readonly how: 'exit' | 'hang';
  /** A file that the first thread to be stopped creates, so that no other one is. */
  readonly once: string;
}

/** Returns the environment of a program one of whose sending threads is to stop. */
export function stopSenderEnv(stop: StopSender): Record<string, string> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, STOP_SENDER: JSON.stringify(stop) };
}

function isFirst(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch {
    return false;
  }
}

const wish = process.env['STOP_SENDER'];
const isSender = !isMainThread && (workerData as { heartbeat?: unknown } | null)?.heartbeat !== undefined;
if (wish !== undefined && isSender) {
  const { how, once } = JSON.parse(wish) as StopSender;
  let requests = 0;
  parentPort?.on('message', () => {
    requests += 1;
    if (requests !== 2 || !isFirst(once)) return;
    if (how === 'exit') process.exit(9);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}
