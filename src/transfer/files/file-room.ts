/**
 * Decides when the next file of a run may start. A large file has all lanes to itself until its last parts are in flight,
 * so that files are finished one after the other; small ones are started together, so that they fill the lanes.
 */
import type { TransferEvent } from '../events.js';

/** A small file spends as much time on its record as on its part, so two of them share a lane. */
const SMALL_FILE_LANES = 0.5;

/** The room that one file takes. */
export interface FilePlace {
  /** Takes an event of the file: each part that is done makes room. */
  note(event: TransferEvent): void;
  /** Gives the room back. Idempotent. */
  leave(): void;
}

export class FileRoom {
  readonly #lanes: number;
  readonly #partsLeft = new Map<object, number>();
  #wake: (() => void) | null = null;

  /** @param lanes parts in flight over all files */
  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  /**
   * Waits until the lanes are not all taken. One call at a time.
   * @param parts the parts of the file; null: not known, so it may fill all lanes until its end
   */
  async enter(parts: number | null): Promise<FilePlace> {
    while (this.#taken() >= this.#lanes) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#placeOf(parts ?? Number.POSITIVE_INFINITY);
  }

  #placeOf(parts: number): FilePlace {
    const place: FilePlace = {
      note: (event) => {
        if (event.type === 'started' && event.plan.partCount !== null) {
          this.#set(place, event.plan.partCount - event.reusedParts);
        }
        if (event.type === 'part') this.#set(place, (this.#partsLeft.get(place) ?? 0) - 1);
      },
      leave: () => {
        this.#partsLeft.delete(place);
        this.#wake?.();
      },
    };
    this.#partsLeft.set(place, parts);
    return place;
  }

  #set(place: object, parts: number): void {
    this.#partsLeft.set(place, parts);
    this.#wake?.();
  }

  #taken(): number {
    let lanes = 0;
    for (const parts of this.#partsLeft.values()) lanes += parts <= 1 ? SMALL_FILE_LANES : parts;
    return lanes;
  }
}
