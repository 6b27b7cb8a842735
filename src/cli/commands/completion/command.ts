import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { SHELLS } from './shells.js';

export const completion = defineCommand({
  name: 'completion',
  arguments: [new Argument('<shell>').choices(SHELLS)],
  description: 'Print a script that completes the words of calve in a shell: bash, zsh or fish.',
  groups: {},
  load: async () => (await import('./run.js')).completion,
});
