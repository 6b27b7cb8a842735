/** The composition root: options in, ports out. The only room that knows every adapter. */
import { checkRegion, isLoopbackEndpoint } from '../core/endpoint.js';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { parseTargetUrl, type TargetUrl } from '../core/target-url.js';
import type { SourceOpener } from '../source/source-opener.js';
import { openCatalogue } from '../state/catalogue.js';
import { openStateStore } from '../state/state-store.js';
import { TARGETS } from '../targets/registry.js';
import type { OpenedTarget, TargetSettings } from '../targets/settings.js';
import { withAdaptiveConcurrency } from '../transfer/decorators/adaptive-concurrency.js';
import { withRetry } from '../transfer/decorators/retry.js';
import type { Catalogue, StateStore, UnfinishedUpload } from '../transfer/ports.js';
import type { Session } from '../transfer/session.js';
import { chooseProgressMode } from '../ui/progress/progress-mode.js';
import { createReporter } from '../ui/progress/reporter.js';
import type { Reporter } from '../ui/progress/reporter-parts.js';
import { systemClock } from './clock.js';
import type { Io } from './io.js';
import type { OutputOptions } from './options/output.js';
import type { SessionOptions as Options } from './options/session.js';

/** A session and what must be ended with it. */
export interface OpenedSession {
  readonly session: Session;
  close(): Promise<void>;
}

export async function openReporter(io: Io, output: OutputOptions): Promise<Reporter> {
  const mode = chooseProgressMode({
    flag: output.progress,
    isTerminal: io.stderr.isTTY === true,
    ci: isSet(io.env['CI']),
    term: io.env['TERM'],
    columns: io.stderr.columns,
  });
  return createReporter({
    mode,
    stderr: io.stderr,
    quiet: output.quiet,
    nowMs: systemClock.nowMs,
    color: io.stderr.isTTY === true && !isSet(io.env['NO_COLOR']),
    unicode: showsUnicode(io),
    debug: output.debug,
  });
}

/** Whether the locale's characters go beyond ASCII. Source: POSIX, "Internationalization variables". */
export function showsUnicode({ env }: Io): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

/** Whether a variable such as CI or NO_COLOR says yes. */
export function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}

/**
 * Files and streams to read. Nothing is loaded for it before the first is opened: a list needs no hashing threads.
 * @param md5 whether each part's MD5 is wanted
 */
export function openSources(
  options: Pick<Options, 'transfer'>,
  md5 = false,
): Pick<Session, 'openSource' | 'openStream'> & { close(): Promise<void> } {
  const { concurrency, limitRate } = options.transfer;
  let opener: Promise<SourceOpener> | null = null;
  const load = async (): Promise<SourceOpener> => {
    const { sourceOpener } = await import('../source/source-opener.js');
    const whole = sourceOpener({ concurrency, md5 });
    return limitRate === null ? whole : (await limiter()).limitedOpener(whole, limitRate, systemClock);
  };
  return {
    openSource: async (path) => {
      opener ??= load();
      return (await opener).open(path);
    },
    openStream: async (...wish) => {
      opener ??= load();
      return (await opener).openStream(...wish);
    },
    close: async () => (await opener)?.close(),
  };
}

const limiter = () => import('../source/rate-limit.js');

export function openState(options: Pick<Options, 'state'>): StateStore {
  return openStateStore(options.state.path());
}

export function openArchives(options: Pick<Options, 'catalogue'>): Catalogue {
  return openCatalogue(options.catalogue.path());
}

/** Refuses what is wrong with a target before files are looked at. @throws TransferError `usage` */
export async function checkTarget(io: Io, options: Options, url: TargetUrl): Promise<void> {
  await TARGETS[url.scheme].check(targetSettings(io, options, url));
}

/**
 * Opens a target and finds out what account it is. @param create makes the vault where the target may
 * @throws TransferError `usage`, `refused`, `not-found` (vault), `unreachable`
 */
export async function openSession(
  io: Io,
  options: Options,
  use: { readonly url: TargetUrl; readonly create: boolean; readonly reporter: Reporter },
): Promise<OpenedSession> {
  const { scheme, url: target } = use.url;
  const opening = TARGETS[scheme].open(targetSettings(io, options, use.url));
  const opened = await opening.catch((error: unknown) => {
    throw withContext(error, { target });
  });
  return startSession(io, options, opened, use);
}

async function startSession(
  io: Io,
  options: Options,
  opened: OpenedTarget,
  use: { readonly create: boolean; readonly reporter: Reporter },
): Promise<OpenedSession> {
  const { scheme } = parseTargetUrl(opened.recipe.url);
  const { report } = use.reporter;
  const { concurrency } = options.transfer;
  const paced = withAdaptiveConcurrency(opened.target, { concurrency, clock: systemClock, report });
  const target = withRetry(paced, { policy: options.service.retry, clock: systemClock, report });
  const sources = openSources(options, TARGETS[scheme].object?.sendsMd5 === true);
  const close = async (): Promise<void> => {
    await sources.close();
    await target.close();
  };
  try {
    const place = await target.locate(use.create, io.signal);
    if (place.account === null && target.capabilities.tellsAccount)
      report({ type: 'notice', notice: 'account-unknown' });
    const session: Session = {
      target,
      place,
      recipe: opened.recipe,
      state: openState(options),
      catalogue: openArchives(options),
      openSource: sources.openSource,
      openStream: sources.openStream,
      report,
      clock: systemClock,
      signal: io.signal,
      ...options.transfer,
    };
    return { session, close };
  } catch (error) {
    await close();
    throw withContext(error, { target: opened.recipe.url });
  }
}

/**
 * Opens the target that a journal recorded, with the timeouts and retries of this run.
 * @throws TransferError `refused` (`endpoint-unconfirmed`): a recorded endpoint that is neither the service's own nor
 * on this machine must be named again now, because a state folder that somebody changed must not lead credentials
 * elsewhere; `state` (damaged): a recorded value that could never have been given
 */
export async function openRecordedSession(
  io: Io,
  options: Options,
  upload: UnfinishedUpload,
  reporter: Reporter,
): Promise<OpenedSession> {
  const { recipe } = upload.head;
  const url = checkConnection(upload);
  const settings = targetSettings(io, options, url);
  if (recipe.endpoint !== null && !isLoopbackEndpoint(recipe.endpoint)) {
    await confirmEndpoint(settings, recipe.endpoint);
  }
  const opened = await TARGETS[url.scheme].open({
    ...settings,
    region: recipe.region,
    endpoint: recipe.endpoint,
    profile: options.service.profile ?? recipe.profile,
    isProfileNamed: settings.isProfileNamed || recipe.profile !== null,
    accountId: recipe.accountId,
    object: { ...settings.object, pathStyle: recipe.pathStyle ?? false },
    localDir: recipe.localDir ?? settings.localDir,
    // The recorded place is whole: a variable that is set today must not bend it.
    env: { ...settings.env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
  });
  return startSession(io, options, opened, { create: false, reporter });
}

/** What was recorded had been checked: what is malformed now was changed since, and is no mistake of this command line. */
function checkConnection({ head: { recipe }, journalPath: path }: UnfinishedUpload): TargetUrl {
  try {
    if (recipe.region !== null) checkRegion(recipe.region);
    return parseTargetUrl(recipe.url);
  } catch (error) {
    if (!isFailure(error, 'usage')) throw error;
    const detail = `${error.facts.what}: ${error.facts.why}`;
    throw new TransferError('state', { path, why: 'damaged', detail }, { cause: error });
  }
}

async function confirmEndpoint(settings: TargetSettings, recorded: string): Promise<void> {
  const { check } = TARGETS[settings.url.scheme];
  const { endpoint } = await check({ ...settings, region: settings.region ?? 'any' });
  if (endpoint === recorded) return;
  throw new TransferError('refused', {
    why: 'endpoint-unconfirmed',
    operation: 'resume the upload',
    detail: recorded,
  });
}

function targetSettings(io: Io, options: Options, url: TargetUrl): TargetSettings {
  const { retry: _, localDir: folder, ...service } = options.service;
  const localDir = url.scheme === 'local' ? folder.path() : '';
  return { ...service, localDir, url, concurrency: options.transfer.concurrency, env: io.env };
}
