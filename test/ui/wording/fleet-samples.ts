/** One failure of each kind that fleets have, and the text that a person reads. */
import { type FailureFacts, TransferError } from '../../../src/core/failures.js';

type FleetKind = 'manifest' | 'fleet-incomplete' | 'fleet-differs';

const FLEET = { manifest: '/mnt/my fleet', receipts: [], endpoint: null };

const manifests = (
  [
    'missing',
    'unreadable',
    'damaged',
    'newer',
    'not-writable',
    'receipts-unreadable',
    'receipts-not-writable',
  ] as const
).map((why) => {
  const detail = why === 'damaged' ? 'it has no "plan"' : null;
  return new TransferError('manifest', { path: '/mnt/my fleet', why, detail });
});

const incomplete = [
  { fleet: FLEET, shards: [3], partCount: 1000, missing: 12, unreceipted: 1 },
  {
    fleet: { ...FLEET, receipts: ['/tmp/r'], endpoint: 'https://store.example' },
    shards: [1, 2],
    partCount: 10,
    missing: 0,
    unreceipted: 4,
  },
].map((facts) => new TransferError('fleet-incomplete', facts));

const differs = (
  [
    ['size', null, null, 'it has 7 bytes, and the manifest says 9'],
    ['file', null, null, null],
    ['earlier', null, null, null],
    ['held', 17, 3, null],
    ['receipts', 17, 3, null],
    ['unproven', 17, 3, null],
    ['whole', null, null, null],
  ] as const
).map(([why, index, shard, detail]) => {
  const facts: FailureFacts['fleet-differs'] = { fleet: FLEET, path: '/data/a', why, index, shard, detail };
  return new TransferError('fleet-differs', facts);
});

export const FLEET_SAMPLES: { readonly [K in FleetKind]: readonly TransferError<K>[] } = {
  manifest: manifests,
  'fleet-incomplete': incomplete,
  'fleet-differs': differs,
};

export const FLEET_TEXTS: { readonly [K in FleetKind]: readonly (readonly [string, string])[] } = {
  manifest: [
    [
      'calve: /mnt/my fleet: there is no such manifest',
      'hint: check the path; calve fleet create FILE TARGET --shards N --manifest M writes one',
    ],
    [
      'calve: /mnt/my fleet: the manifest cannot be read',
      'hint: check its permissions and the disk that it is on',
    ],
    [
      'calve: /mnt/my fleet: it is not a manifest that calve can use: it has no "plan"',
      'hint: copy it again from the machine that created the fleet',
    ],
    [
      'calve: /mnt/my fleet: a newer version of calve wrote the manifest',
      'hint: use that version of calve on all machines',
    ],
    [
      'calve: /mnt/my fleet: calve cannot write the manifest there',
      'hint: free space on that disk or fix its permissions, or name another file with --manifest',
    ],
    [
      'calve: /mnt/my fleet: the receipts there cannot be read',
      'hint: check the permissions of that folder, or name another one with --receipts',
    ],
    [
      'calve: /mnt/my fleet: calve cannot write receipts there',
      'hint: name a folder that this machine may write to, with --receipts DIR',
    ],
  ],
  'fleet-incomplete': [
    [
      'calve: fleet /mnt/my fleet: the service lacks 12 of 1,000 parts, of share 3: nothing was completed',
      "hint: send what is missing with: calve fleet send '/mnt/my fleet' --shard=3",
    ],
    [
      'calve: fleet /mnt/my fleet: 4 parts of 10 on the service have no receipt here, of shares 1, 2: nothing was completed',
      `hint: compare them with the file with: for k in 1 2; do calve fleet send '/mnt/my fleet' --receipts=/tmp/r --endpoint-url=https://store.example --shard="$k" || break; done; or read the file here with: calve fleet finish '/mnt/my fleet' --verify --receipts=/tmp/r --endpoint-url=https://store.example`,
    ],
  ],
  'fleet-differs': [
    [
      'calve: /data/a: it is not the file that the fleet was created for: it has 7 bytes, and the manifest says 9; nothing was completed',
      'hint: name the right file with --file',
    ],
    [
      'calve: /data/a: it is not the file that the fleet was created for; nothing was completed',
      'hint: name the right file with --file; --ignore-mtime accepts another modification time, and finish then needs --verify, or a fleet of create --hash',
    ],
    [
      'calve: /data/a: the file has changed since the fleet was created; nothing was created',
      "hint: name another manifest: each upload has its own; if that fleet was not finished, abort it with: calve fleet abort '/mnt/my fleet'",
    ],
    [
      'calve: /data/a: the service holds other bytes than this file has (part 17 of share 3); nothing was completed',
      "hint: check the file on each machine; where the file is the right one, send its parts again with: calve fleet send '/mnt/my fleet' --shard=3 --replace",
    ],
    [
      'calve: /data/a: the machines have sent different bytes (part 17 of share 3), so one of them has another file; nothing was completed',
      "hint: check the file on each machine; finish reads the file here with: calve fleet finish '/mnt/my fleet' --verify, and names the parts that are wrong",
    ],
    [
      'calve: /data/a: a machine sent a file with another modification time (part 17 of share 3), and nothing shows that its bytes are the same; nothing was completed',
      "hint: finish reads the file here with: calve fleet finish '/mnt/my fleet' --verify --ignore-mtime",
    ],
    [
      'calve: /data/a: the parts do not make the file that create --hash has read, so one machine has another file; nothing was completed',
      "hint: check the file on each machine; finish reads the file here with: calve fleet finish '/mnt/my fleet' --verify, and names the parts that are wrong",
    ],
  ],
};
