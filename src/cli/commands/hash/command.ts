import { Argument } from 'commander';
import { defineCommand } from '../../command.js';

export const hash = defineCommand({
  name: 'hash',
  arguments: [new Argument('<file...>')],
  description: 'Print the SHA-256 tree hash of files (- for standard input).',
  examples: [
    { line: 'calve hash backup.tar', meaning: 'Prints the tree hash of a file.' },
    { line: 'tar -c backup.tar | calve hash -', meaning: 'Prints the tree hash of a stream.' },
  ],
  groups: {},
  load: async () => (await import('./run.js')).hash,
});
