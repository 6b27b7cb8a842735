/** Sample heads, entries and processes for tests, and checks for the failures that a call must give. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type FailureFacts, isFailure } from '../../src/core/failures.js';
import type { UploadIdentity } from '../../src/core/identity.js';
import type { Processes, ProcessIdentity } from '../../src/state/process-identity.js';
import { TRUST_USER, type Trust } from '../../src/state/safe-folder.js';
import { openStateStore } from '../../src/state/state-store.js';
import type {
  CatalogueEntry,
  Journal,
  JournalHead,
  Lock,
  LockOptions,
  UnfinishedUpload,
} from '../../src/transfer/ports/state.js';

export function hashOf(word: string | number): string {
  return createHash('sha256').update(String(word)).digest('hex');
}

export function sampleIdentity(path = '/data/photos.tar'): UploadIdentity {
  const target = { url: 'glacier://photos', region: 'eu-west-1', endpoint: null, account: '123456789012' };
  return { source: { kind: 'file', path }, target };
}

const fingerprint = {
  sizeBytes: 100_000_000,
  mtimeNs: '1700000000123456789',
  ctimeNs: '1700000000987654321',
  device: '64769',
  inode: '1234567',
};

export function sampleHead(changes: Partial<JournalHead> = {}): JournalHead {
  return {
    uploadId: '-upl0ad_id',
    identity: sampleIdentity(),
    connection: { accountId: '-', profile: null, pathStyle: false },
    plan: { sizeBytes: 100_000_000, partSizeBytes: 16_777_216, partCount: 6 },
    description: 'photos \u{1f4f7} "quoted"',
    fingerprint,
    startedAt: '2026-01-02T03:04:05.678Z',
    ...changes,
  };
}

export function sampleEntry(changes: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return {
    archiveId: 'archive-1',
    location: '/123456789012/vaults/photos/archives/archive-1',
    uploadId: '-upl0ad_id',
    identity: sampleIdentity(),
    description: 'photos',
    plan: { sizeBytes: 100_000_000, partSizeBytes: 16_777_216, partCount: 6 },
    treeHash: hashOf('whole'),
    fingerprint,
    archivedAt: '2026-01-02T04:04:05.678Z',
    ...changes,
  };
}

/** A state store with a method that takes the lock of an upload alone. */
export function storeWithLocks(directory: string, processes?: Processes, trust: Trust = TRUST_USER) {
  const store = openStateStore(directory, trust, processes);
  return {
    ...store,
    async lockUpload(uploadId: string, options: LockOptions): Promise<Lock> {
      const { lock, close } = await store.openUpload(uploadId, options);
      return { lost: lock.lost, assertHeld: () => lock.assertHeld(), release: close };
    },
    async findByUploadId(uploadId: string): Promise<UnfinishedUpload | null> {
      return (await store.all()).find(({ head }) => head.uploadId === uploadId) ?? null;
    },
    /** Opens the journal of an upload that the store knows; its lock is released when the journal is closed. */
    async reopen({ head }: UnfinishedUpload): Promise<Journal> {
      const { journal, close } = await store.openUpload(head.uploadId, lockOptions());
      assert.ok(journal);
      return {
        get upload() {
          return journal.upload;
        },
        recordPart: (...args) => journal.recordPart(...args),
        recordListed: () => journal.recordListed(),
        recordFingerprint: (...args) => journal.recordFingerprint(...args),
        recordCompleting: (...args) => journal.recordCompleting(...args),
        recordReopened: () => journal.recordReopened(),
        recordMismatch: (...args) => journal.recordMismatch(...args),
        remove: () => journal.remove(),
        close,
      };
    },
  };
}

/** Returns options that do not wait, or wait for `waitMs`. */
export function lockOptions(waitMs = 0, signal = new AbortController().signal): LockOptions {
  return { waitMs, signal };
}

/** Returns processes with a chosen identity. `running` lists the start times of the others; `uptimeMs`: since the boot. */
export function fakeProcesses(
  self: Partial<ProcessIdentity> = {},
  running: Record<number, string> = {},
  uptimeMs = 86_400_000,
): Processes {
  const pid = self.pid ?? 100;
  const identity = {
    machine: 'machine-a',
    bootId: 'boot-1',
    pidNamespace: 'pid:[1]',
    pid,
    startTime: 'start-100',
    hostname: 'host-a',
    ...self,
  };
  const table: Record<number, string> = { [pid]: identity.startTime, ...running };
  return {
    self: async () => identity,
    startTimeOf: async (wanted) => table[wanted] ?? null,
    uptimeMs: () => uptimeMs,
  };
}

/**
 * Returns a check for a TransferError `state` with this reason. `inPath` must be a part of the path it names.
 */
export function stateFailing(why: FailureFacts['state']['why'], inPath = '') {
  return (error: unknown): true => {
    assert.ok(isFailure(error, 'state'), `not a state failure: ${error}`);
    assert.equal(error.facts.why, why, JSON.stringify(error.facts));
    assert.ok(error.facts.path.includes(inPath), `${error.facts.path} does not contain ${inPath}`);
    return true;
  };
}

/** Returns a check for a path that belongs to others, that others may write to, or that is a link. */
export function untrusted(inPath = '') {
  return (error: unknown): true => {
    assert.ok(isFailure(error, 'state'), `not a state failure: ${error}`);
    assert.ok(['foreign', 'open', 'link'].includes(error.facts.why), JSON.stringify(error.facts));
    assert.ok(error.facts.path.includes(inPath), `${error.facts.path} does not contain ${inPath}`);
    return true;
  };
}

/** Returns a check for a TransferError `busy`. */
export function busyFailing(what: string, holder: RegExp) {
  return (error: unknown): true => {
    assert.ok(isFailure(error, 'busy'), `not busy: ${error}`);
    assert.equal(error.facts.what, what);
    assert.match(error.facts.holder, holder);
    return true;
  };
}
