/** The state folder: journals of unfinished uploads, and the locks on them. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { sourceName, UNNAMED_STREAM, type UploadIdentity } from '../core/identity.js';
import type {
  Journal,
  Lock,
  LockedUpload,
  LockHolder,
  LockOptions,
  StateStore,
  UnfinishedHead,
  UnfinishedUpload,
} from '../transfer/ports/state.js';
import { createJournal, openJournal } from './journal.js';
import { JOURNAL_EXTENSION, readHead, readJournal } from './journal-reader.js';
import { findHolder, takeLock } from './lock.js';
import {
  digits16,
  identityDigits,
  isRecordName,
  isSameIdentity,
  nameHasId,
  nameHasIdentity,
  recordName,
} from './names.js';
import { type Processes, systemProcesses } from './process-identity.js';
import { proveFolderWritable, temporarySweeper } from './safe-file.js';
import { listFolder, makeFolders, TRUST_USER, type Trust } from './safe-folder.js';
import { assertNoOtherVersion, type StateFolders, stateFolders } from './state-folders.js';

/** More than a journal's head; random, or a compressing disk would hold it for free. */
const PROOF_BYTES = 16 * 1024;

/**
 * Touches the disk on first use. Reading creates nothing and works on a read-only folder.
 * @param trust says who may own the folders
 * @param processes finds this process and the others that run; tests pass their own
 */
export function openStateStore(
  directory: string,
  trust: Trust = TRUST_USER,
  processes: Processes = systemProcesses,
): StateStore {
  const root = resolve(directory);
  const folders = stateFolders(root);
  const sweep = temporarySweeper(folders.uploadsPath);
  const locks = namedLocks(folders, trust, processes);

  const bootId = async (): Promise<string> => (await processes.self()).bootId;

  async function listJournals(isWanted: (name: string) => boolean): Promise<string[]> {
    const isJournal = (name: string): boolean => isWanted(name) && isRecordName(name, JOURNAL_EXTENSION);
    const names = await listFolder(folders.uploads, trust, isJournal);
    return names.map((name) => join(folders.uploadsPath, name));
  }

  const read = async (isWanted: (name: string) => boolean): Promise<UnfinishedUpload[]> =>
    readUploads(await listJournals(isWanted), await bootId(), trust);

  async function openJournalOf(uploadId: string): Promise<Journal | null> {
    const boot = await bootId();
    for (const path of await listJournals(nameHasId(uploadId, JOURNAL_EXTENSION))) {
      const journal = await openJournal(path, boot, trust);
      if (journal?.upload.head.uploadId === uploadId) return journal;
      await journal?.close();
    }
    await assertNoOtherVersion(root, trust);
    return null;
  }

  return {
    directory: root,
    proveWritable: () => proveWritable(root, folders, trust),
    lockIdentity: (identity, options) =>
      locks.take(keyOfIdentity(identity), sourceName(identity.source), options),
    async openUpload(uploadId, options) {
      const lock = await locks.take(keyOfUpload(uploadId), uploadId, options);
      try {
        return lockedUpload(lock, await openJournalOf(uploadId));
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
    findHolder: (...names) => locks.findHolder(...names),
    async findByIdentity(identity) {
      await assertNoOtherVersion(root, trust);
      const found = await read(nameHasIdentity(identity));
      return found.filter(({ head }) => isSameIdentity(head.identity, identity)).reverse();
    },
    async all() {
      await assertNoOtherVersion(root, trust);
      return read(() => true);
    },
    async heads() {
      await assertNoOtherVersion(root, trust);
      return readHeads(await listJournals(() => true), trust);
    },
    async readFree({ head: { identity, uploadId }, journalPath }, options) {
      await locks.awaitFree(keyOfIdentity(identity), sourceName(identity.source), options);
      await locks.awaitFree(keyOfUpload(uploadId), uploadId, options);
      return (await readJournal(journalPath, await bootId(), trust))?.upload ?? null;
    },
    async create(head) {
      await makeFolders(folders.uploads, trust);
      const name = recordName(head.identity, head.uploadId);
      await sweep();
      return createJournal(
        join(folders.uploadsPath, `${name}${JOURNAL_EXTENSION}`),
        head,
        await bootId(),
        trust,
      );
    },
  };
}

async function proveWritable(root: string, folders: StateFolders, trust: Trust): Promise<void> {
  await assertNoOtherVersion(root, trust);
  await makeFolders(folders.locks, trust);
  await makeFolders(folders.uploads, trust);
  await proveFolderWritable(folders.uploadsPath, randomBytes(PROOF_BYTES));
}

async function readUploads(
  paths: readonly string[],
  boot: string,
  trust: Trust,
): Promise<UnfinishedUpload[]> {
  const uploads: UnfinishedUpload[] = [];
  for (const path of paths) {
    const reading = await readJournal(path, boot, trust);
    if (reading !== null) uploads.push(reading.upload);
  }
  return uploads.sort(byStart);
}

async function readHeads(paths: readonly string[], trust: Trust): Promise<UnfinishedHead[]> {
  const heads: UnfinishedHead[] = [];
  for (const path of paths) {
    const found = await readHead(path, trust);
    if (found !== null) heads.push(found);
  }
  return heads.sort(byStart);
}

/** Takes the locks in a state folder. @throws TransferError `busy` */
function namedLocks({ locks, locksPath }: StateFolders, trust: Trust, processes: Processes) {
  async function take(key: string, what: string, options: LockOptions): Promise<Lock> {
    await makeFolders(locks, trust);
    return takeLock({ folder: join(locksPath, key), what }, options, processes);
  }

  return {
    take,
    /** @param uploadId null: only the lock of the identity */
    async findHolder(identity: UploadIdentity, uploadId: string | null): Promise<LockHolder | null> {
      const look = (key: string, what: string) =>
        findHolder({ folder: join(locksPath, key), what }, processes);
      const holder = await look(keyOfIdentity(identity), sourceName(identity.source));
      return holder ?? (uploadId === null ? null : look(keyOfUpload(uploadId), uploadId));
    },
    /** Takes a lock that somebody holds or left, and releases it. Most locks are free: they have no folder. */
    async awaitFree(key: string, what: string, options: LockOptions): Promise<void> {
      if (existsSync(join(locksPath, key))) await (await take(key, what, options)).release();
    },
  };
}

/** The names of locks. All streams to one object have one lock, whatever their names: each would replace the others'. */
const keyOfIdentity = ({ source, target }: UploadIdentity): string =>
  `file-${identityDigits({ source: source.kind === 'stream' ? UNNAMED_STREAM : source, target })}`;
const keyOfUpload = (uploadId: string): string => `upload-${digits16(uploadId)}`;

function lockedUpload(lock: Lock, journal: Journal | null): LockedUpload {
  return {
    lock,
    journal,
    close: () =>
      cleanUp(
        () => journal?.close(),
        () => lock.release(),
      ),
  };
}

/** Sorts the oldest first. ISO-8601 times of one form sort as text; the id decides between equal times. */
function byStart(a: UnfinishedHead, b: UnfinishedHead): number {
  return `${a.head.startedAt} ${a.head.uploadId}` < `${b.head.startedAt} ${b.head.uploadId}` ? -1 : 1;
}
