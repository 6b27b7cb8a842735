import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { flag } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';

/** The library reads the same groups. */
export const groups = {
  own: optionGroup({
    import: flag('--import', 'add archives that only the service knows to the catalogue'),
  }),
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const audit = defineCommand({
  name: 'audit',
  arguments: [new Argument('<target>')],
  description: 'Compare the catalogue with what the service holds. Downloads no archive.',
  examples: [
    {
      line: 'calve audit glacier://photos',
      meaning: 'Compares the catalogue with the inventory of a vault.',
    },
    { line: 'calve audit glacier://photos --import', meaning: 'Also rebuilds a catalogue that is lost.' },
  ],
  groups,
  load: async () => (await import('./run.js')).audit,
});
