/** Real files, the real state folder and catalogue, a vault in memory, and a clock that only tests move. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FailureFacts, type FailureKind, isFailure, TransferError } from '../../src/core/failures.js';
import type { TargetIdentity } from '../../src/core/identity.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { sourceOpener } from '../../src/source/source-pool.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { openStateStore } from '../../src/state/state-store.js';
import { withRetry } from '../../src/transfer/decorators/retry.js';
import type { Notice, TransferEvent } from '../../src/transfer/events.js';
import { adoptUpload, resumeUpload } from '../../src/transfer/resume.js';
import type { ArchiveResult, Session } from '../../src/transfer/session.js';
import { type UploadOptions, uploadFile } from '../../src/transfer/upload.js';
import { seededBytes } from '../support/bytes.js';
import { FakeClock } from '../support/fake-clock.js';
import { type MemoryTarget, memoryTarget } from '../support/memory-target.js';
import { type Cleanup, tempFolder } from '../support/temp.js';

export const PART_BYTES = MIB_BYTES;
/** Five parts, the last one short. */
export const SIZE_BYTES = 4 * MIB_BYTES + 12_345;
export const PARTS = 5;
const sameBytes = seededBytes(SIZE_BYTES, 7);

export const HOUR_MS = 3_600_000;

export interface Rig extends MemoryTarget {
  readonly folder: string;
  /** The file to be sent. */
  readonly file: string;
  readonly bytes: Buffer;
  readonly clock: FakeClock;
  /** Events of all runs; `forgetEvents` begins anew. */
  readonly events: TransferEvent[];
  forgetEvents(): void;
  notices(): Notice['notice'][];
  notice<N extends Notice['notice']>(name: N): Extract<Notice, { notice: N }>;
  /** What one run of calve works with; each run gets its own. */
  session(change?: Partial<Session>): Session;
  upload(wish?: Partial<UploadOptions>, change?: Partial<Session>): Promise<ArchiveResult>;
  /** Goes on with the only unfinished upload. */
  resume(change?: Partial<Session>): Promise<ArchiveResult>;
  adopt(uploadId: string, file?: string): Promise<ArchiveResult>;
  /** The journals' file names. */
  journals(): string[];
  /** The only journal's path. */
  journalPath(): string;
  readonly catalogueFolder: string;
}

/** One set of hashing threads serves all tests of a file, as it serves all files of a run. */
const sources = sourceOpener({ concurrency: 3 });

/** One thread and one lane: parts go in the order of the file, so that a test knows which were sent. */
const orderly = sourceOpener({ concurrency: 1 });
export const oneByOne = { concurrency: 1, openSource: orderly.open };

export async function closeSources(): Promise<void> {
  await sources.close();
  await orderly.close();
}

const targetIdentity: TargetIdentity = {
  url: 'glacier://photos',
  region: 'eu-west-1',
  endpoint: null,
  account: '111122223333',
};
const connection = { accountId: '-', profile: 'backup', pathStyle: false };

export function rig(t: Cleanup, sizeBytes = SIZE_BYTES): Rig {
  const folder = tempFolder(t);
  const file = join(folder, 'photos.tar');
  const bytes = sizeBytes === SIZE_BYTES ? sameBytes : seededBytes(sizeBytes, 7);
  writeFileSync(file, bytes);
  // Journals are dated by the file system, so this clock begins where that one stands.
  const clock = new FakeClock(Date.now());
  const memory = memoryTarget({ nowMs: () => clock.nowMs() });
  const events: TransferEvent[] = [];
  const catalogueFolder = join(folder, 'archives');
  const uploadsFolder = join(folder, 'state', 'v2', 'uploads');
  mkdirSync(catalogueFolder, { mode: 0o700 });

  function session(change: Partial<Session> = {}): Session {
    const report = (event: TransferEvent): void => void events.push(event);
    const policy = {
      maxAttempts: 3,
      maxAttemptsGiven: true,
      retryDelayMs: 100,
      giveUpAfterMs: HOUR_MS,
      giveUpAfterGiven: false,
    };
    return {
      target: withRetry(memory.target, { policy, clock, report }),
      targetIdentity,
      connection,
      state: openStateStore(join(folder, 'state')),
      catalogue: openCatalogue(catalogueFolder),
      openSource: sources.open,
      openStream: sources.openStream,
      report,
      clock,
      signal: new AbortController().signal,
      concurrency: 3,
      lockWaitMs: 0,
      ...change,
    };
  }

  function journals(): string[] {
    try {
      return readdirSync(uploadsFolder);
    } catch {
      return [];
    }
  }

  function notices(): Notice['notice'][] {
    return events.flatMap((event) => (event.type === 'notice' ? [event.notice] : []));
  }

  return {
    ...memory,
    folder,
    file,
    bytes,
    clock,
    events,
    catalogueFolder,
    session,
    journals,
    notices,
    forgetEvents: () => void events.splice(0),
    notice(name) {
      const found = events.filter((event) => event.type === 'notice' && event.notice === name);
      assert.equal(found.length, 1, `${name} in ${notices()}`);
      return found[0] as never;
    },
    upload: (wish = {}, change = {}) =>
      uploadFile(session(change), {
        file,
        partSizeBytes: PART_BYTES,
        description: null,
        fresh: false,
        ...wish,
      }),
    async resume(change = {}) {
      const run = session(change);
      const [known, ...others] = await run.state.heads();
      assert.ok(known && others.length === 0, 'exactly one upload is unfinished');
      return resumeUpload(run, known.head);
    },
    adopt: (uploadId, from = file) => adoptUpload(session(), from, uploadId),
    journalPath() {
      const [name, ...others] = journals();
      assert.ok(name && others.length === 0, 'there is exactly one journal');
      return join(uploadsFolder, name);
    },
  };
}

/** What a test throws in place of a process that dies: nothing catches and nothing retries it. */
export class Died extends Error {
  override readonly name = 'Died';
}

export const isDied = (error: unknown): boolean => error instanceof Died;

/** Sends the first parts and then fails for good: an upload that is unfinished. @returns its id */
export async function interrupt(bench: Rig, partsSent = 2): Promise<string> {
  const before = bench.calls.sendPart;
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count > before + partsSent) throw new Died('interrupted');
  };
  await assert.rejects(bench.upload({}, oneByOne), isDied);
  bench.hooks.before = null;
  bench.forgetEvents();
  const [uploadId] = [...bench.vault.uploads.keys()].slice(-1);
  assert.ok(uploadId);
  return uploadId;
}

/** Completes an upload on the service, and dies before the response arrives. */
export async function loseCompleteAnswer(bench: Rig): Promise<void> {
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') throw new Died('the answer was lost');
  };
  await assert.rejects(bench.upload(), isDied);
  bench.hooks.after = null;
  bench.forgetEvents();
}

/** Fails with this kind and these facts. */
export function failsAs<K extends FailureKind>(kind: K, facts: Partial<FailureFacts[K]> = {}) {
  return (error: unknown): true => {
    assert.ok(isFailure(error, kind), `not ${kind}: ${error instanceof Error ? error.stack : error}`);
    assert.deepEqual({ ...error.facts, ...facts }, error.facts);
    return true;
  };
}

export function unavailable(): TransferError<'unreachable'> {
  const facts = { operation: 'x', why: 'reset', attempts: 1, elapsedMs: 0 };
  return new TransferError('unreachable', facts, { retryClass: 'unavailable' });
}

/** The vault holds exactly these archives, byte for byte. */
export function assertArchives(bench: Rig, ...expected: readonly Buffer[]): void {
  const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(
    bench.vault.archives.map((archive) => sum(archive.bytes)),
    expected.map(sum),
  );
}
