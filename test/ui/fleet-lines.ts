/** Lines of JSON of fleets, for the tests of their form. */
import { fleetJson, sentShareJson, shareJson } from '../../src/ui/fleet-json.js';
import { ENTRY } from './listing-samples.js';

const manifest = {
  uploadId: '-Xk3',
  target: { url: 's3://photos/a', region: 'eu-west-1', endpoint: null, account: null },
  connection: { accountId: '-', pathStyle: false },
  path: '/data/a',
  fingerprint: { sizeBytes: 5, mtimeNs: '1700000000000000000', ctimeNs: '1', device: '1', inode: '1' },
  plan: { sizeBytes: 5, partSizeBytes: 8 * 1024 ** 2, partCount: 1 },
  shards: 2,
  interleave: false,
  description: 'a',
  treeHash: null,
  createdAt: '2026-11-26T08:00:00.000Z',
};

const share = { shard: 0, indexes: [0], held: new Set([0]), confirmed: 1, different: 0 };
const sent = { shard: 0, parts: 1, partsSent: 1, partsReused: 0, bytesSent: 5, durationMs: 9 };

/** At least one line of each type. */
export const FLEET_LINES = [
  fleetJson('/mnt/my fleet', manifest, null),
  fleetJson('/mnt/my fleet', { ...manifest, treeHash: 'a'.repeat(64) }, { partsDone: 1, archive: ENTRY }),
  shareJson({ ...share, sizeBytes: 5, heldBytes: 5 }),
  sentShareJson({ manifest, manifestPath: '/mnt/my fleet' }, { ...sent, isFinished: false }),
];
