import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { flag } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';

const groups = {
  own: optionGroup({
    write: flag('--write', 'also create an upload, and abort it at once'),
  }),
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const check = defineCommand({
  name: 'check',
  arguments: [new Argument('<target>')],
  description: 'Check credentials, vault or bucket, rights, clock and folders.',
  examples: [
    { line: 'calve check glacier://photos', meaning: 'Checks a vault before the first night run.' },
    {
      line: 'calve check glacier://photos --write',
      meaning: 'Also creates an upload, and aborts it at once.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).check,
});
