import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { transferOptions } from '../../options/transfer.js';

const groups = {
  own: optionGroup({
    uploadId: value('--upload-id <id>', 'adopt this upload: the service lists its parts', nameOf('upload')),
  }),
  transfer: transferOptions,
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const resume = defineCommand({
  name: 'resume',
  arguments: [new Argument('[file-or-upload-id-or-target...]')],
  synopsis: '[options] [FILE|UPLOAD-ID]...\n       calve resume [options] FILE TARGET --upload-id ID',
  description: 'Continue unfinished uploads: the named ones, or all in the state folder.',
  groups,
  load: async () => (await import('./run.js')).resume,
});
