import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { folderOptions } from '../../options/state.js';

/** The library reads the same groups. */
export const groups = {
  own: optionGroup({
    archiveId: value(
      '--archive-id <id>',
      'compare with this archive (default: the newest of the file)',
      nameOf('archive'),
    ),
  }),
  ...folderOptions,
};

export type Options = OptionsOf<typeof groups>;

export const verify = defineCommand({
  name: 'verify',
  arguments: [new Argument('<file>')],
  description: 'Check that a file still has the tree hash that was archived.',
  examples: [
    { line: 'calve verify backup.tar', meaning: 'Compares a file with its newest archive.' },
    { line: 'calve verify backup.tar --archive-id ID', meaning: 'Compares it with an older archive.' },
  ],
  groups,
  load: async () => (await import('./run.js')).verify,
});
