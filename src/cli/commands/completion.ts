import type { Command, Option } from 'commander';
import { TransferError } from '../../core/failures.js';
import { formatSizeOption, MIB_BYTES } from '../../core/units.js';
import { bashScript } from '../../ui/completion/bash.js';
import { fishScript } from '../../ui/completion/fish.js';
import type { Candidates, CommandShape, OptionShape, ProgramShape } from '../../ui/completion/shape.js';
import { zshScript } from '../../ui/completion/zsh.js';
import { completionJson } from '../../ui/json.js';
import { PROGRESS_FLAGS } from '../../ui/progress/progress-mode.js';
import { SIGNATURE_MODES, SSE_KINDS } from '../options.js';
import type { CommandContext } from '../run-command.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
const SHELLS = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];

/** Every power of two that a part can be. */
const PART_SIZES = ['auto', ...Array.from({ length: 13 }, (_, i) => formatSizeOption(MIB_BYTES * 2 ** i))];
const STORAGE_CLASSES = ['STANDARD', 'STANDARD_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE', 'WARM', 'COLD'];

/** What options may be followed by, where somebody can know. */
const VALUES: Readonly<Record<string, Candidates>> = {
  '--part-size': PART_SIZES,
  '--progress': PROGRESS_FLAGS,
  '--sse': SSE_KINDS,
  '--storage-class': STORAGE_CLASSES,
  '--signature': SIGNATURE_MODES,
  '--state-dir': 'folders',
  '--catalogue': 'folders',
  '--local-dir': 'folders',
  '--data-dir': 'folders',
  '--upload-id': 'upload-ids',
  '--archive-id': 'archive-ids',
  '--forget': 'archive-ids',
};

/** By the parts of an argument's name, as in `file-or-target`. */
const WORDS: Readonly<Record<string, Candidates>> = {
  file: 'files',
  target: 'targets',
  'upload-id': 'bare-upload-ids',
  shell: SHELLS,
};

/** `calve completion bash|zsh|fish`: the script that completes this very program's words. */
export async function completion(
  context: CommandContext,
  words: readonly string[],
  program: Command,
): Promise<void> {
  const shell = SHELLS.find((each) => each === words[0]);
  if (shell === undefined) {
    const why = `it is one of ${SHELLS.join(', ')}`;
    const hint = 'for example: source <(calve completion bash)';
    throw new TransferError('usage', { what: `completion ${words[0]}`, why, hint });
  }
  const script = SCRIPTS[shell](shapeOf(program));
  await context.result(completionJson(shell, script), script);
}

function shapeOf(program: Command): ProgramShape {
  return { commands: program.commands.map(commandShape), options: optionShapes(program) };
}

function commandShape(command: Command): CommandShape {
  const words = command.registeredArguments.flatMap((argument) =>
    argument
      .name()
      .split('-or-')
      .map((kind) => WORDS[kind] ?? []),
  );
  return { name: command.name(), description: command.description(), options: optionShapes(command), words };
}

/** Those that `--help` shows, itself as well. */
function optionShapes(command: Command): OptionShape[] {
  return command.createHelp().visibleOptions(command).map(optionShape);
}

function optionShape(option: Option): OptionShape {
  const { short, long, description } = option;
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: option.required ? (VALUES[long ?? ''] ?? []) : null,
    isRepeatable: option.parseArg !== undefined,
  };
}
