/** The state folder: journals of unfinished uploads, and the locks on them. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { sourceName } from '../core/identity.js';
import type {
  Journal,
  Lock,
  LockedUpload,
  LockOptions,
  StateStore,
  UnfinishedHead,
  UnfinishedUpload,
} from '../transfer/ports/state.js';
import { createJournal, openJournal } from './journal.js';
import { JOURNAL_EXTENSION, readHead, readJournal } from './journal-reader.js';
import { takeLock } from './lock.js';
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
import { proveFolderWritable, sweepTemporaries } from './safe-file.js';
import { listFolder, makeFolders } from './safe-folder.js';
import { assertNoOtherVersion, type StateFolders, stateFolders } from './state-folders.js';

/** More than a journal's head; random, or a compressing disk would hold it for free. */
const PROOF_BYTES = 16 * 1024;

/**
 * Touches the disk on first use. Reading creates nothing and works on a read-only folder.
 * @param processes finds this process and the others that run; tests pass their own
 */
export function openStateStore(directory: string, processes: Processes = systemProcesses): StateStore {
  const root = resolve(directory);
  const folders = stateFolders(root);
  const bootId = async (): Promise<string> => (await processes.self()).bootId;

  async function listJournals(isWanted: (name: string) => boolean): Promise<string[]> {
    const isJournal = (name: string): boolean => isWanted(name) && isRecordName(name, JOURNAL_EXTENSION);
    const names = await listFolder(folders.uploads, isJournal);
    return names.map((name) => join(folders.uploadsPath, name));
  }

  async function read(isWanted: (name: string) => boolean): Promise<UnfinishedUpload[]> {
    const uploads: UnfinishedUpload[] = [];
    const boot = await bootId();
    for (const path of await listJournals(isWanted)) {
      const reading = await readJournal(path, boot);
      if (reading !== null) uploads.push(reading.upload);
    }
    return uploads.sort(byStart);
  }

  async function takeNamedLock(key: string, what: string, options: LockOptions): Promise<Lock> {
    await makeFolders(folders.locks);
    return takeLock({ folder: join(folders.locksPath, key), what }, options, processes);
  }

  async function openJournalOf(uploadId: string): Promise<Journal | null> {
    const boot = await bootId();
    for (const path of await listJournals(nameHasId(uploadId, JOURNAL_EXTENSION))) {
      const journal = await openJournal(path, boot);
      if (journal?.upload.head.uploadId === uploadId) return journal;
      await journal?.close();
    }
    await assertNoOtherVersion(root);
    return null;
  }

  return {
    directory: root,
    proveWritable: () => proveWritable(root, folders),
    lockIdentity: (identity, options) =>
      takeNamedLock(`file-${identityDigits(identity)}`, sourceName(identity.source), options),
    async openUpload(uploadId, options) {
      const lock = await takeNamedLock(`upload-${digits16(uploadId)}`, uploadId, options);
      try {
        return lockedUpload(lock, await openJournalOf(uploadId));
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
    async findByIdentity(identity) {
      await assertNoOtherVersion(root);
      const found = await read(nameHasIdentity(identity));
      return found.filter(({ head }) => isSameIdentity(head.identity, identity)).reverse();
    },
    async all() {
      await assertNoOtherVersion(root);
      return read(() => true);
    },
    async heads() {
      await assertNoOtherVersion(root);
      const heads: UnfinishedHead[] = [];
      for (const path of await listJournals(() => true)) {
        const found = await readHead(path);
        if (found !== null) heads.push(found);
      }
      return heads.sort(byStart);
    },
    async create(head) {
      await makeFolders(folders.uploads);
      const name = recordName(head.identity, head.uploadId);
      await sweepTemporaries(folders.uploadsPath);
      return createJournal(join(folders.uploadsPath, `${name}${JOURNAL_EXTENSION}`), head, await bootId());
    },
  };
}

async function proveWritable(root: string, folders: StateFolders): Promise<void> {
  await assertNoOtherVersion(root);
  await makeFolders(folders.locks);
  await makeFolders(folders.uploads);
  await proveFolderWritable(folders.uploadsPath, randomBytes(PROOF_BYTES));
}

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
