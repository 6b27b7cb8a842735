import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { text, value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { wholeNumber } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';

/** The library reads the same groups. */
export const groups = {
  own: optionGroup({
    limit: value(
      '--limit <n>',
      'print one page with this many entries (vaults: at most 50)',
      wholeNumber(1, 1000),
    ),
    marker: text('--marker <marker>', 'print one page that starts at this marker'),
  }),
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const listUploads = defineCommand({
  name: 'list-uploads',
  arguments: [new Argument('<target>')],
  description: 'List the uploads in progress on the service. Shows what this machine knows of them.',
  examples: [
    { line: 'calve list-uploads glacier://photos', meaning: 'Lists the uploads in progress to a vault.' },
    {
      line: 'calve list-uploads local://trial',
      meaning: 'Lists those to a vault of the emulator on this disk.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).listUploads,
});
