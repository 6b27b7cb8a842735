import type { Command, Option } from 'commander';
import { formatSizeOption, MIB_BYTES } from '../../../core/units.js';
import { bashScript } from '../../../ui/completion/bash.js';
import { fishScript } from '../../../ui/completion/fish.js';
import type { Candidates, CommandShape, OptionShape, ProgramShape } from '../../../ui/completion/shape.js';
import { zshScript } from '../../../ui/completion/zsh.js';
import { completionJson } from '../../../ui/json.js';
import type { CommandContext } from '../../command.js';
import { allOptions } from '../../help.js';
import { isRepeatable } from '../../options/declare.js';
import { SHELLS } from './shells.js';

const SCRIPTS: { readonly [S in (typeof SHELLS)[number]]: (shape: ProgramShape) => string } = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Every power of two that a part can be. */
const PART_SIZES = ['auto', ...Array.from({ length: 13 }, (_, i) => formatSizeOption(MIB_BYTES * 2 ** i))];
const STORAGE_CLASSES = ['STANDARD', 'STANDARD_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE', 'WARM', 'COLD'];

/** Values of options that are neither folders nor declared as choices. */
const VALUES: Readonly<Record<string, Candidates>> = {
  '--part-size': PART_SIZES,
  '--files-from': 'files',
  '--file': 'files',
  '--manifest': 'files',
  '--storage-class': STORAGE_CLASSES,
  '--upload-id': 'upload-ids',
  '--archive-id': 'archive-ids',
  '--forget': 'archive-ids',
};

/** Words of a command, by the parts of their name, as in `file-or-target`. */
const WORDS: Readonly<Record<string, Candidates>> = {
  file: 'files',
  target: 'targets',
  'upload-id': 'bare-upload-ids',
};

/** `calve completion bash|zsh|fish` prints the script that completes the words of this very program. */
export async function completion(
  context: CommandContext,
  words: readonly string[],
  command: Command,
): Promise<void> {
  const shell = SHELLS.find((each) => each === words[0]) ?? 'bash';
  const script = SCRIPTS[shell](shapeOf(command.parent ?? command));
  await context.result(completionJson(shell, script), script);
}

function shapeOf(program: Command): ProgramShape {
  return { commands: program.commands.map(commandShape), options: optionShapes(program) };
}

/** A group has the words and the options of its commands: a shell completes the command's name among the words. */
function commandShape(command: Command): CommandShape {
  const { commands: grouped } = command;
  if (grouped.length > 0) return groupShape(command, grouped.map(commandShape));
  const words = command.registeredArguments.flatMap((argument) =>
    argument.argChoices === undefined ? argument.name().split('-or-').map(wordsOf) : [argument.argChoices],
  );
  return { name: command.name(), description: command.description(), options: optionShapes(command), words };
}

function groupShape(group: Command, commands: readonly CommandShape[]): CommandShape {
  const options = new Map<string, OptionShape>();
  for (const option of commands.flatMap((each) => each.options)) {
    options.set(option.flags.join(), options.get(option.flags.join()) ?? option);
  }
  return {
    name: group.name(),
    description: group.description(),
    options: [...options.values()],
    words: [commands.map(({ name }) => name), 'files', 'targets'],
  };
}

function wordsOf(kind: string): Candidates {
  return WORDS[kind] ?? [];
}

/** Returns the options that `--help-all` shows. */
function optionShapes(command: Command): OptionShape[] {
  return allOptions(command).map(optionShape);
}

function optionShape(option: Option): OptionShape {
  const { short, long, description } = option;
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: option.required ? valuesOf(option) : null,
    isRepeatable: isRepeatable(option),
  };
}

function valuesOf({ flags, long = '', argChoices }: Option): Candidates {
  if (flags.endsWith(' <dir>')) return 'folders';
  return argChoices ?? VALUES[long] ?? [];
}
