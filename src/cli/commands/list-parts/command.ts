import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';

/** The library reads the same groups. */
export const groups = {
  own: optionGroup({
    uploadId: value(
      '--upload-id <id>',
      'the upload; the id may begin with -',
      nameOf('upload'),
    ).makeOptionMandatory(),
  }),
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const listParts = defineCommand({
  name: 'list-parts',
  arguments: [new Argument('<target>')],
  description: 'List the parts of an upload that the service has.',
  examples: [
    {
      line: 'calve list-parts glacier://photos --upload-id ID',
      meaning: 'Lists the parts that the vault has.',
    },
    {
      line: 'calve list-parts glacier://photos --upload-id ID --json',
      meaning: 'Prints one JSON object for each part.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).listParts,
});
