import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { flag, repeatable, value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { durationMs } from '../../options/parsers.js';
import { serviceOptions } from '../../options/service.js';
import { folderOptions } from '../../options/state.js';
import { lockOptions } from '../../options/transfer.js';

/** The library reads the same groups. */
export const groups = {
  own: optionGroup({
    uploadIds: repeatable('--upload-id <id>', 'abort this upload (repeatable)'),
    olderThanMs: value(
      '--older-than <time>',
      'abort uploads without activity for this time, for example 12h',
      durationMs,
    ),
    all: flag('--all', 'abort all uploads to the target'),
    yes: flag('--yes', 'do not ask for confirmation'),
    dropRecord: flag(
      '--drop-record',
      'delete the local record of an upload that is gone, although its archive may exist',
    ),
    dryRun: flag('--dry-run', 'list what would be aborted'),
  }),
  lock: lockOptions,
  ...folderOptions,
  service: serviceOptions,
};

export type Options = OptionsOf<typeof groups>;

export const abort = defineCommand({
  name: 'abort',
  arguments: [new Argument('<target>')],
  description: 'Abort uploads. The service deletes the parts that were sent.',
  examples: [
    { line: 'calve abort glacier://photos --upload-id ID', meaning: 'Aborts one upload.' },
    {
      line: 'calve abort local://trial --all --dry-run',
      meaning: 'Lists the uploads that --all would abort.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).abort,
});
