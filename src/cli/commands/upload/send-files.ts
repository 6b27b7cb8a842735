/** Sends several files at once, and prints their results in the order of the files. */
import { setMaxListeners } from 'node:events';
import { type FailureContext, TransferError } from '../../../core/failures.js';
import type { Notice, Report, TransferEvent } from '../../../transfer/events.js';
import { type FilePlace, FileRoom } from '../../../transfer/files/file-room.js';
import { OneAtATime } from '../../../transfer/files/one-at-a-time.js';
import { runInOrder } from '../../../transfer/files/run-in-order.js';
import type { ArchiveResult, Session } from '../../../transfer/session.js';
import type { CommandContext } from '../../command.js';
import { stopsTheRun } from '../../exit-codes.js';
import { printArchive } from '../../results.js';
import type { RunTotals } from '../../run-totals.js';

/** Notices that say the same of every file of a run: the first one is enough. */
const ONCE: ReadonlySet<Notice['notice']> = new Set([
  'default-class',
  'looked-instead',
  'not-comparable',
  'tags-unchecked',
  'archive-unchecked',
]);

/** A file of a run, and what is known of it before it is sent. */
export interface FileJob {
  /** The file and its target, for messages. */
  readonly about: FailureContext;
  /** Its real path, or `-`. */
  readonly source: string;
  /** The number of its parts; null: a stream. */
  readonly parts: number | null;
  send(session: Session): Promise<ArchiveResult>;
}

/** A file that was found, but cannot be sent. */
export interface FailedJob {
  readonly about: FailureContext;
  readonly error: unknown;
}

type Outcome =
  | { readonly archived: ArchiveResult; readonly about: FailureContext }
  | FailedJob
  /** Another file's failure or a signal ended the run before this file was archived. */
  | 'stopped';

export interface FilesRunOptions {
  readonly totals: RunTotals;
  /** True when the files were found, and not named one by one: those that are archived already are only counted. */
  readonly areFound: boolean;
}

/** @throws the errors of `jobs` */
export async function sendFiles(
  context: CommandContext,
  session: Session,
  jobs: AsyncIterable<FileJob | FailedJob> | Iterable<FileJob | FailedJob>,
  options: FilesRunOptions,
): Promise<void> {
  const run = new FilesRun(context, session, options);
  try {
    await runInOrder({
      jobs,
      signal: run.signal,
      start: (job) => run.start(job),
      deliver: (outcome) => run.deliver(outcome),
    });
  } finally {
    if (session.signal.aborted) await context.fail(session.signal.reason);
  }
}

class FilesRun {
  readonly #context: CommandContext;
  readonly #session: Session;
  readonly #options: FilesRunOptions;
  readonly #room: FileRoom;
  readonly #stop = new AbortController();
  /** The bytes that have left of the parts in flight, by file and index. */
  readonly #inFlight = new Set<ReadonlyMap<number, number>>();
  #movedBytes = 0;
  readonly #turns = new OneAtATime();
  readonly #told = new Set<Notice['notice']>();

  constructor(context: CommandContext, session: Session, options: FilesRunOptions) {
    this.#context = context;
    this.#session = session;
    this.#options = options;
    this.#room = new FileRoom(session.concurrency);
    setMaxListeners(0, this.signal);
    // The files get a failure of their own, to which each adds its name. That of the session stays as it is.
    session.signal.addEventListener('abort', () => this.#end(), { once: true });
    if (session.signal.aborted) this.#end();
  }

  /** Aborted by a failure that every file would have, and with the signal of the session. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  #end(): void {
    this.#stop.abort(new TransferError('stopped', { signal: 'SIGTERM' }));
  }

  async start(job: FileJob | FailedJob): Promise<{ outcome: Promise<Outcome> }> {
    if ('error' in job) return { outcome: Promise.resolve(job) };
    const place = await this.#room.enter(job.parts);
    return { outcome: this.#send(job, place).finally(() => place.leave()) };
  }

  async #send({ about, source, send }: FileJob, place: FilePlace): Promise<Outcome> {
    if (this.signal.aborted) return 'stopped';
    const inFlight = new Map<number, number>();
    this.#inFlight.add(inFlight);
    const report: Report = (event) => {
      place.note(event);
      this.#note(event, inFlight);
    };
    try {
      const session = { ...this.#session, signal: this.signal, report };
      // A file that is named twice, or found behind two links, is not its own rival: the second time it is archived already.
      const archived = await this.#turns.run(source, () => send(session));
      return { archived, about };
    } catch (error) {
      // A failure that every file would have is printed once.
      if (this.signal.aborted && stopsTheRun(error)) return 'stopped';
      if (stopsTheRun(error)) this.#end();
      return { about, error };
    } finally {
      this.#inFlight.delete(inFlight);
    }
  }

  /** Sums up the events of all files. Only what a person should know is reported for each. */
  #note(event: TransferEvent, inFlight: Map<number, number>): void {
    const { report } = this.#context.reporter;
    if (event.type === 'retry' || event.type === 'waiting') report(event);
    if (event.type === 'notice' && this.#isNews(event.notice)) report(event);
    if (event.type === 'progress') inFlight.set(event.index, event.sentBytes);
    if (event.type === 'part') {
      inFlight.delete(event.index);
      if (!event.reused) this.#movedBytes += event.sizeBytes;
    }
    if (event.type === 'progress' || event.type === 'part') this.#reportFiles();
  }

  #isNews(notice: Notice['notice']): boolean {
    if (notice === 'already-archived') return !this.#options.areFound;
    const isFirst = !this.#told.has(notice);
    this.#told.add(notice);
    return isFirst || !ONCE.has(notice);
  }

  #reportFiles(): void {
    let movedBytes = this.#movedBytes;
    for (const parts of this.#inFlight) for (const bytes of parts.values()) movedBytes += bytes;
    this.#context.reporter.report({ type: 'files', ...this.#options.totals.counts, movedBytes });
  }

  async deliver(outcome: Outcome): Promise<void> {
    if (outcome === 'stopped') return;
    const { totals } = this.#options;
    const { about } = outcome;
    try {
      if ('error' in outcome) throw outcome.error;
      await printArchive(this.#context, outcome.archived);
      totals.add(outcome.archived);
    } catch (error) {
      await totals.fail(error, about);
      if (stopsTheRun(error)) this.#end();
    }
  }
}
