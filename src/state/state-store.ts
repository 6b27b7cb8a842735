/** The state folder: journals of unfinished uploads, and the locks on them. */
import { join, resolve } from 'node:path';
import type { StateStore, UnfinishedUpload } from '../transfer/ports.js';
import { createJournal, reopenJournal } from './journal.js';
import { JOURNAL_EXTENSION, readJournal } from './journal-reader.js';
import { takeLock } from './lock.js';
import { digits16, identityDigits, isRecordName, isSameIdentity, recordName } from './names.js';
import { type Processes, systemProcesses } from './process-identity.js';
import { sweepTemporaries } from './safe-file.js';
import { listFolder, makeFolders } from './safe-folder.js';
import { assertNothingNewer, stateFolders } from './state-folders.js';

/**
 * Touches the disk on first use. Reading creates nothing and works on a read-only folder.
 * @param processes which process we are and which others run; tests pass their own
 */
export function openStateStore(directory: string, processes: Processes = systemProcesses): StateStore {
  const root = resolve(directory);
  const folders = stateFolders(root);

  const bootId = async (): Promise<string> => (await processes.self()).bootId;

  async function read(isWanted: (name: string) => boolean): Promise<UnfinishedUpload[]> {
    const names = await listFolder(folders.uploads);
    const wanted = names.filter((name) => isRecordName(name, JOURNAL_EXTENSION) && isWanted(name));
    const uploads: UnfinishedUpload[] = [];
    const boot = await bootId();
    for (const name of wanted) {
      const reading = await readJournal(join(folders.uploadsPath, name), boot);
      if (reading !== null) uploads.push(reading.upload);
    }
    return uploads.sort(byStart);
  }

  async function lock(key: string, what: string, options: Parameters<StateStore['lockUpload']>[1]) {
    await makeFolders(folders.locks);
    return takeLock({ folder: join(folders.locksPath, key), what }, options, processes);
  }

  return {
    directory: root,
    lockIdentity: (identity, options) => lock(`file-${identityDigits(identity)}`, identity.file, options),
    lockUpload: (uploadId, options) => lock(`upload-${digits16(uploadId)}`, uploadId, options),
    async findByIdentity(identity) {
      await assertNothingNewer(root);
      const named = await read((name) => name.startsWith(identityDigits(identity)));
      return named.filter(({ head }) => isSameIdentity(head.identity, identity)).reverse();
    },
    async findByUploadId(uploadId) {
      const named = await read((name) => name.endsWith(`-${digits16(uploadId)}${JOURNAL_EXTENSION}`));
      const found = named.findLast(({ head }) => head.uploadId === uploadId);
      if (found === undefined) await assertNothingNewer(root);
      return found ?? null;
    },
    async all() {
      await assertNothingNewer(root);
      return read(() => true);
    },
    async create(head) {
      await makeFolders(folders.uploads);
      const name = recordName(head.identity, head.uploadId);
      await sweepTemporaries(folders.uploadsPath);
      return createJournal(join(folders.uploadsPath, `${name}${JOURNAL_EXTENSION}`), head, await bootId());
    },
    reopen: async (upload) => reopenJournal(upload, await bootId()),
  };
}

/** Oldest first. ISO-8601 times of one form sort as text; the id makes the order of equal ones certain. */
function byStart(a: UnfinishedUpload, b: UnfinishedUpload): number {
  return `${a.head.startedAt} ${a.head.uploadId}` < `${b.head.startedAt} ${b.head.uploadId}` ? -1 : 1;
}
