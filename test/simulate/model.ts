/**
 * A model of one upload that many machines share: each machine sends its share of the parts over a line of its own, fails
 * now and then and starts again. Discrete events, so that every part, request and failure has its time.
 */

import { seededRandom } from '../support/seed.js';
import { EventQueue } from './event-queue.js';
import { Line } from './line.js';

export interface Fleet {
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
  readonly machines: number;
  /** Shares for each machine. A machine works on one at a time. */
  readonly sharesPerMachine: number;
  /** What one machine sends at most: the slower one of its line and its hashing. */
  readonly bytesPerSecond: number;
  /** Parts in flight on each machine. */
  readonly concurrency: number;
  /** From the last byte of a part to the service's answer. */
  readonly answerSeconds: number;
  /** From the start of a task to its first byte: the program starts and lists the parts. */
  readonly startSeconds: number;
  /** Checking all receipts and completing the upload. */
  readonly finishSeconds: number;
  /** Failures of one machine, on average. */
  readonly failuresPerHour: number;
  /** Until the scheduler starts the task of a failed machine again. */
  readonly restartSeconds: number;
  /** At which a task that starts again reads the parts that the service holds; infinity: their receipts are enough. */
  readonly rereadBytesPerSecond: number;
  /** Requests that the service takes from all machines together; infinity: no limit. */
  readonly requestsPerSecond: number;
  readonly seed: number;
}

/** Where the time of the machines goes, in seconds of one machine on average. */
export interface Losses {
  readonly starting: number;
  readonly failures: number;
  readonly 'request limit': number;
  readonly answers: number;
  /** A machine that is done waits for the last one. */
  readonly 'slowest share': number;
  readonly finishing: number;
}

export interface Forecast {
  readonly seconds: number;
  /** The time that the bytes alone need on the lines of all machines, as a part of `seconds`. */
  readonly efficiency: number;
  readonly failures: number;
  readonly losses: Losses;
}

/** Shares are contiguous ranges whose numbers of parts differ by one at most. */
function sharesOf({ sizeBytes, partSizeBytes, machines, sharesPerMachine }: Fleet): number[][] {
  const parts = Math.ceil(sizeBytes / partSizeBytes);
  const shares = machines * sharesPerMachine;
  const bytesOf = (index: number): number => Math.min(partSizeBytes, sizeBytes - index * partSizeBytes);
  return Array.from({ length: shares }, (_, share) => {
    const [first, end] = [share, share + 1].map((number) => Math.floor((number * parts) / shares));
    return Array.from({ length: (end as number) - (first as number) }, (_part, at) =>
      bytesOf((first as number) + at),
    );
  });
}

/** Gives each request its time, so that no more than the limit are sent in a second, in the order in which they ask. */
function requestTimes(perSecond: number): (now: number) => number {
  let free = 0;
  return (now) => {
    const at = Math.max(now, free);
    free = at + 1 / perSecond;
    return at;
  };
}

class Machine {
  readonly line: Line;
  readonly #fleet: Fleet;
  readonly #queue: EventQueue;
  readonly #takeShare: () => number[] | undefined;
  readonly #requestAt: (now: number) => number;
  readonly #random: () => number;
  #left: number[] = [];
  #inFlight = new Set<number[]>();
  #heldBytes = 0;
  /** Grows with each failure: events of an earlier life mean nothing. */
  #life = 0;
  doneAt = 0;
  failures = 0;
  readonly lost = { starting: 0, failures: 0, requests: 0 };

  constructor(fleet: Fleet, queue: EventQueue, shared: Pick<Shared, 'takeShare' | 'requestAt' | 'random'>) {
    this.#fleet = fleet;
    this.#queue = queue;
    this.#takeShare = shared.takeShare;
    this.#requestAt = shared.requestAt;
    this.#random = shared.random;
    this.line = new Line(queue, fleet.bytesPerSecond);
  }

  /** Starts the machine. */
  start(): void {
    this.#failLater();
    this.#startTask();
  }

  /** Starts the task of the next share. */
  #startTask(): void {
    const share = this.#takeShare();
    if (share === undefined) {
      this.doneAt = this.#queue.now;
      this.#life += 1;
      return;
    }
    this.#left = [...share];
    this.#heldBytes = 0;
    this.lost.starting += this.#fleet.startSeconds;
    this.#later(this.#fleet.startSeconds, () => this.#fillLanes());
  }

  #later(seconds: number, run: () => void): void {
    const life = this.#life;
    this.#queue.at(this.#queue.now + seconds, () => {
      if (life === this.#life) run();
    });
  }

  #fillLanes(): void {
    while (this.#inFlight.size < this.#fleet.concurrency && this.#left.length > 0) {
      const part = [this.#left.shift() as number];
      this.#inFlight.add(part);
      const waits = this.#requestAt(this.#queue.now) - this.#queue.now;
      this.lost.requests += waits / this.#fleet.concurrency;
      this.#later(waits, () => this.#send(part));
    }
    if (this.#inFlight.size === 0) this.#startTask();
  }

  #send(part: number[]): void {
    const [bytes = 0] = part;
    this.line.send(bytes, () =>
      this.#later(this.#fleet.answerSeconds, () => {
        this.#inFlight.delete(part);
        this.#heldBytes += bytes;
        this.#fillLanes();
      }),
    );
  }

  #failLater(): void {
    const { failuresPerHour } = this.#fleet;
    if (failuresPerHour === 0) return;
    this.#later((-Math.log(1 - this.#random()) * 3600) / failuresPerHour, () => this.#fail());
  }

  /** Parts in flight are sent again, and those that the service holds are read again and compared. */
  #fail(): void {
    const { restartSeconds, startSeconds, rereadBytesPerSecond } = this.#fleet;
    this.#life += 1;
    this.failures += 1;
    const unfinishedBytes = this.line.clear();
    this.#left.unshift(...[...this.#inFlight].map(([bytes = 0]) => bytes));
    this.#inFlight = new Set();
    const backSeconds = restartSeconds + startSeconds + this.#heldBytes / rereadBytesPerSecond;
    this.lost.failures += backSeconds + unfinishedBytes / this.#fleet.bytesPerSecond;
    this.#later(backSeconds, () => this.#fillLanes());
    this.#failLater();
  }
}

interface Shared {
  readonly takeShare: () => number[] | undefined;
  readonly requestAt: (now: number) => number;
  readonly random: () => number;
}

/** Plays the upload from the start of the tasks to the archive. The same seed gives the same failures. */
export function simulate(fleet: Fleet): Forecast {
  const queue = new EventQueue();
  const shares = sharesOf(fleet);
  const shared: Shared = {
    takeShare: () => shares.shift(),
    requestAt: requestTimes(fleet.requestsPerSecond),
    random: seededRandom(fleet.seed),
  };
  const machines = Array.from({ length: fleet.machines }, () => new Machine(fleet, queue, shared));
  for (const machine of machines) machine.start();
  queue.run();
  const lastAt = Math.max(...machines.map(({ doneAt }) => doneAt));
  const seconds = lastAt + fleet.finishSeconds;
  const idealSeconds = fleet.sizeBytes / (fleet.machines * fleet.bytesPerSecond);
  const average = (figure: (machine: Machine) => number): number =>
    machines.reduce((sum, machine) => sum + figure(machine), 0) / machines.length;
  const counted = {
    starting: average(({ lost }) => lost.starting),
    failures: average(({ lost }) => lost.failures),
    'request limit': average(({ lost }) => lost.requests),
    'slowest share': average(({ doneAt }) => lastAt - doneAt),
    finishing: fleet.finishSeconds,
  };
  const rest = seconds - idealSeconds - Object.values(counted).reduce((sum, one) => sum + one, 0);
  return {
    seconds,
    efficiency: idealSeconds / seconds,
    failures: machines.reduce((sum, machine) => sum + machine.failures, 0),
    losses: { ...counted, answers: Math.max(0, rest) },
  };
}
