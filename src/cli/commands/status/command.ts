import { defineCommand } from '../../command.js';
import type { OptionsOf } from '../../options/group.js';
import { folderOptions } from '../../options/state.js';

const groups = folderOptions;

export type Options = OptionsOf<typeof groups>;

export const status = defineCommand({
  name: 'status',
  description: 'List the unfinished uploads, and how far each one got.',
  examples: [
    { line: 'calve status', meaning: 'Lists the unfinished uploads, and how far each one got.' },
    { line: 'calve status --json', meaning: 'Prints one JSON object for each upload.' },
  ],
  groups,
  load: async () => (await import('./run.js')).status,
});
