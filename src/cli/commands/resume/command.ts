import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { nameOf } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { PART_SIZE, streamOptions } from '../../options/stream.js';
import { transferOptions } from '../../options/transfer.js';

/** The library reads the same groups. */
export const groups = {
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
    'Continue unfinished uploads: the named ones, or all. FILE may be - for a stream that is read again.',
  examples: [
    { line: 'calve resume', meaning: 'Continues all unfinished uploads of this machine.' },
    {
      line: 'tar -c backup.tar | calve resume - glacier://photos --upload-id ID',
      meaning: 'Sends the missing parts of a stream that is read again.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).resume,
});
