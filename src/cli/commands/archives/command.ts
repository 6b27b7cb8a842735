import { defineCommand } from '../../command.js';
import { choice, value } from '../../options/declare.js';
import { filterOptions } from '../../options/filter.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';

const groups = {
  own: optionGroup({
    forget: value(
      '--forget <archive-id>',
      'remove this entry from the catalogue; the archive stays',
      nameOf('archive'),
    ),
    export: value(
      '--export <file>',
      'write the archives to this file (- is standard output)',
      nameOf('file'),
    ),
    import: value('--import <file>', 'add the archives in this file (- is standard input)', nameOf('file')),
    format: choice('--format <form>', 'form of the list, or of the file', ['csv', 'mtglacier']),
    base: value(
      '--base <dir>',
      'folder of the files of mtglacier (default: the working folder)',
      nameOf('folder'),
    ),
  }),
  filter: filterOptions,
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const archives = defineCommand({
  name: 'archives',
  description: 'List the archives in the catalogue, with their ids. Exports and imports the catalogue.',
  examples: [
    {
      line: 'calve archives --target local://trial --since 30d --sort size --reverse',
      meaning: 'Lists the archives of the last 30 days, the largest first.',
    },
    {
      line: 'calve archives --export catalogue.jsonl',
      meaning: 'Writes the catalogue to a file, for a backup or another machine.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).archives,
});
