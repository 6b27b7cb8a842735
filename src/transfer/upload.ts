/** `upload`: one file becomes one archive, whatever happened before. */

import { describeFile } from '../core/description.js';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { compareFingerprints, type Sameness } from '../core/fingerprint.js';
import { formatSize, formatSizeOption } from '../core/units.js';
import { abortUpload } from './abort.js';
import { forgetUpload, mayBeArchived, settleUpload } from './complete-upload.js';
import { planSource } from './parts/plan.js';
import { rereadRecorded } from './parts/send.js';
import type {
  CatalogueEntry,
  Lock,
  ObjectOptions,
  Source,
  UnfinishedUpload,
  UploadIdentity,
} from './ports.js';
import { type From, runUpload } from './run-upload.js';
import {
  type ArchiveResult,
  abortLine,
  lockOptions,
  type Session,
  settledResult,
  skippedResult,
} from './session.js';

export interface UploadOptions {
  readonly file: string;
  /** `auto`, or a size that the user named; null: whatever an unfinished upload has, else auto. */
  readonly partSizeBytes: number | 'auto' | null;
  /** Checked by core/description; null: the file's name. */
  readonly description: string | null;
  /** A new upload, whatever is unfinished or catalogued. */
  readonly fresh: boolean;
  /** Of targets that make objects. */
  readonly object?: ObjectOptions;
}

/**
 * Uploads a file, or goes on with its unfinished upload, or finds that it is archived already.
 * @throws TransferError of any kind, with file and target filled in
 */
export async function uploadFile(session: Session, options: UploadOptions): Promise<ArchiveResult> {
  let source: Source | null = null;
  try {
    source = await session.openSource(options.file);
    planSource(source, options, session.target.limits);
    return await uploadSource(session, options, source);
  } catch (error) {
    throw withContext(error, { file: source?.path ?? options.file, target: session.place.url });
  } finally {
    await source?.close();
  }
}

async function uploadSource(
  session: Session,
  options: UploadOptions,
  source: Source,
): Promise<ArchiveResult> {
  const startedMs = session.clock.nowMs();
  const identity: UploadIdentity = { file: source.path, place: session.place };
  const lock = await session.state.lockIdentity(identity, lockOptions(session));
  try {
    const unfinished = await session.state.findByIdentity(identity);
    for (const upload of unfinished) noticeDamage(session, upload);
    if (options.fresh) return await begin(session, options, source, { lock, left: unfinished, startedMs });

    const { open, settled } = await settleAll(session, unfinished, lock);
    const archived = await findConfirmed(session, source, identity);
    const mine = settled.find((entry) => entry.archiveId === archived?.archiveId);
    if (mine !== undefined) return settledResult(session, mine, startedMs);
    const current = await findSame(session, source, open);
    if (archived !== null && (current === null || current.head.startedAt < archived.archivedAt)) {
      const { archiveId, archivedAt } = archived;
      session.report({ type: 'notice', notice: 'already-archived', archiveId, archivedAt });
      for (const upload of open) noticeLeft(session, upload);
      return skippedResult(session, archived, startedMs);
    }
    if (current !== null) {
      checkAgreement(options, current);
      const known = { lock, left: open.filter((upload) => upload !== current), startedMs };
      return await carry(session, source, { upload: current, whenAborted: 'begin-anew' }, known);
    }
    for (const upload of open) noticeOlderVersion(session, upload);
    const left = session.target.capabilities.billsParts ? open : [];
    return await begin(session, options, source, { lock, left, startedMs });
  } finally {
    await lock.release();
  }
}

interface Known {
  readonly lock: Lock;
  /** Unfinished uploads of this file that this run leaves alone: named when it is done. */
  readonly left: readonly UnfinishedUpload[];
  readonly startedMs: number;
}

async function begin(
  session: Session,
  options: UploadOptions,
  source: Source,
  known: Known,
): Promise<ArchiveResult> {
  const plan = planSource(source, options, session.target.limits);
  const description = options.description ?? describeFile(source.baseName, source.mtimeMs);
  const request =
    options.object === undefined ? { plan, description } : { plan, description, object: options.object };
  return carry(session, source, { begin: request }, known);
}

async function carry(session: Session, source: Source, from: From, known: Known): Promise<ArchiveResult> {
  const { lock: identityLock, startedMs } = known;
  const result = await runUpload(session, { source, identityLock, startedMs, from });
  for (const upload of known.left) {
    if (session.target.capabilities.billsParts) await dropSuperseded(session, upload);
    else noticeLeft(session, upload);
  }
  return result;
}

/** Our own upload that the new object made needless: what was sent of it would be billed for ever. */
async function dropSuperseded(session: Session, upload: UnfinishedUpload): Promise<void> {
  const { uploadId, startedAt } = upload.head;
  try {
    await abortUpload(session, uploadId, { listed: true, forget: false });
    session.report({ type: 'notice', notice: 'superseded-aborted', uploadId, startedAt });
  } catch (error) {
    if (!(error instanceof TransferError) || isFailure(error, 'stopped')) throw error;
    // The object is made, which is what was asked for.
    noticeLeft(session, upload);
  }
}

/** Of an object the service is asked whether it is still there: somebody may have deleted or replaced it. */
async function findConfirmed(
  session: Session,
  source: Source,
  identity: UploadIdentity,
): Promise<CatalogueEntry | null> {
  const archived = await findArchived(session, source, identity);
  if (archived === null || (await session.target.exists(archived, session.signal))) return archived;
  const { archiveId, archivedAt } = archived;
  session.report({ type: 'notice', notice: 'archive-gone', archiveId, archivedAt });
  return null;
}

/** Repeats complete for every upload whose archive may exist. */
async function settleAll(
  session: Session,
  unfinished: readonly UnfinishedUpload[],
  identityLock: Lock,
): Promise<{ open: UnfinishedUpload[]; settled: CatalogueEntry[] }> {
  const open: UnfinishedUpload[] = [];
  const settled: CatalogueEntry[] = [];
  for (const upload of unfinished) {
    if (!(await mayBeArchived(session, upload))) {
      open.push(upload);
      continue;
    }
    try {
      const entry = await settleUpload(session, upload, identityLock);
      if (entry === null) open.push({ ...upload, completing: null });
      else settled.push(entry);
    } catch (error) {
      if (!isFailure(error, 'gone') || !(await wasSentAgain(session, upload))) throw error;
      await forgetUpload(session, upload);
    }
  }
  return { open, settled };
}

/** Whether --fresh has made an archive of the file since: then what became of the older upload stops nothing. */
async function wasSentAgain(session: Session, upload: UnfinishedUpload): Promise<boolean> {
  const [newest] = await session.catalogue.findByIdentity(upload.head.identity);
  return newest !== undefined && newest.archivedAt > upload.lastActivityAt;
}

/** The newest archive of this very file at this place: by what the file system says, or by its bytes. */
async function findArchived(
  session: Session,
  source: Source,
  identity: UploadIdentity,
): Promise<CatalogueEntry | null> {
  for (const entry of await session.catalogue.findByIdentity(identity)) {
    const sameness = compareFingerprints(entry.fingerprint, source.fingerprint);
    if (sameness === 'same') return entry;
    if (sameness === 'touched' && (await hasTreeHash(session, source, entry))) {
      const refreshed = { ...entry, fingerprint: source.fingerprint };
      await session.catalogue.record(refreshed);
      return refreshed;
    }
  }
  return null;
}

async function hasTreeHash(session: Session, source: Source, entry: CatalogueEntry): Promise<boolean> {
  session.report({ type: 'notice', notice: 'comparing-again', parts: entry.plan.partCount });
  return (await source.treeHash(session.signal)) === entry.treeHash;
}

/** The newest unfinished upload of this very file. */
async function findSame(
  session: Session,
  source: Source,
  open: readonly UnfinishedUpload[],
): Promise<UnfinishedUpload | null> {
  for (const upload of open) {
    if ((await compareWithUpload(session, source, upload)) !== 'changed') return upload;
  }
  return null;
}

/**
 * Whether the file is what the upload began with. A touched one is read again where parts are recorded; when its
 * bytes agree, that is recorded, so that the next run need not read them.
 */
export async function compareWithUpload(
  session: Session,
  source: Source,
  upload: UnfinishedUpload,
): Promise<Sameness> {
  const sameness = compareFingerprints(upload.fingerprint, source.fingerprint);
  if (sameness !== 'touched') return sameness;
  const journal = await session.state.reopen(upload);
  try {
    if (!(await rereadRecorded(session, source, journal, upload.parts))) return 'changed';
    await journal.recordFingerprint(source.fingerprint);
    return 'touched';
  } finally {
    await journal.close();
  }
}

function checkAgreement(options: UploadOptions, upload: UnfinishedUpload): void {
  const { plan, description } = upload.head;
  const refuse = (what: string, has: string): never => {
    throw new TransferError('usage', {
      what,
      why: `this file's unfinished upload has ${has}, which cannot be changed after the upload was created`,
      hint: 'omit the option to resume that upload, or create a new one with --fresh',
    });
  };
  if (typeof options.partSizeBytes === 'number' && options.partSizeBytes !== plan.partSizeBytes) {
    refuse(
      `--part-size ${formatSizeOption(options.partSizeBytes)}`,
      `parts of ${formatSize(plan.partSizeBytes)}`,
    );
  }
  if (options.description !== null && options.description !== description) {
    refuse('--description', `the description ${JSON.stringify(description)}`);
  }
  checkObject(options, upload);
}

/** @throws TransferError `usage` for a options that is not the one which the object's upload was begun with */
function checkObject(options: UploadOptions, { head }: UnfinishedUpload): void {
  const refuse = (what: string, has: string): never => {
    throw new TransferError('usage', {
      what,
      why: `this file's unfinished upload ${has}, which cannot be changed after the upload was created`,
      hint: 'omit the option to resume that upload, or create a new one with --fresh',
    });
  };
  const wanted = options.object?.storageClass ?? null;
  const has = head.object?.storageClass ?? null;
  if (wanted !== null && wanted !== has) {
    refuse(`--storage-class ${wanted}`, has === null ? "has the bucket's class" : `has the class ${has}`);
  }
  if (options.object?.noOverwrite === true && head.object?.noOverwrite !== true) {
    refuse('--no-overwrite', 'was created to replace an existing object');
  }
}

function noticeDamage(session: Session, upload: UnfinishedUpload): void {
  if (upload.damagedLines === 0) return;
  const { journalPath: path, damagedLines: lines } = upload;
  session.report({ type: 'notice', notice: 'journal-damaged', path, lines });
}

function noticeLeft(session: Session, upload: UnfinishedUpload): void {
  const { uploadId, startedAt } = upload.head;
  session.report({
    type: 'notice',
    notice: 'left-unfinished',
    uploadId,
    startedAt,
    abort: abortLine(upload.head),
  });
}

function noticeOlderVersion(session: Session, upload: UnfinishedUpload): void {
  const { uploadId, startedAt } = upload.head;
  const abort = abortLine(upload.head);
  session.report({ type: 'notice', notice: 'older-version-unfinished', uploadId, startedAt, abort });
}
