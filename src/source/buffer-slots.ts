/**
 * Limits how many parts are prepared at a time. Each slot has a buffer that its
 * holders use one after the other.
 */
import { onAbort } from '../core/abort-signals.js';
import { sharedBytes } from '../core/memory.js';

/** The right to hold one prepared part, until it is released. */
export interface Slot {
  /** Returns the slot's own memory of this size. The slot keeps it for its next holder. */
  buffer(sizeBytes: number): Uint8Array;
  /** Gives the slot back. Idempotent. */
  release(): void;
}

export interface BufferSlots {
  /** Takes a free slot, or waits for one: first come, first served. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<Slot>;
}

/** The memory that a slot keeps between two holders. */
interface SlotStorage {
  memory: Uint8Array | null;
}

function openSlot(storage: SlotStorage, giveBack: (storage: SlotStorage) => void): Slot {
  let released = false;
  return {
    buffer(sizeBytes) {
      // Fresh memory costs one page fault for each 4 KiB, so it is only allocated when the size changes.
      if (storage.memory?.byteLength !== sizeBytes) storage.memory = sharedBytes(sizeBytes);
      return storage.memory;
    },
    release() {
      if (released) return;
      released = true;
      giveBack(storage);
    },
  };
}

export function bufferSlots(count: number): BufferSlots {
  const free: SlotStorage[] = Array.from({ length: count }, () => ({ memory: null }));
  const waiting: ((storage: SlotStorage) => void)[] = [];

  function giveBack(storage: SlotStorage): void {
    const next = waiting.shift();
    if (next === undefined) free.push(storage);
    else next(storage);
  }

  function waitForSlot(signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const onFree = (storage: SlotStorage): void => {
        stopListening();
        resolve(openSlot(storage, giveBack));
      };
      const stopListening = onAbort(signal, () => {
        waiting.splice(waiting.indexOf(onFree), 1);
        reject(signal.reason);
      });
      waiting.push(onFree);
    });
  }

  function take(signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(signal.reason);
    // The slot used last is taken first: it has its memory already, and a small
    // upload never allocates the others.
    const storage = free.pop();
    return storage === undefined ? waitForSlot(signal) : Promise.resolve(openSlot(storage, giveBack));
  }

  return { take };
}
