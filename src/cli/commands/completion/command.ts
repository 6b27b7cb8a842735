import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { SHELLS } from './shells.js';

export const completion = defineCommand({
  name: 'completion',
  arguments: [new Argument('<shell>').choices(SHELLS)],
  description: 'Print a script that completes words in bash, zsh or fish.',
  examples: [
    { line: 'source <(calve completion bash)', meaning: 'Completes words in this bash.' },
    { line: 'calve completion zsh > ~/.zfunc/_calve', meaning: 'Installs the script for zsh.' },
  ],
  groups: {},
  load: async () => (await import('./run.js')).completion,
});
