/**
 * `fleet create`: creates the upload and writes the manifest. A lock beside the manifest keeps two runs apart, and the
 * manifest itself is never replaced. An intent on disk shows that an earlier run was killed in between.
 */
import { describeFile } from '../../core/description.js';
import { isDenied, TransferError, withContext } from '../../core/failures.js';
import { compareFingerprints } from '../../core/fingerprint.js';
import type { Division } from '../../core/fleet.js';
import { isSameTarget } from '../../core/identity.js';
import type { PartPlan } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import { createOnService } from '../create-upload.js';
import { listAllParts, listAllUploads } from '../list.js';
import { planFile } from '../parts/plan.js';
import { assertUnchanged, wholeTreeHash } from '../parts/reread.js';
import { isoNow } from '../ports/clock.js';
import type { FleetManifest, ManifestPlace } from '../ports/fleet.js';
import type { Source } from '../ports/source.js';
import type { Lock } from '../ports/state.js';
import type { ObjectOptions, OpenUpload } from '../ports/target.js';
import { lockOptions, type Session } from '../session.js';
import { addressOfFleet } from './manifest-facts.js';

export type CreateSession = Pick<
  Session,
  | 'target'
  | 'targetIdentity'
  | 'connection'
  | 'openSource'
  | 'report'
  | 'clock'
  | 'signal'
  | 'concurrency'
  | 'lockWaitMs'
>;

export interface CreateFleetOptions extends Division {
  readonly file: string;
  readonly partSizeBytes: number | 'auto' | null;
  /** Null: the file's name. */
  readonly description: string | null;
  /** True reads the file, so that finish can compare the whole. */
  readonly hash: boolean;
  /** Set where the target stores objects. */
  readonly object?: ObjectOptions;
}

export interface CreatedFleet {
  readonly manifest: FleetManifest;
  /** False if the manifest existed already, and describes this very upload. */
  readonly isNew: boolean;
}

/**
 * @throws TransferError `usage` if the manifest is one of another upload; `fleet-differs` (`earlier`) if the file has changed
 * since; `busy` if another run creates it
 */
export async function createFleet(
  session: CreateSession,
  place: ManifestPlace,
  options: CreateFleetOptions,
): Promise<CreatedFleet> {
  let source: Source | null = null;
  try {
    source = await session.openSource(options.file);
    const known = await place.read();
    if (known !== null) return sameFleet(session, place, { source, options, known });
    const plan = planFor(session, source, options);
    await place.proveWritable();
    const treeHash = options.hash ? await wholeTreeHash(source, session) : null;
    return await createLocked(session, place, { source, options, plan, treeHash });
  } catch (error) {
    const file = source?.path ?? options.file;
    throw withContext(error, { file, target: session.targetIdentity.url });
  } finally {
    await source?.close();
  }
}

function planFor({ target }: CreateSession, source: Source, { partSizeBytes }: CreateFleetOptions): PartPlan {
  const { path, fingerprint } = source;
  return planFile({ path, sizeBytes: fingerprint.sizeBytes }, partSizeBytes, target.capabilities.limits);
}

interface Asked {
  readonly source: Source;
  readonly options: CreateFleetOptions;
}

/** Returns the fleet of a manifest that exists. @throws TransferError `usage`, `fleet-differs` (`earlier`) */
function sameFleet(
  { targetIdentity, report }: CreateSession,
  place: ManifestPlace,
  { source, options, known }: Asked & { readonly known: FleetManifest },
): CreatedFleet {
  const refuse = (why: string): never => {
    throw new TransferError('usage', {
      what: `--manifest ${place.path}`,
      why: `it exists already, and ${why}`,
      hint: 'name another manifest: each upload has its own; or abort that fleet with calve fleet abort, which removes its manifest',
    });
  };
  const { target, path, fingerprint, plan, shards, interleave, uploadId, createdAt } = known;
  if (!isSameTarget(target, targetIdentity)) refuse(`its upload goes to ${target.url}`);
  if (path !== source.path) refuse(`it is of another file, ${path}`);
  if (shards !== options.shards || interleave !== options.interleave) {
    refuse(`it has ${shards} shares${interleave ? ', dealt out in turn' : ''}`);
  }
  const { partSizeBytes } = options;
  if (typeof partSizeBytes === 'number' && partSizeBytes !== plan.partSizeBytes) {
    refuse(`its parts have ${plan.partSizeBytes} bytes`);
  }
  if (compareFingerprints(fingerprint, source.fingerprint) === 'changed') {
    const fleet = { manifest: place.path, receipts: [], endpoint: null };
    const facts = {
      fleet,
      path: source.path,
      why: 'earlier',
      index: null,
      shard: null,
      detail: null,
    } as const;
    throw new TransferError('fleet-differs', facts);
  }
  report({ type: 'notice', notice: 'fleet-created-already', uploadId, createdAt });
  return { manifest: known, isNew: false };
}

interface NewFleet extends Asked {
  readonly plan: PartPlan;
  readonly treeHash: TreeHash | null;
}

async function createLocked(
  session: CreateSession,
  place: ManifestPlace,
  fleet: NewFleet,
): Promise<CreatedFleet> {
  const { source, options } = fleet;
  const lock = await place.lock(lockOptions(session));
  try {
    const known = await place.read();
    if (known !== null) return sameFleet(session, place, { source, options, known });
    const since = await place.readIntent();
    if (since !== null) await reportOrphans(session, fleet, since);
    await assertUnchanged(source);
    await place.writeIntent(since ?? isoNow(session.clock));
    const manifest = await createUpload(session, place, fleet, lock);
    await place.removeIntent();
    return { manifest, isNew: true };
  } finally {
    await lock.release();
  }
}

/** Creates the upload. If its manifest cannot be written, the upload is aborted: nothing would name it. */
async function createUpload(
  session: CreateSession,
  place: ManifestPlace,
  { source, options, plan, treeHash }: NewFleet,
  lock: Lock,
): Promise<FleetManifest> {
  const { targetIdentity: target, connection, clock } = session;
  const { shards, interleave, object } = options;
  const description = descriptionOf(source, options);
  const created = await createOnService(session, {
    plan,
    description,
    ...(object !== undefined && { object }),
  });
  const { accountId, pathStyle } = connection;
  const manifest: FleetManifest = {
    uploadId: created.uploadId,
    target,
    connection: { accountId, pathStyle },
    path: source.path,
    fingerprint: source.fingerprint,
    plan,
    shards,
    interleave,
    description,
    treeHash,
    createdAt: isoNow(clock),
    ...(created.object !== undefined && { object: created.object }),
  };
  try {
    await lock.assertHeld();
    if (await place.write(manifest)) return manifest;
    throw new TransferError('busy', {
      what: place.path,
      holder: 'it has just written the manifest',
      sinceMs: null,
    });
  } catch (error) {
    const isLeft = await session.target.abort(created.uploadId, AbortSignal.timeout(ABORT_WITHIN_MS)).then(
      () => false,
      () => true,
    );
    if (!isLeft) await place.removeIntent().catch(() => undefined);
    throw withContext(error, isLeft ? { orphan: addressOfFleet(manifest) } : {});
  }
}

/** Time limit for aborting an upload that no manifest names. */
const ABORT_WITHIN_MS = 10_000;

function descriptionOf({ baseName, mtimeMs }: Source, { description }: CreateFleetOptions): string {
  return description ?? describeFile(baseName, mtimeMs);
}

/** The clocks of this machine and of the service may differ. */
const CLOCK_TOLERANCE_MS = 15 * 60_000;
/** More uploads that look alike say nothing. */
const ORPHANS_MAX = 5;

/**
 * Reports the empty uploads that an earlier run may have left, which was killed before it wrote the manifest. None is
 * touched: an upload that only looks like ours may be another program's.
 * @param since when the earlier run began
 */
async function reportOrphans(session: CreateSession, fleet: NewFleet, since: string): Promise<void> {
  const { target, signal, connection, targetIdentity, report } = session;
  let found = 0;
  try {
    for await (const open of listAllUploads(target, signal)) {
      if (!looksLike(open, session, fleet, since)) continue;
      const { parts } = await listAllParts(target, open.uploadId, signal);
      if (parts.length > 0) continue;
      const { uploadId } = open;
      const address = { uploadId, target: targetIdentity, connection };
      report({ type: 'notice', notice: 'fleet-orphan', uploadId, address });
      found += 1;
      if (found >= ORPHANS_MAX) break;
    }
  } catch (error) {
    // Credentials that may not list cannot find out.
    if (!isDenied(error)) throw error;
  }
}

function looksLike(
  { key, description, partSizeBytes, createdAt }: OpenUpload,
  { target }: CreateSession,
  { source, options, plan }: NewFleet,
  since: string,
): boolean {
  const isYoung = Date.parse(createdAt) >= Date.parse(since) - CLOCK_TOLERANCE_MS;
  if (target.capabilities.storesObjects) return isYoung && key !== null;
  const isSame = description === descriptionOf(source, options) && partSizeBytes === plan.partSizeBytes;
  return isYoung && isSame;
}
