/** The completion script for fish. Source: fish documentation, `complete`. */
import { shellQuote } from '../../core/shell-quote.js';
import {
  type Candidates,
  type CommandShape,
  idsPipe,
  type OptionShape,
  type ProgramShape,
  TARGET_STARTS,
} from './shape.js';

/** In single quotes of fish, a backslash escapes only a quote or a backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}

const WORDS = {
  folders: '(__fish_complete_directories)',
  targets: TARGET_STARTS.join(' '),
  'upload-ids': '(__calve_ids status)',
  'bare-upload-ids': '(__calve_ids status)',
  'archive-ids': '(__calve_ids archives)',
} as const;

/** Returns the arguments of `complete` for the candidates: `-x` excludes files, `-F` includes them. */
function offer(candidates: Candidates): string {
  if (candidates === 'files') return '-r -F';
  const words = typeof candidates === 'string' ? WORDS[candidates] : candidates.map(shellQuote).join(' ');
  return words === '' ? '-x' : `-x -a ${quoted(words)}`;
}

function optionLine(condition: string, { flags, description, value }: OptionShape): string {
  const named = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const parts = [condition, ...named, `-d ${quoted(description)}`, ...(value === null ? [] : [offer(value)])];
  return `complete -c calve ${parts.join(' ')}`;
}

function commandLines(command: CommandShape): string[] {
  const condition = `-n '__fish_seen_subcommand_from ${command.name}'`;
  return [
    `complete -c calve -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
    ...command.options.map((option) => optionLine(condition, option)),
    ...command.words.map((words) =>
      words === 'files'
        ? `complete -c calve ${condition} -F`
        : `complete -c calve ${condition} -a ${quoted(typeof words === 'string' ? WORDS[words] : words.join(' '))}`,
    ),
  ];
}

export function fishScript({ commands, options }: ProgramShape): string {
  return [
    '# fish completion for calve, made by: calve completion fish',
    '',
    'function __calve_ids',
    `    ${idsPipe('$argv[1]')}`,
    'end',
    '',
    'complete -c calve -f',
    ...options.map((option) => optionLine('-n __fish_use_subcommand', option)),
    ...commands.flatMap(commandLines),
  ].join('\n');
}
