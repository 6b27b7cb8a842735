/**
 * `upload --dry-run`: says what an upload would do, by the state folder and the catalogue. It asks no service and writes
 * nothing. So it believes that unfinished uploads and archives still exist, and looks for those of every account.
 */
import { TransferError, withContext } from '../core/failures.js';
import { compareFingerprints, type Sameness } from '../core/fingerprint.js';
import {
  type SourceIdentity,
  sourceName,
  streamIdentity,
  type TargetIdentity,
  type UploadIdentity,
} from '../core/identity.js';
import type { TargetUrl } from '../core/target-url.js';
import { checkOptions } from './check-options.js';
import { type Candidate, decide } from './decide.js';
import { hasTreeHash, newestFirst, noticeDamage, wasArchivedSince } from './gather-facts.js';
import { hasRecordedParts } from './parts/reread.js';
import type { Source } from './ports/source.js';
import type { Catalogue, CatalogueEntry, StateStore, UnfinishedUpload } from './ports/state.js';
import type { TargetCapabilities } from './ports/target.js';
import type { Session } from './session.js';
import { mismatchFailure, newerArchive } from './settle-upload.js';
import type { UploadOptions } from './upload.js';

export interface ForecastSession
  extends Pick<Session, 'openSource' | 'report' | 'signal' | 'concurrency' | 'lockWaitMs'> {
  /** Null where nothing names the folder: it has no uploads. */
  readonly state: Pick<StateStore, 'findByIdentity' | 'findHolder' | 'heads'> | null;
  /** Null where nothing names the folder: it has no archives. */
  readonly catalogue: Pick<Catalogue, 'findByIdentity' | 'entries'> | null;
  /** Those of the target, which --max-parts may have lowered. */
  readonly capabilities: TargetCapabilities;
}

/** The action that an upload would take. */
export type Forecast =
  | { readonly action: 'new' }
  | { readonly action: 'continue'; readonly upload: UnfinishedUpload }
  | { readonly action: 'skip'; readonly entry: CatalogueEntry };

/** A target without its URL: the account, the region and the endpoint that were recorded. */
export type Place = Omit<TargetIdentity, 'url'>;

/**
 * Returns the places to which files of this vault or bucket may have been sent. Only the service says whose account it is,
 * so that every account counts that the state folder or the catalogue has. That takes a look at all their files, once.
 * @param resolved region and endpoint; null: the options and the environment do not say
 */
export async function knownPlaces(
  { state, catalogue, capabilities }: ForecastSession,
  url: TargetUrl,
  resolved: Omit<Place, 'account'> | null,
): Promise<readonly Place[]> {
  if (resolved !== null && !capabilities.reportsAccount) return [{ ...resolved, account: null }];
  const found = new Map<string, Place>();
  const note = ({ url: recorded, region, endpoint, account }: TargetIdentity): void => {
    const container = `${url.scheme}://${url.container}`;
    if (recorded !== container && !recorded.startsWith(`${container}/`)) return;
    const isThere = resolved === null || (region === resolved.region && endpoint === resolved.endpoint);
    if (isThere) found.set(JSON.stringify([region, endpoint, account]), { region, endpoint, account });
  };
  for (const { head } of (await state?.heads()) ?? []) note(head.identity.target);
  if (catalogue !== null) for await (const { identity } of catalogue.entries()) note(identity.target);
  return [...found.values()];
}

/** An upload as it is asked for: one source, and the targets that it may have. */
interface Wanted {
  readonly url: string;
  readonly places: readonly Place[];
}

function identitiesOf(source: SourceIdentity, { url, places }: Wanted): UploadIdentity[] {
  return places.map((place) => ({ source, target: { url, ...place } }));
}

/**
 * @throws TransferError with file and target filled in: those that the upload would end with, as far as they are known
 * here: `source`, `state`, `busy`, `usage` for an option that the unfinished upload does not have, `checksum`
 */
export async function forecastFile(
  session: ForecastSession,
  options: UploadOptions,
  wanted: Wanted,
): Promise<Forecast> {
  let source: Source | null = null;
  try {
    source = await session.openSource(options.file);
    const identities = identitiesOf({ kind: 'file', path: source.path }, wanted);
    await assertFree(session, identities, null);
    const forecast = await forecastOf(session, source, { identities, fresh: options.fresh });
    if (forecast.action === 'continue') {
      const { head } = forecast.upload;
      if (forecast.upload.completing === null) {
        checkOptions(options, forecast.upload, session.capabilities.limits);
      }
      await assertFree(session, [head.identity], head.uploadId);
    }
    return forecast;
  } catch (error) {
    throw withContext(error, { file: source?.path ?? options.file, target: wanted.url });
  } finally {
    await source?.close();
  }
}

/** A stream is never continued by itself, and never skipped. @throws TransferError `busy`, `state` */
export async function forecastStream(
  session: ForecastSession,
  name: string | null,
  wanted: Wanted,
): Promise<Forecast> {
  const source = streamIdentity(name);
  try {
    if (session.capabilities.storesObjects) await assertFree(session, identitiesOf(source, wanted), null);
    return { action: 'new' };
  } catch (error) {
    throw withContext(error, { file: sourceName(source), target: wanted.url });
  }
}

/** A run that waits for locks does not fail because of one. @throws TransferError `busy` */
async function assertFree(
  { state, lockWaitMs }: ForecastSession,
  identities: readonly UploadIdentity[],
  uploadId: string | null,
): Promise<void> {
  if (state === null || lockWaitMs > 0) return;
  for (const identity of identities) {
    const holder = await state.findHolder(identity, uploadId);
    if (holder !== null) throw new TransferError('busy', holder);
  }
}

async function forecastOf(
  session: ForecastSession,
  source: Source,
  { identities, fresh }: { readonly identities: readonly UploadIdentity[]; readonly fresh: boolean },
): Promise<Forecast> {
  const unfinished: UnfinishedUpload[] = [];
  const entries: CatalogueEntry[] = [];
  for (const identity of identities) {
    unfinished.push(...((await session.state?.findByIdentity(identity)) ?? []));
    if (!fresh) entries.push(...((await session.catalogue?.findByIdentity(identity)) ?? []));
  }
  for (const upload of unfinished) noticeDamage(session, upload);
  if (fresh) return { action: 'new' };
  const { open, completing } = sortUnfinished(source, unfinished, newestFirst(entries));
  if (completing !== null) return { action: 'continue', upload: completing };
  const archived = await findSame(newestFirst(entries), async (entry) => {
    const sameness = compareFingerprints(entry.fingerprint, source.fingerprint);
    return sameness === 'same' || (sameness === 'touched' && (await hasTreeHash(session, source, entry)));
  });
  const candidates = await candidatesOf(session, source, open);
  const { billsParts } = session.capabilities;
  const action = decide({ fresh, candidates, archived, settled: [], billsParts });
  if (action.action === 'skip') return { action: 'skip', entry: action.entry };
  return action.action === 'resume' ? { action: 'continue', upload: action.upload } : { action: 'new' };
}

/**
 * Sorts out the uploads whose archive exists or may exist, as the settling of uploads would.
 * @returns those that are open, and one whose complete would be sent again for this very file
 * @throws TransferError `checksum` when the service made an archive of other bytes
 */
function sortUnfinished(
  source: Source,
  unfinished: readonly UnfinishedUpload[],
  entries: readonly CatalogueEntry[],
): { open: UnfinishedUpload[]; completing: UnfinishedUpload | null } {
  const open: UnfinishedUpload[] = [];
  let completing: UnfinishedUpload | null = null;
  for (const upload of unfinished) {
    const isRecorded = entries.some(({ uploadId }) => uploadId === upload.head.uploadId);
    if (isRecorded) continue;
    if (upload.mismatch !== null) {
      if (!wasArchivedSince(upload, entries)) throw mismatchFailure(upload.mismatch);
    } else if (upload.completing === null) open.push(upload);
    else if (newerArchive(upload, entries) !== null) open.push({ ...upload, completing: null });
    else if (compareFingerprints(upload.fingerprint, source.fingerprint) !== 'changed') completing ??= upload;
  }
  return { open, completing };
}

async function findSame<T>(all: readonly T[], isSame: (each: T) => Promise<boolean>): Promise<T | null> {
  for (const each of all) if (await isSame(each)) return each;
  return null;
}

/** Compares the file with each upload, until one fits. */
async function candidatesOf(
  session: ForecastSession,
  source: Source,
  open: readonly UnfinishedUpload[],
): Promise<Candidate[]> {
  const compare = async (upload: UnfinishedUpload): Promise<Sameness> => {
    const sameness = compareFingerprints(upload.fingerprint, source.fingerprint);
    if (sameness !== 'touched') return sameness;
    return (await hasRecordedParts(session, source, { upload })) ? 'touched' : 'changed';
  };
  const candidates: Candidate[] = [];
  let isFound = false;
  for (const upload of open) {
    const sameness: Sameness | null = isFound ? null : await compare(upload);
    isFound ||= sameness === 'same' || sameness === 'touched';
    candidates.push({ upload, sameness });
  }
  return candidates;
}
