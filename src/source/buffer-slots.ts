/** The bound of the pipeline: so many parts may be prepared at once, each in a buffer that is used again and again. */

/** The right to one prepared part, until released. */
export interface Slot {
  /** At least so many bytes of memory, the slot's own; made at the first call, kept for the next holder. */
  buffer(sizeBytes: number): SharedArrayBuffer;
  /** Idempotent. */
  release(): void;
}

export interface BufferSlots {
  /** Waits, first come, first served, while all are out. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<Slot>;
}

/** What stays between two holders of a slot. */
interface Place {
  memory: SharedArrayBuffer | null;
}

function holdPlace(place: Place, giveBack: (place: Place) => void): Slot {
  let released = false;
  return {
    buffer(sizeBytes) {
      // Fresh memory costs a page fault each 4 KiB, so it is only made anew when another size is wanted.
      if (place.memory?.byteLength !== sizeBytes) place.memory = new SharedArrayBuffer(sizeBytes);
      return place.memory;
    },
    release() {
      if (released) return;
      released = true;
      giveBack(place);
    },
  };
}

export function bufferSlots(count: number): BufferSlots {
  const free: Place[] = Array.from({ length: count }, () => ({ memory: null }));
  const waiting: ((place: Place) => void)[] = [];

  function giveBack(place: Place): void {
    const next = waiting.shift();
    if (next === undefined) free.push(place);
    else next(place);
  }

  function take(signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(signal.reason);
    // The one used last is taken first: its memory is there already, and a small upload never touches the others.
    const place = free.pop();
    if (place !== undefined) return Promise.resolve(holdPlace(place, giveBack));
    return new Promise((resolve, reject) => {
      const onPlace = (freed: Place): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(holdPlace(freed, giveBack));
      };
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(onPlace), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(onPlace);
    });
  }

  return { take };
}
