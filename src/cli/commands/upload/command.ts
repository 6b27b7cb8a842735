import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { flag, value, withVariables } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { rare } from '../../options/headings.js';
import { objectOptions } from '../../options/objects.js';
import { sizeBytes } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { PLAN, STREAM_OPTIONS } from '../../options/stream.js';
import { transferOptions } from '../../options/transfer.js';
import { findOptions } from './find-options.js';

const planOptions = optionGroup({
  ...PLAN,
  ...rare(
    withVariables({
      expectedSize: value(
        '--expected-size <size>',
        'smallest size of the stream; sets the part size',
        sizeBytes,
      ),
    }),
  ),
});

const ownOptions = optionGroup({
  ...STREAM_OPTIONS,
  fresh: flag('--fresh', 'create a new upload in any case'),
  dryRun: flag('--dry-run', 'print what would be done, and ask no service'),
});

/** The library reads the same groups. */
export const groups = {
  plan: planOptions,
  own: ownOptions,
  find: findOptions,
  objects: objectOptions,
  transfer: transferOptions,
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const upload = defineCommand({
  name: 'upload',
  arguments: [new Argument('<file-or-target...>')],
  synopsis:
    '[options] FILE... TARGET\n       calve upload [options] --recursive DIR... TARGET/\n       calve upload [options] --files-from LIST TARGET/\n       calve upload [options] TARGET --from-command -- CMD [ARG...]',
  description: 'Send files (- for standard input), or continue an earlier run.',
  examples: [
    {
      line: 'calve upload backup.tar glacier://photos',
      meaning: 'Sends a file to a vault, or continues where an earlier run stopped.',
    },
    {
      line: 'calve upload backup.tar s3://photos/2026/ --storage-class DEEP_ARCHIVE',
      meaning: 'Sends a file to a bucket, with its name after the last slash.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).upload,
});
