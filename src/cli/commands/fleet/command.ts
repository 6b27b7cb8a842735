import { Argument } from 'commander';
import { SHARDS_MAX } from '../../../core/fleet.js';
import { type CommandDefinition, type CommandGroup, defineCommand } from '../../command.js';
import { flag, repeatable, value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { objectOptions } from '../../options/objects.js';
import { nameOf, wholeNumber } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { PLAN } from '../../options/stream.js';
import { lockOptions, transferOptions } from '../../options/transfer.js';

/** The text of `calve fleet --help` and of the page calve-fleet(1). */
export const fleetGroup: CommandGroup = {
  name: 'fleet',
  description: 'Let many machines send the parts of one upload, each its share.',
  examples: [
    {
      line: 'calve fleet create backup.tar glacier://photos --shards 3 --manifest m.json',
      meaning: 'One machine creates the upload. All machines need the file and the manifest.',
    },
    {
      line: 'calve fleet send m.json --shard 0',
      meaning: 'Each machine sends its share: another one runs this with --shard 1.',
    },
    { line: 'calve fleet status m.json', meaning: 'Shows how far the machines are.' },
    { line: 'calve fleet finish m.json', meaning: 'One machine checks the parts, and completes the upload.' },
  ],
};

const RECEIPTS = {
  receipts: repeatable(
    '--receipts <dir>',
    'folder of the receipts (default: MANIFEST.receipts); status and finish read several',
  ),
};
const FILE = {
  file: value('--file <path>', "the file on this machine (default: the manifest's path)", nameOf('file')),
};
const IGNORE_MTIME = {
  ignoreMtime: flag('--ignore-mtime', 'accept a file with another modification time'),
};
const manifest = () => new Argument('<manifest>');

const createGroups = {
  own: optionGroup({
    shards: value(
      '--shards <n>',
      `number of shares, 1 to ${SHARDS_MAX}`,
      wholeNumber(1, SHARDS_MAX),
    ).makeOptionMandatory(),
    manifest: value(
      '--manifest <path>',
      'the file that all machines read, to be written',
      nameOf('file'),
    ).makeOptionMandatory(),
    interleave: flag('--interleave', 'deal the parts out in turn, instead of shares that follow each other'),
    hash: flag('--hash', 'read the file, so that finish compares the tree hash of the whole'),
  }),
  plan: optionGroup(PLAN),
  objects: objectOptions,
  transfer: transferOptions,
  ...folderOptions,
  service: serviceOptions,
};

const sendGroups = {
  own: optionGroup({
    shard: value(
      '--shard <k>',
      'the share to send, counted from 0 (default: the number of the task, as the scheduler gives it)',
      wholeNumber(0, 1_000_000_000),
    ),
    ...FILE,
    ...RECEIPTS,
    ...IGNORE_MTIME,
    replace: flag('--replace', 'send parts again that the service holds with other bytes'),
  }),
  transfer: transferOptions,
  ...folderOptions,
  service: serviceOptions,
};

const statusGroups = { own: optionGroup(RECEIPTS), ...folderOptions, service: serviceOptions };

const finishGroups = {
  own: optionGroup({
    ...FILE,
    ...RECEIPTS,
    ...IGNORE_MTIME,
    verify: flag('--verify', 'read the file, and compare every part with it'),
  }),
  transfer: transferOptions,
  ...folderOptions,
  service: serviceOptions,
};

const abortGroups = {
  own: optionGroup(RECEIPTS),
  lock: lockOptions,
  ...folderOptions,
  service: serviceOptions,
};

export type CreateOptions = OptionsOf<typeof createGroups>;
export type SendOptions = OptionsOf<typeof sendGroups>;
export type StatusOptions = OptionsOf<typeof statusGroups>;
export type FinishOptions = OptionsOf<typeof finishGroups>;
export type AbortOptions = OptionsOf<typeof abortGroups>;

/** In the order of `calve fleet --help`. */
export const fleet: readonly CommandDefinition[] = [
  defineCommand({
    name: 'fleet create',
    arguments: [new Argument('<file>'), new Argument('<target>')],
    description: 'Create the upload of a file, and write its manifest.',
    examples: [
      {
        line: 'calve fleet create backup.tar glacier://photos --shards 3 --manifest m.json',
        meaning: 'Creates an upload in 3 shares.',
      },
      {
        line: 'calve fleet create backup.tar glacier://photos --shards 3 --manifest m --hash',
        meaning: 'Reads the file too, so that finish proves the whole.',
      },
    ],
    groups: createGroups,
    load: async () => (await import('./create.js')).create,
  }),
  defineCommand({
    name: 'fleet send',
    arguments: [manifest()],
    description: 'Send the parts of one share that are missing.',
    examples: [
      { line: 'calve fleet send m.json --shard 0', meaning: 'Sends one share.' },
      {
        line: 'calve fleet send m --shard 2 --file backup.tar --receipts m.receipts',
        meaning: 'Sends a share from a copy of the file, and says where its receipts are.',
      },
    ],
    groups: sendGroups,
    load: async () => (await import('./send.js')).send,
  }),
  defineCommand({
    name: 'fleet status',
    arguments: [manifest()],
    description: 'Show the parts that the service holds, for each share.',
    examples: [
      { line: 'calve fleet status m.json', meaning: 'Shows the parts of each share.' },
      { line: 'calve fleet status m --json', meaning: 'Prints the same as objects.' },
    ],
    groups: statusGroups,
    load: async () => (await import('./status.js')).status,
  }),
  defineCommand({
    name: 'fleet finish',
    arguments: [manifest()],
    description: 'Check every part, and complete the upload.',
    examples: [
      { line: 'calve fleet finish m.json', meaning: 'Completes the upload.' },
      {
        line: 'calve fleet finish m --verify',
        meaning: 'Reads the file and compares every part before.',
      },
    ],
    groups: finishGroups,
    load: async () => (await import('./finish.js')).finish,
  }),
  defineCommand({
    name: 'fleet abort',
    arguments: [manifest()],
    description: 'Abort the upload, and remove the manifest.',
    examples: [
      { line: 'calve fleet abort other.json', meaning: 'Aborts the upload.' },
      { line: 'calve fleet abort disk.fleet --lock-wait 1m', meaning: 'Waits for a finish that runs.' },
    ],
    groups: abortGroups,
    load: async () => (await import('./abort.js')).abort,
  }),
];
