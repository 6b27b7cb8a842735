/** A line whose rate is divided evenly between the parts that are on it. */
import type { EventQueue } from './event-queue.js';

interface Sending {
  /** The part has left when the line has moved so many bytes for each part on it. */
  readonly endsAt: number;
  readonly bytes: number;
  readonly onSent: () => void;
}

export class Line {
  readonly #queue: EventQueue;
  readonly #bytesPerSecond: number;
  #sendings: Sending[] = [];
  /** Bytes that a part would have moved that was on the line from the start. */
  #moved = 0;
  #lookedAt = 0;
  /** Grows with each change: the end that was expected before means nothing. */
  #change = 0;

  constructor(queue: EventQueue, bytesPerSecond: number) {
    this.#queue = queue;
    this.#bytesPerSecond = bytesPerSecond;
  }

  send(bytes: number, onSent: () => void): void {
    this.#advance();
    this.#sendings.push({ endsAt: this.#moved + bytes, bytes, onSent });
    this.#expectEnd();
  }

  /** Drops everything that is on the line. @returns the bytes of it that have left already */
  clear(): number {
    this.#advance();
    const bytes = this.#sendings.reduce(
      (sum, sending) => sum + sending.bytes - (sending.endsAt - this.#moved),
      0,
    );
    this.#sendings = [];
    this.#expectEnd();
    return bytes;
  }

  #advance(): void {
    const seconds = this.#queue.now - this.#lookedAt;
    this.#lookedAt = this.#queue.now;
    if (this.#sendings.length > 0) this.#moved += (seconds * this.#bytesPerSecond) / this.#sendings.length;
  }

  #expectEnd(): void {
    this.#change += 1;
    const change = this.#change;
    const next = this.#sendings.reduce<Sending | null>(
      (first, one) => (first === null || one.endsAt < first.endsAt ? one : first),
      null,
    );
    if (next === null) return;
    const bytesLeft = Math.max(0, next.endsAt - this.#moved);
    const seconds = (bytesLeft * this.#sendings.length) / this.#bytesPerSecond;
    this.#queue.at(this.#queue.now + seconds, () => {
      if (change !== this.#change) return;
      this.#advance();
      this.#sendings = this.#sendings.filter((one) => one !== next);
      this.#expectEnd();
      next.onSent();
    });
  }
}
