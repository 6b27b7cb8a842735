/** What every use case works with, and what it gives back. */
import { withKey } from '../core/target-url.js';
import type {
  Catalogue,
  CatalogueEntry,
  Clock,
  JournalHead,
  LockOptions,
  OpenSource,
  OpenStream,
  Report,
  StateStore,
  Target,
  TargetConnection,
  TargetIdentity,
} from './ports.js';

/** One target, opened and located, with everything that a transfer to it needs. */
export interface Session {
  readonly target: Target;
  readonly place: TargetIdentity;
  readonly recipe: TargetConnection;
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
  /** Whether an earlier run's upload was gone on with. */
  readonly resumed: boolean;
  /** Whether the catalogue had it, so that nothing was sent. */
  readonly skipped: boolean;
  readonly durationMs: number;
}

export function lockOptions(session: Session): LockOptions {
  return { waitMs: session.lockWaitMs, signal: session.signal };
}

export function isoNow(session: Session): string {
  return new Date(session.clock.nowMs()).toISOString();
}

export function isSameTarget(a: TargetIdentity, b: TargetIdentity): boolean {
  return a.url === b.url && a.region === b.region && a.endpoint === b.endpoint && a.account === b.account;
}

/** The same session with another object of the same bucket. A vault has no keys, and stays as it is. */
export function sessionAt(session: Session, key: string | null): Session {
  if (key === null) return session;
  const url = withKey(session.place.url, key);
  const { target, place, recipe } = session;
  return { ...session, target: target.at(key), place: { ...place, url }, recipe: { ...recipe, url } };
}

/** The words of the line that aborts an upload, with what its target needs to be found again. */
export function abortLine({ recipe, uploadId }: Pick<JournalHead, 'recipe' | 'uploadId'>): string[] {
  return ['calve', 'abort', recipe.url, `--upload-id=${uploadId}`, ...recipeOptions(recipe)];
}

/** The options that name the same target again on a command line. */
function recipeOptions(recipe: TargetConnection): string[] {
  const options: string[] = [];
  if (recipe.localDir !== null) return [`--local-dir=${recipe.localDir}`];
  if (recipe.region !== null) options.push(`--region=${recipe.region}`);
  if (recipe.profile !== null) options.push(`--profile=${recipe.profile}`);
  if (recipe.endpoint !== null) options.push(`--endpoint-url=${recipe.endpoint}`);
  if (recipe.accountId !== '-') options.push(`--account-id=${recipe.accountId}`);
  if (recipe.pathStyle === true) options.push('--path-style');
  return options;
}

/** The catalogue had it: nothing was sent. */
export function skippedResult(session: Session, entry: CatalogueEntry, startedMs: number): ArchiveResult {
  const durationMs = session.clock.nowMs() - startedMs;
  return { entry, partsSent: 0, partsReused: 0, resumed: false, skipped: true, durationMs };
}

/** This run made it an archive. */
export function sentResult(
  session: Session,
  entry: CatalogueEntry,
  startedMs: number,
  sent: Pick<ArchiveResult, 'partsSent' | 'partsReused' | 'resumed'>,
): ArchiveResult {
  const durationMs = session.clock.nowMs() - startedMs;
  const { archiveId, plan } = entry;
  const file = entry.identity.file;
  session.report({ type: 'archived', file, archiveId, sizeBytes: plan.sizeBytes, durationMs });
  return { entry, ...sent, skipped: false, durationMs };
}

/** An earlier run had sent everything; this one repeated complete and learned the id. */
export function settledResult(session: Session, entry: CatalogueEntry, startedMs: number): ArchiveResult {
  const sent = { partsSent: 0, partsReused: entry.plan.partCount, resumed: true };
  return sentResult(session, entry, startedMs, sent);
}
