/** Works on several files at once, and delivers their outcomes in the order of the files. */

/** So many outcomes may wait for that of an earlier file: memory must not grow with the number of files. */
const WAITING_MAX = 1000;

export interface OrderedRun<Job, Outcome> {
  readonly jobs: AsyncIterable<Job> | Iterable<Job>;
  /** Waits until the job may start, and starts it. The outcome never rejects. */
  readonly start: (job: Job) => Promise<{ readonly outcome: Promise<Outcome> }>;
  /** Called for one outcome after the other, in the order of the jobs. Never rejects. */
  readonly deliver: (outcome: Outcome) => Promise<void>;
  /** When it is aborted, no other job starts. The outcomes of those that have started are still delivered. */
  readonly signal: AbortSignal;
}

/** @throws the errors of `jobs`, when every job that has started is delivered */
export async function runInOrder<Job, Outcome>(run: OrderedRun<Job, Outcome>): Promise<void> {
  const { jobs, start, deliver, signal } = run;
  let last: Promise<void> = Promise.resolve();
  const waiting: Promise<void>[] = [];
  try {
    for await (const job of jobs) {
      if (signal.aborted) return;
      if (waiting.length >= WAITING_MAX) await waiting.shift();
      const before = last;
      const { outcome } = await start(job);
      last = before.then(async () => deliver(await outcome));
      waiting.push(last);
    }
  } finally {
    await last;
  }
}
