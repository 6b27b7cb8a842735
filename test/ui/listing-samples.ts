/** Sample values of the ports, for the tests of JSON lines and tables. */

import type { UploadIdentity } from '../../src/core/identity.js';
import type { CatalogueEntry, UnfinishedUpload } from '../../src/transfer/ports/state.js';
import type { OpenUpload } from '../../src/transfer/ports/target.js';

const MIB_BYTES = 1024 ** 2;

const identity: UploadIdentity = {
  source: { kind: 'file', path: '/data/backup.tar' },
  target: { url: 'glacier://photos', region: 'eu-west-1', endpoint: null, account: '123456789012' },
};

const fingerprint = {
  sizeBytes: 40 * MIB_BYTES,
  mtimeNs: '1763632845678901234',
  ctimeNs: '1763632845678901234',
  device: '2049',
  inode: '77',
};

const plan = { sizeBytes: 40 * MIB_BYTES, partSizeBytes: 16 * MIB_BYTES, partCount: 3 };

export const ENTRY: CatalogueEntry = {
  archiveId: 'arch-1',
  location: '/123456789012/vaults/photos/archives/arch-1',
  uploadId: '-Xk3',
  identity,
  description: 'backup.tar',
  plan,
  treeHash: 'a'.repeat(64),
  fingerprint,
  archivedAt: '2026-11-20T10:04:05.678Z',
};

export const OPEN: OpenUpload = {
  uploadId: '-Xk3',
  key: null,
  description: 'backup\t.tar',
  partSizeBytes: 16 * MIB_BYTES,
  createdAt: '2026-11-20T10:04:05Z',
  vaultArn: 'arn:aws:glacier:eu-west-1:123456789012:vaults/photos',
  storageClass: null,
};

export const UNFINISHED: UnfinishedUpload = {
  head: {
    uploadId: '-Xk3',
    identity,
    connection: { accountId: '-', profile: null, pathStyle: false },
    plan,
    description: 'backup.tar',
    fingerprint,
    startedAt: '2026-11-20T10:00:00.000Z',
  },
  fingerprint,
  parts: new Map([[1, { treeHash: 'b'.repeat(64), linearHash: null }]]),
  completing: null,
  mismatch: null,
  damagedLines: 0,
  hasAllRecords: true,
  completingUncertain: false,
  lastActivityAt: '2026-11-20T10:04:05.678Z',
  journalPath: '/state/x.journal',
};
