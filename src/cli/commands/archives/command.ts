import { defineCommand } from '../../command.js';
import { value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { folderOptions } from '../../options/state.js';

const groups = {
  own: optionGroup({
    forget: value(
      '--forget <archive-id>',
      'remove this entry from the catalogue; the archive stays',
      nameOf('archive'),
    ),
  }),
  ...folderOptions,
};

export type Options = OptionsOf<typeof groups>;

export const archives = defineCommand({
  name: 'archives',
  description: 'List the archives in the catalogue, with their ids.',
  groups,
  load: async () => (await import('./run.js')).archives,
});
