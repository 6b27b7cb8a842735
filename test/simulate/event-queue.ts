/** Runs events in the order of their times, and events of one time in the order in which they were added. */
interface Event {
  readonly time: number;
  readonly number: number;
  readonly run: () => void;
}

function isEarlier(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.number < b.number);
}

export class EventQueue {
  /** A binary heap: no event is later than those at 2 i + 1 and 2 i + 2. */
  readonly #heap: Event[] = [];
  #count = 0;
  /** Seconds since the start. */
  now = 0;

  /** @param time seconds since the start */
  at(time: number, run: () => void): void {
    const event = { time, number: this.#count++, run };
    let place = this.#heap.push(event) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as Event;
      if (!isEarlier(event, other)) break;
      this.#heap[place] = other;
      place = above;
    }
    this.#heap[place] = event;
  }

  /** Runs all events, and those that they add. */
  run(): void {
    for (let event = this.#take(); event !== null; event = this.#take()) {
      this.now = event.time;
      event.run();
    }
  }

  #take(): Event | null {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    if (first !== last) this.#sink(last);
    return first;
  }

  /** Puts an event at the top, and moves it down to its place. */
  #sink(event: Event): void {
    let place = 0;
    for (;;) {
      const [left, right] = [this.#heap[2 * place + 1], this.#heap[2 * place + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isEarlier(right, left);
      const lower = isRight ? right : left;
      if (!isEarlier(lower, event)) break;
      this.#heap[place] = lower;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.#heap[place] = event;
  }
}
