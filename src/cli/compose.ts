/** The composition root: builds the ports from the options. Only this file knows every adapter. */
import { availableParallelism } from 'node:os';
import { cleanUp } from '../core/clean-up.js';
import { checkRegion, isLoopbackEndpoint } from '../core/endpoint.js';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { parseTargetUrl, type TargetUrl } from '../core/target-url.js';
import type { SourceOpener } from '../source/source-pool.js';
import { openCatalogue } from '../state/catalogue.js';
import { knownFleets } from '../state/fleet/known-fleets.js';
import { openStateStore } from '../state/state-store.js';
import { LOCAL_ENDPOINT } from '../targets/local/capabilities.js';
import { TARGETS } from '../targets/registry.js';
import { parseRequestHeaders } from '../targets/s3/request-headers.js';
import type { ServiceEndpoint, TargetSettings } from '../targets/settings.js';
import type { KnownFleets } from '../transfer/ports/fleet.js';
import type { Catalogue, StateStore, UnfinishedHead } from '../transfer/ports/state.js';
import type { Session } from '../transfer/session.js';
import type { Reporter } from '../ui/progress/reporter-parts.js';
import { systemClock } from './clock.js';
import type { ServiceIo } from './io.js';
import { openTarget } from './open-target.js';
import type { SessionOptions as Options, TargetOptions } from './options/session.js';
import type { CatalogueOptions, StateOptions } from './options/state.js';
import { refuseUnused } from './options/unused.js';

/** A session, and a function that ends everything that it opened and never fails. */
export interface OpenedSession {
  readonly session: Session;
  close(): Promise<void>;
}

/** Opens files and streams. Nothing is loaded for that before the first one is opened: a list needs no hashing threads. */
export function openSources(
  options: Pick<Options, 'transfer'>,
): Pick<Session, 'openSource' | 'openStream'> & { close(): Promise<void> } {
  const { concurrency, threads, limitRate } = options.transfer;
  let opener: Promise<SourceOpener> | null = null;
  const load = async (): Promise<SourceOpener> => {
    const { sourceOpener } = await import('../source/source-pool.js');
    const whole = sourceOpener({ concurrency, ...(threads !== null && { threads }) });
    return limitRate === null ? whole : (await limiter()).limitedOpener(whole, limitRate, systemClock);
  };
  return {
    openSource: async (path) => {
      opener ??= load();
      return (await opener).open(path);
    },
    openStream: async (...stream) => {
      opener ??= load();
      return (await opener).openStream(...stream);
    },
    close: async () => (await opener)?.close(),
  };
}

const limiter = () => import('../source/rate-limit.js');

export function openState(options: StateOptions): StateStore {
  return openStateStore(options.state.path(), { ownGroups: options.trust.trustGroup });
}

export function openKnownFleets({ state, trust }: StateOptions): KnownFleets {
  return knownFleets(state.known, { ownGroups: trust.trustGroup });
}

export function openArchives(options: CatalogueOptions): Catalogue {
  return openCatalogue(options.catalogue.path(), { ownGroups: options.trust.trustGroup });
}

/** A target whose region and endpoint are known. */
export interface ResolvedTarget {
  readonly settings: TargetSettings;
  readonly endpoint: ServiceEndpoint;
}

/**
 * Refuses options that the target does not use, and headers that cannot be sent. A dry run, which needs neither region
 * nor endpoint, refuses the same ones.
 * @throws TransferError `usage`
 */
export function checkServiceOptions({ service }: TargetOptions, url: TargetUrl): void {
  refuseUnused(service.typed, url);
  if (TARGETS[url.scheme].object !== null) parseRequestHeaders(service.object.requestHeaders);
}

/** Finds region and endpoint of a target, before files are looked at. @throws TransferError `usage` */
export async function resolveTarget(
  io: ServiceIo,
  options: TargetOptions,
  url: TargetUrl,
): Promise<ResolvedTarget> {
  checkServiceOptions(options, url);
  const settings = targetSettings(io, options, url);
  try {
    return { settings, endpoint: await TARGETS[url.scheme].resolve(settings) };
  } catch (error) {
    throw withContext(error, { target: url.url });
  }
}

/** The mode in which a session is opened: `create` creates a missing vault where the target allows that. */
export interface SessionUse {
  readonly create: boolean;
  readonly reporter: Pick<Reporter, 'report'>;
}

/** A target that was found, with the retries and the number of lanes that the options name. */
export type ConnectedTarget = Pick<Session, 'target' | 'targetIdentity' | 'connection'>;

/**
 * Opens a target and finds out whose account it is. Its `close` ends the connections.
 * @throws TransferError `usage`, `refused`, `not-found` (vault), `unreachable`
 */
export async function connectTarget(
  io: ServiceIo,
  options: TargetOptions,
  resolved: ResolvedTarget,
  { create, reporter: { report } }: SessionUse,
): Promise<ConnectedTarget> {
  const { url } = resolved.settings.url;
  try {
    const { target, connection } = await openTarget(options, resolved, report);
    try {
      const targetIdentity = await target.locate(create, io.signal);
      if (targetIdentity.account === null && target.capabilities.reportsAccount) {
        report({ type: 'notice', notice: 'account-unknown' });
      }
      return { target, targetIdentity, connection };
    } catch (error) {
      await cleanUp(() => target.close());
      throw error;
    }
  } catch (error) {
    throw withContext(error, { target: url });
  }
}

/** Opens a target, and the state, the catalogue and the sources of this machine. @throws as connectTarget */
export async function openSession(
  io: ServiceIo,
  options: Options,
  resolved: ResolvedTarget,
  use: SessionUse,
): Promise<OpenedSession> {
  const folders = { state: openState(options), catalogue: openArchives(options) };
  const connected = await connectTarget(io, options, resolved, use);
  const { close: closeSources, ...sources } = openSources(options);
  const session: Session = {
    ...connected,
    ...folders,
    ...sources,
    report: use.reporter.report,
    clock: systemClock,
    signal: io.signal,
    ...options.transfer,
  };
  const close = (): Promise<void> => cleanUp(closeSources, () => connected.target.close());
  return { session, close };
}

/** Opens the target of a command that creates nothing on the service. */
export async function openTargetSession(
  {
    io,
    options,
    reporter,
  }: { readonly io: ServiceIo; readonly options: Options; readonly reporter: Pick<Reporter, 'report'> },
  url: TargetUrl,
): Promise<OpenedSession> {
  const resolved = await resolveTarget(io, options, url);
  return openSession(io, options, resolved, { create: false, reporter });
}

/**
 * Opens the target that a journal recorded, with the time-outs and retries of this run.
 * @throws TransferError `refused` (`endpoint-unconfirmed`): a recorded endpoint that is neither the service's own nor on
 * this machine must be named again now, because a state folder that somebody changed must not send credentials elsewhere;
 * `state` (damaged): a recorded value that could never have been given
 */
export async function openRecordedSession(
  io: ServiceIo,
  options: Options,
  upload: UnfinishedHead,
  reporter: Pick<Reporter, 'report'>,
): Promise<OpenedSession> {
  const resolved = await resolveRecorded(io, options, upload, 'resume the upload');
  return openSession(io, options, resolved, { create: false, reporter });
}

/** A target as a journal or a manifest recorded it. */
export interface RecordedTarget {
  readonly head: Pick<UnfinishedHead['head'], 'identity' | 'connection'>;
  /** The file that recorded it. */
  readonly journalPath: string;
}

/**
 * Returns a target that was recorded.
 * @param operation the run's purpose, for the refusal of an endpoint
 * @throws as openRecordedSession
 */
export async function resolveRecorded(
  io: ServiceIo,
  options: TargetOptions,
  recorded: RecordedTarget,
  operation: string,
): Promise<ResolvedTarget> {
  const { identity, connection } = recorded.head;
  const url = checkIdentity(recorded);
  const isLocal = url.scheme === 'local';
  const { endpoint } = identity.target;
  // The endpoint of the embedded emulator is its data folder.
  const settings = targetSettings(io, options, url, isLocal ? endpoint : null);
  if (!isLocal && endpoint !== null && !isLoopbackEndpoint(endpoint)) {
    await confirmEndpoint(settings, endpoint, operation);
  }
  const named: TargetSettings = {
    ...settings,
    profile: options.service.profile ?? connection.profile,
    isProfileNamed: settings.isProfileNamed || connection.profile !== null,
    accountId: connection.accountId,
    object: { ...settings.object, pathStyle: connection.pathStyle },
  };
  const known = isLocal ? LOCAL_ENDPOINT : { region: identity.target.region ?? '', endpoint };
  return { settings: named, endpoint: known };
}

/** Recorded values were checked before: a malformed one was changed since, and is no mistake of this command line. */
export function checkIdentity({ head, journalPath: path }: RecordedTarget): TargetUrl {
  const { url, region, endpoint } = head.identity.target;
  try {
    checkRegion(region ?? '', endpoint);
    return parseTargetUrl(url);
  } catch (error) {
    if (!isFailure(error, 'usage')) throw error;
    const detail = `${error.facts.what}: ${error.facts.why}`;
    throw new TransferError('state', { path, why: 'damaged', detail }, { cause: error });
  }
}

async function confirmEndpoint(settings: TargetSettings, recorded: string, operation: string): Promise<void> {
  const { resolve } = TARGETS[settings.url.scheme];
  const { endpoint } = await resolve({ ...settings, region: settings.region ?? 'any' });
  if (endpoint === recorded) return;
  throw new TransferError('refused', {
    why: 'endpoint-unconfirmed',
    operation,
    detail: recorded,
  });
}

function targetSettings(
  io: ServiceIo,
  options: TargetOptions,
  url: TargetUrl,
  recordedDir: string | null = null,
): TargetSettings {
  const { retry: _, typed: __, localDir: folder, ...service } = options.service;
  const localDir = url.scheme === 'local' ? (recordedDir ?? folder.path()) : '';
  const { concurrency } = options.transfer;
  const threads = options.transfer.threads ?? availableParallelism();
  return { ...service, localDir, url, concurrency, threads, env: io.env };
}
