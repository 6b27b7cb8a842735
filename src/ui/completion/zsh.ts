/** The completion script for zsh. Source: zsh manual, zshcompsys(1), `_arguments`. */
import { shellQuote } from '../../core/shell-quote.js';
import {
  type Candidates,
  type CommandShape,
  idsPipe,
  type OptionShape,
  type ProgramShape,
  TARGET_STARTS,
} from './shape.js';

const ACTIONS = {
  files: '_files',
  folders: '_files -/',
  targets: '_calve_targets',
  'upload-ids': '_calve_upload_ids',
  'bare-upload-ids': '_calve_bare_ids',
  'archive-ids': '_calve_archive_ids',
} as const;

/** Escapes text in a specification, which a colon or a bracket would otherwise end. */
function inSpec(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, '\\$&');
}

function action(candidates: Candidates): string {
  if (typeof candidates === 'string') return ACTIONS[candidates];
  return candidates.length === 0 ? ' ' : `(${candidates.map(inSpec).join(' ')})`;
}

function optionSpecs({ flags, description, value, isRepeatable }: OptionShape): string[] {
  return flags.map((flag) => {
    const others = flags.length > 1 && !isRepeatable ? `(${flags.join(' ')})` : '';
    const head = `${isRepeatable ? '*' : others}${flag}${value === null ? '' : '='}[${inSpec(description)}]`;
    return value === null ? head : `${head}:${flag.replace(/^-+/, '')}:${action(value)}`;
  });
}

function wordsSpec(words: readonly Candidates[]): string[] {
  const [first] = words;
  if (first === undefined) return [];
  if (words.length === 1) return [`*:${typeof first === 'string' ? first : 'word'}:${action(first)}`];
  const kinds = words.map((each) => `"${String(each)}:${String(each)}:${action(each)}"`);
  return [`*:word:{_alternative ${kinds.join(' ')}}`];
}

function branch(command: CommandShape): string {
  const specs = [...command.options.flatMap(optionSpecs), ...wordsSpec(command.words)];
  return [
    `    ${command.name})`,
    '      _arguments \\',
    specs.map((spec) => `        ${shellQuote(spec)}`).join(' \\\n'),
    '      ;;',
  ].join('\n');
}

export function zshScript({ commands, options }: ProgramShape): string {
  const described = commands.map(({ name, description }) => shellQuote(`${name}:${inSpec(description)}`));
  return `#compdef calve
# zsh completion for calve, made by: calve completion zsh

_calve_ids() {
  local -a ids
  ids=(\${(f)"$(${idsPipe('$1')})"})
  shift
  compadd "$@" -a ids
}

_calve_upload_ids() { _calve_ids status "$@" }
# An id that begins with - needs -- before it, unless it is the value of an option.
_calve_bare_ids() {
  if (($words[(I)--])); then _calve_ids status "$@"; else _calve_ids status -F '(-*)' "$@"; fi
}
_calve_archive_ids() { _calve_ids archives "$@" }
_calve_targets() { compadd "$@" -S '' -- ${TARGET_STARTS.join(' ')} }

_calve() {
  local -a commands
  if ((CURRENT == 2)); then
    commands=(
${described.map((each) => `      ${each}`).join('\n')}
    )
    _describe command commands
    _arguments ${options.flatMap(optionSpecs).map(shellQuote).join(' ')}
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${commands.map(branch).join('\n')}
  esac
}

if [[ $funcstack[1] == _calve ]]; then _calve "$@"; else compdef _calve calve; fi`;
}
