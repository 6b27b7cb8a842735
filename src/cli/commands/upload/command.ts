import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { flag, text, value, withVariables } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { objectOptions } from '../../options/objects.js';
import { sizeBytes, wholeNumber } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { PART_SIZE, STREAM_OPTIONS } from '../../options/stream.js';
import { transferOptions } from '../../options/transfer.js';
import { findOptions } from './find-options.js';

const planOptions = optionGroup({
  ...PART_SIZE,
  ...withVariables({
    maxParts: value(
      '--max-parts <n>',
      'most parts of an upload, 1 to 10000, for stores that take fewer',
      wholeNumber(1, 10_000),
    ),
    expectedSize: value(
      '--expected-size <size>',
      'smallest size of the stream; sets the part size',
      sizeBytes,
    ),
    description: text('--description <text>', "description of the archive (default: the file's name)"),
  }),
});

const ownOptions = optionGroup({
  ...STREAM_OPTIONS,
  fresh: flag('--fresh', 'create a new upload, even if one is unfinished or the file is archived'),
  dryRun: flag('--dry-run', 'print what would be done; ask no service, write nothing'),
});

const groups = {
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
  description: 'Send files (- for standard input) to a target, or continue where an earlier run stopped.',
  groups,
  load: async () => (await import('./run.js')).upload,
});
