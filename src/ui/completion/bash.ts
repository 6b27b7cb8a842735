/**
 * The completion script for bash 4 and later (`compopt`, `mapfile`). It needs no other package.
 * Source: Bash reference manual, "Programmable Completion".
 */
import { shellLine } from '../../core/shell-quote.js';
import { type Candidates, type CommandShape, idsPipe, type ProgramShape, TARGET_STARTS } from './shape.js';

/** The fixed functions of the script. File names come from readline itself, which quotes them correctly. */
const HEAD = `# bash completion for calve, made by: calve completion bash

_calve_offer() {
    local word
    for word in "$@"; do
        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
    done
}

_calve_ids() {
    local ids
    mapfile -t ids
    _calve_offer "\${ids[@]}"
}

# An id that begins with - needs -- before it, unless it is the value of an option.
_calve_bare_ids() {
    local id
    while read -r id; do
        if [[ $id != -* || -n $rest ]]; then _calve_offer "$id"; fi
    done < <(${idsPipe('status')})
}

_calve_files() { compopt -o default; }
_calve_folders() { compopt -o dirnames; }
_calve_upload_ids() { _calve_ids < <(${idsPipe('status')}); }
_calve_archive_ids() { _calve_ids < <(${idsPipe('archives')}); }

_calve_targets() {
    # Readline adds files only to an empty list, so an empty word that may be a file gets no targets.
    if [[ -n $cur || $1 == alone ]]; then _calve_offer ${TARGET_STARTS.join(' ')}; fi
    if [[ \${COMPREPLY[0]-} == *:// ]]; then compopt -o nospace; fi
}
`;

const FUNCTIONS = {
  files: '_calve_files',
  folders: '_calve_folders',
  targets: '_calve_targets',
  'upload-ids': '_calve_upload_ids',
  'bare-upload-ids': '_calve_bare_ids',
  'archive-ids': '_calve_archive_ids',
} as const;

function offer(candidates: Candidates): string {
  if (typeof candidates === 'string') return FUNCTIONS[candidates];
  return candidates.length === 0 ? ':' : `_calve_offer ${shellLine(candidates)}`;
}

function offerWords(words: readonly Candidates[]): string {
  const offers = words.map(offer).join('; ') || ':';
  return offers === FUNCTIONS.targets ? `${offers} alone` : offers;
}

/** Returns one branch of `case` for each kind of value that options can have. */
function valueBranches(command: CommandShape): string[] {
  const flagsBy = new Map<string, string[]>();
  for (const { flags, value } of command.options) {
    if (value === null) continue;
    const offered = offer(value);
    flagsBy.set(offered, [...(flagsBy.get(offered) ?? []), ...flags]);
  }
  return [...flagsBy].map(([offered, flags]) => `        ${flags.join(' | ')}) ${offered}; return ;;`);
}

function commandBranch(command: CommandShape): string {
  const flags = command.options.flatMap((option) => option.flags);
  return [
    `    ${command.name})`,
    '        case $prev in',
    ...valueBranches(command),
    '        esac',
    `        if [[ $cur == -* && -z $rest ]]; then _calve_offer ${flags.join(' ')}; else ${offerWords(command.words)}; fi`,
    '        ;;',
  ].join('\n');
}

export function bashScript({ commands, options }: ProgramShape): string {
  const first = [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)];
  return `${HEAD}
_calve() {
    local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} rest= i
    COMPREPLY=()
    # Readline also splits words at = and :, so that --part-size=16M is three words.
    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
    if [[ $cur == : || $prev == : ]]; then return; fi
    if ((COMP_CWORD == 1)); then _calve_offer ${first.join(' ')}; return; fi
    for ((i = 2; i < COMP_CWORD && \${#rest} == 0; i++)); do
        if [[ \${COMP_WORDS[i]} == -- ]]; then rest=$i; fi
    done
    if [[ \${COMP_WORDS[1]} == upload && -n $rest ]]; then
        # A command that calve runs starts here.
        if ((rest == COMP_CWORD - 1)); then mapfile -t COMPREPLY < <(compgen -c -- "$cur"); fi
        _calve_files
        return
    fi
    case \${COMP_WORDS[1]} in
${commands.map(commandBranch).join('\n')}
    esac
}

complete -F _calve calve`;
}
