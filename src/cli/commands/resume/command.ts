import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { PART_SIZE, streamOptions } from '../../options/stream.js';
import { transferOptions } from '../../options/transfer.js';

const groups = {
  own: optionGroup({
    uploadId: value('--upload-id <id>', 'adopt this upload: the service lists its parts', nameOf('upload')),
  }),
  stream: streamOptions,
  plan: optionGroup(PART_SIZE),
  transfer: transferOptions,
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const resume = defineCommand({
  name: 'resume',
  arguments: [new Argument('[file-or-upload-id-or-target...]')],
  synopsis: [
    '[options] [FILE|UPLOAD-ID]...',
    'calve resume [options] FILE TARGET --upload-id ID',
    'calve resume TARGET --upload-id ID --from-command -- CMD [ARG...]',
  ].join('\n       '),
  description:
    'Continue unfinished uploads: the named ones, or all in the state folder. FILE may be - for a stream that is sent again.',
  groups,
  load: async () => (await import('./run.js')).resume,
});
