import { Argument } from 'commander';
import { defineCommand } from '../../command.js';

export const hash = defineCommand({
  name: 'hash',
  arguments: [new Argument('<file...>')],
  description: 'Print the SHA-256 tree hash of files, one line for each (- for standard input).',
  groups: {},
  load: async () => (await import('./run.js')).hash,
});
