/** `check`: finds out before a night run what would stop it. Each check says what it found, and none stops the others. */
import { isDenied, isFailure, TransferError, withContext } from '../core/failures.js';
import type { TargetConnection, TargetIdentity } from '../core/identity.js';
import { namesMany, parseTargetUrl } from '../core/target-url.js';
import { GIB_BYTES } from '../core/units.js';
import {
  CHECKS,
  type CheckFacts,
  type CheckName,
  type CheckResult,
  type CheckWhy,
  NO_FACTS,
} from './check-results.js';
import type { Clock } from './ports/clock.js';
import type { SpoolSpace } from './ports/source.js';
import type { Target } from './ports/target.js';

export interface CheckTools {
  readonly url: string;
  /** Opens the target without a request. */
  openTarget(): Promise<{ readonly target: Target; readonly connection: TargetConnection }>;
  /** Prove that calve can write to its folders. @returns the folder */
  proveState(): Promise<string>;
  proveCatalogue(): Promise<string>;
  measureSpool(): Promise<SpoolSpace>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Parts in flight, from which the room for a stream follows. */
  readonly concurrency: number;
  /** True to create and abort an upload. */
  readonly write: boolean;
}

type Outcome = Pick<CheckResult, 'status' | 'why'> & Partial<CheckFacts>;

/** Yields the result of each check as soon as it is known. Only a signal ends it early. */
export async function* checkTarget(tools: CheckTools): AsyncGenerator<CheckResult> {
  const run = (check: CheckName, work: () => Promise<Outcome>) => runCheck(tools, check, work);
  yield* checkService(tools, run);
  yield await run('state', async () => ok('writable', { path: await tools.proveState() }));
  yield await run('catalogue', async () => ok('writable', { path: await tools.proveCatalogue() }));
  yield await run('spool', async () => spoolOutcome(await tools.measureSpool(), tools.concurrency));
}

type RunCheck = (check: CheckName, work: () => Promise<Outcome>) => Promise<CheckResult>;

function ok(why: CheckWhy, facts: Partial<CheckFacts> = {}): Outcome {
  return { status: 'ok', why, ...facts };
}

async function runCheck(
  { url, signal }: CheckTools,
  check: CheckName,
  work: () => Promise<Outcome>,
): Promise<CheckResult> {
  try {
    return { check, ...NO_FACTS, failure: null, ...(await work()) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TransferError)) throw error;
    const isService = SERVICE_CHECKS.has(check);
    const failure = isService ? (withContext(error, { target: url }) as TransferError) : error;
    return { check, ...NO_FACTS, status: 'failed', why: 'failure', failure };
  }
}

const SERVICE_CHECKS: ReadonlySet<CheckName> = new Set(CHECKS.slice(0, CHECKS.indexOf('state')));

async function* checkService(tools: CheckTools, run: RunCheck): AsyncGenerator<CheckResult> {
  let opened: Awaited<ReturnType<CheckTools['openTarget']>> | null = null;
  const skip = (check: CheckName) => run(check, async () => ({ status: 'skipped', why: 'needs-earlier' }));
  try {
    const credentials = await run('credentials', async () => {
      opened = await tools.openTarget();
      return ok('found', await opened.target.findCredentials(tools.signal));
    });
    yield credentials;
    if (opened === null || credentials.status === 'failed') {
      for (const check of ['container', 'clock', 'list-uploads', 'list-parts', 'write'] as const)
        yield await skip(check);
      return;
    }
    yield* checkOpened(tools, opened, run, skip);
  } finally {
    await (opened as { readonly target: Target } | null)?.target.close();
  }
}

async function* checkOpened(
  tools: CheckTools,
  opened: { readonly target: Target; readonly connection: TargetConnection },
  run: RunCheck,
  skip: (check: CheckName) => Promise<CheckResult>,
): AsyncGenerator<CheckResult> {
  const { target } = opened;
  const { signal, write } = tools;
  const container = await run('container', () => findContainer(tools, target));
  yield container;
  // A service that gave no answer gives no date either.
  yield isUnanswered(container)
    ? await skip('clock')
    : await run('clock', () => compareClocks(tools, target));
  const isThere = container.status !== 'failed' && container.why !== 'created-later';
  const object = target.at(keyToTry(tools.url));
  yield isThere
    ? await run('list-uploads', () =>
        tryRight(() => target.listUploadsPage({ limit: 1, marker: null }, signal)),
      )
    : await skip('list-uploads');
  yield isThere
    ? await run('list-parts', () =>
        tryRight(() => object.listPartsPage(NO_UPLOAD, { limit: 1, marker: null }, signal)),
      )
    : await skip('list-parts');
  if (!write) yield await run('write', async () => ({ status: 'skipped', why: 'not-asked' }));
  else if (container.status === 'failed') yield await skip('write');
  else yield await run('write', () => createAndAbort(tools, { ...opened, target: object }));
}

function isUnanswered({ failure }: CheckResult): boolean {
  return isFailure(failure, 'unreachable') && failure.service === null;
}

/** An upload id of the form that vaults have. No service has such an upload. */
const NO_UPLOAD = 'calve-check-'.padEnd(92, '0');

/** Returns the key at which the rights of a bucket are tried; null for a vault. */
function keyToTry(url: string): string | null {
  const target = parseTargetUrl(url);
  if (target.scheme === 'glacier' || target.scheme === 'local') return null;
  return namesMany(target) ? `${target.key}calve-check` : target.key;
}

async function findContainer({ url, signal, write }: CheckTools, target: Target): Promise<Outcome> {
  const isLocal = parseTargetUrl(url).scheme === 'local';
  try {
    const { account } = await target.locate(write, signal);
    const isUnknown = account === null && target.capabilities.reportsAccount;
    return isUnknown ? { status: 'warning', why: 'account-unknown' } : ok('found', { account });
  } catch (error) {
    if (isLocal && isFailure(error, 'not-found')) return ok('created-later');
    throw error;
  }
}

/** A `Date` has whole seconds, of which the target gives the end. */
const HALF_SECOND_MS = 500;
/** Clocks that are set by the network differ by less. */
const OFFSET_MAX_MS = 60_000;

async function compareClocks({ clock, signal }: CheckTools, target: Target): Promise<Outcome> {
  const beforeMs = clock.nowMs();
  const serviceMs = await target.serviceTimeMs(signal);
  const middleMs = (beforeMs + clock.nowMs()) / 2;
  if (serviceMs === null) return { status: 'warning', why: 'clock-unknown' };
  const clockOffsetMs = Math.round(serviceMs - HALF_SECOND_MS - middleMs);
  const isRight = Math.abs(clockOffsetMs) <= OFFSET_MAX_MS;
  return isRight
    ? ok('clock-right', { clockOffsetMs })
    : { status: 'warning', why: 'clock-differs', clockOffsetMs };
}

/**
 * Tries a request that only reads. A service that answers that there is no such upload would have let it read one. calve
 * can work without these rights, so that a refusal is no failure.
 */
async function tryRight(request: () => Promise<unknown>): Promise<Outcome> {
  try {
    await request();
    return ok('allowed');
  } catch (error) {
    if (isFailure(error, 'not-found') && error.facts.what === 'upload') return ok('allowed');
    if (isDenied(error)) return { status: 'warning', why: 'denied' };
    // Some stores refuse an upload id that they did not make.
    if (isFailure(error, 'refused') && error.facts.why === 'rejected')
      return { status: 'warning', why: 'unclear' };
    throw error;
  }
}

async function createAndAbort(
  { signal }: CheckTools,
  { target, connection }: { readonly target: Target; readonly connection: TargetConnection },
): Promise<Outcome> {
  const { storesObjects, limits } = target.capabilities;
  const identity: TargetIdentity = await target.locate(false, signal);
  const { uploadId } = await target.createUpload(
    {
      plan: { partSizeBytes: limits.partSizeMinBytes },
      description: 'calve check',
      ...(storesObjects && { object: { storageClass: null, noOverwrite: false } }),
    },
    signal,
  );
  try {
    await target.abort(uploadId, signal);
  } catch (error) {
    throw withContext(error, { orphan: { uploadId, target: identity, connection } });
  }
  return ok('created-and-aborted');
}

/** The parts of a stream that wait besides those in flight. */
const WAITING_PARTS = 2;

/** The largest part that any target takes. */
const PART_SIZE_MAX_BYTES = 4 * GIB_BYTES;

function spoolOutcome(space: SpoolSpace, concurrency: number): Outcome {
  const { path, freeBytes, inMemoryPartMaxBytes } = space;
  const roomBytes = freeBytes / (concurrency + WAITING_PARTS);
  const largest = 2 ** Math.floor(Math.log2(Math.max(1, roomBytes)));
  const partSizeBytes = Math.min(largest, PART_SIZE_MAX_BYTES);
  const facts = { path, freeBytes };
  return partSizeBytes > inMemoryPartMaxBytes
    ? ok('enough-space', { ...facts, partSizeBytes })
    : { status: 'warning', why: 'little-space', ...facts, partSizeBytes: inMemoryPartMaxBytes };
}
