/** The command tree. Bodies are loaded when they run, so that --help stays quick. */
import { Command } from 'commander';
import type { CommandDefinition, CommandGroup } from './command.js';
import { abort } from './commands/abort/command.js';
import { archives } from './commands/archives/command.js';
import { audit } from './commands/audit/command.js';
import { check } from './commands/check/command.js';
import { completion } from './commands/completion/command.js';
import { emulator } from './commands/emulator/command.js';
import { fleet, fleetGroup } from './commands/fleet/command.js';
import { hash } from './commands/hash/command.js';
import { listParts } from './commands/list-parts/command.js';
import { listUploads } from './commands/list-uploads/command.js';
import { resume } from './commands/resume/command.js';
import { status } from './commands/status/command.js';
import { upload } from './commands/upload/command.js';
import { verify } from './commands/verify/command.js';
import { EXIT_ROWS, type ExitCode } from './exit-codes.js';
import { addHelp, SHORT_HELP, textAfterCommands, textAfterGroup } from './help.js';
import type { Io } from './io.js';
import { inOrderOfHeadings } from './options/headings.js';
import { outputOptions } from './options/output.js';

/** In the order of `--help`. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...[upload, resume, listUploads, listParts, abort],
  ...[status, archives, audit, verify, hash, check, ...fleet, emulator, completion],
];

export const GROUPS: readonly CommandGroup[] = [fleetGroup];

export interface Program {
  readonly command: Command;
  /** Returns the exit number of the command that ran. */
  exitCode(): ExitCode;
}

export function buildProgram(io: Io, version: string): Program {
  let exitCode: ExitCode = 0;
  const program = new Command('calve')
    .description('Multipart uploads to cold storage: in parallel, resumable, verified.')
    // Without commander's -V (bin/calve.js takes it alone): an id such as -Vx1 would be read as -V, and end with 0.
    .version(version, '--version')
    .helpCommand('help [command]', 'display help for a command')
    .configureHelp(SHORT_HELP)
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', ({ command }) => `\n${textAfterCommands(command, EXIT_ROWS)}`);
  for (const definition of COMMANDS) {
    const command = declare(newCommand(program, definition.name), definition);
    command.action(async () => {
      const { runCommand } = await import('./run-command.js');
      exitCode = await runCommand(io, command, definition);
    });
  }
  return { command: program, exitCode: () => exitCode };
}

/** Adds a command. One with a name of two words is a command of the first one, which only groups them. */
function newCommand(program: Command, name: string): Command {
  const [first = '', second] = name.split(' ');
  if (second === undefined) return program.command(first);
  const group = program.commands.find((each) => each.name() === first) ?? newGroup(program, first);
  return group.command(second);
}

function newGroup(program: Command, name: string): Command {
  const { description, examples } = GROUPS.find((each) => each.name === name) as CommandGroup;
  return program
    .command(name)
    .description(description)
    .addHelpText('after', ({ command }) => `\n${textAfterGroup(command, examples)}`);
}

function declare(command: Command, definition: CommandDefinition): Command {
  const { description } = definition;
  const [summary = ''] = description.split(/(?<=\.) /);
  command.description(description).summary(summary);
  if (definition.synopsis !== undefined) command.usage(definition.synopsis);
  for (const argument of definition.arguments ?? []) command.addArgument(argument);
  const options = [...Object.values(definition.groups), outputOptions].flatMap((group) => group.options);
  for (const option of inOrderOfHeadings(options)) command.addOption(option);
  addHelp(command, definition);
  return command;
}
