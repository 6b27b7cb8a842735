import { defineCommand } from '../../command.js';
import type { OptionsOf } from '../../options/group.js';
import { folderOptions } from '../../options/state.js';

const groups = folderOptions;

export type Options = OptionsOf<typeof groups>;

export const status = defineCommand({
  name: 'status',
  description: 'List the unfinished uploads: the bytes that are sent, and the time of expiry.',
  groups,
  load: async () => (await import('./run.js')).status,
});
