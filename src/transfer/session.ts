/** The session that use cases work with, and their result. Each function names the members that it needs. */
import { setMaxListeners } from 'node:events';
import type { TargetConnection, TargetIdentity, UploadAddress } from '../core/identity.js';
import { sourceName } from '../core/identity.js';
import { withKey } from '../core/target-url.js';
import type { Report } from './events.js';
import type { Clock } from './ports/clock.js';
import type { OpenSource, OpenStream } from './ports/source.js';
import type { Catalogue, CatalogueEntry, JournalHead, Lock, LockOptions, StateStore } from './ports/state.js';
import type { Target } from './ports/target.js';

/** One target, opened and located, with everything that a transfer to it needs. */
export interface Session {
  readonly target: Target;
  readonly targetIdentity: TargetIdentity;
  readonly connection: TargetConnection;
  readonly state: StateStore;
  readonly catalogue: Catalogue;
  readonly openSource: OpenSource;
  readonly openStream: OpenStream;
  readonly report: Report;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Parts in flight. */
  readonly concurrency: number;
  readonly lockWaitMs: number;
}

/** A file that is now an archive, whoever sent it and when. */
export interface ArchiveResult {
  readonly entry: CatalogueEntry;
  readonly partsSent: number;
  readonly partsReused: number;
  /** True when an earlier run's upload was continued. */
  readonly resumed: boolean;
  /** True when the catalogue had it, so that nothing was sent. */
  readonly skipped: boolean;
  readonly durationMs: number;
}

/** Returns how this session takes locks: it reports when it waits, and for whom. */
export function lockOptions({
  lockWaitMs: waitMs,
  signal,
  report,
}: Pick<Session, 'lockWaitMs' | 'signal' | 'report'>): LockOptions {
  return { waitMs, signal, onWait: (holder) => report({ type: 'waiting', waitMs, ...holder }) };
}

/** Returns the same session, whose work stops as soon as another calve has taken one of the locks. */
export function whileHeld<S extends Pick<Session, 'signal'>>(session: S, ...locks: readonly Lock[]): S {
  const signal = AbortSignal.any([session.signal, ...locks.map(({ lost }) => lost)]);
  setMaxListeners(0, signal);
  return { ...session, signal };
}

/** Returns the same session with another object of the same bucket. A vault has no keys: its session is the same. */
export function sessionAt<S extends Pick<Session, 'target' | 'targetIdentity'>>(
  session: S,
  key: string | null,
): S {
  if (key === null) return session;
  const url = withKey(session.targetIdentity.url, key);
  return {
    ...session,
    target: session.target.at(key),
    targetIdentity: { ...session.targetIdentity, url },
  };
}

/** Returns what names an upload on its service again. */
export function addressOf(head: Pick<JournalHead, 'uploadId' | 'identity' | 'connection'>): UploadAddress {
  return { uploadId: head.uploadId, target: head.identity.target, connection: head.connection };
}

type Timed = Pick<Session, 'clock' | 'report'>;

/** Returns the result of a file that the catalogue had: nothing was sent. */
export function skippedResult({ clock }: Timed, entry: CatalogueEntry, startedMs: number): ArchiveResult {
  const durationMs = clock.monotonicMs() - startedMs;
  return { entry, partsSent: 0, partsReused: 0, resumed: false, skipped: true, durationMs };
}

/** Reports and returns the result of an archive that this run made. */
export function sentResult(
  { clock, report }: Timed,
  entry: CatalogueEntry,
  startedMs: number,
  sent: Pick<ArchiveResult, 'partsSent' | 'partsReused' | 'resumed'>,
): ArchiveResult {
  const durationMs = clock.monotonicMs() - startedMs;
  const { archiveId, plan } = entry;
  const file = sourceName(entry.identity.source);
  report({ type: 'archived', file, archiveId, sizeBytes: plan.sizeBytes, durationMs });
  return { entry, ...sent, skipped: false, durationMs };
}

/** Returns the result of an upload whose parts an earlier run had sent; this run sent complete again. */
export function settledResult(session: Timed, entry: CatalogueEntry, startedMs: number): ArchiveResult {
  const sent = { partsSent: 0, partsReused: entry.plan.partCount, resumed: true };
  return sentResult(session, entry, startedMs, sent);
}
