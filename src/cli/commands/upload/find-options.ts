/** The options that find the files of an upload: folders, lists and patterns. */
import { InvalidArgumentError } from 'commander';
import { type FilterRule, patternProblem } from '../../../source/find-files/filters.js';
import { flag, sharedList, type TypedOption, value } from '../../options/declare.js';
import { optionGroup } from '../../options/group.js';
import { below, rare } from '../../options/headings.js';
import { nameOf } from '../../options/parsers.js';

/** Both options fill one list, because the first rule that matches decides. */
function filterRule(action: FilterRule['action'], description: string): TypedOption<readonly FilterRule[]> {
  return sharedList(`--${action} <pattern>`, description, 'filterRules', (pattern): FilterRule => {
    const problem = patternProblem(pattern);
    if (problem !== null) throw new InvalidArgumentError(problem);
    return { action, pattern };
  });
}

const CHOSEN_FILES = {
  recursive: flag('--recursive', 'send the files in folders, named by their paths'),
  filesFrom: value('--files-from <list>', 'send the files that a list names (- for stdin)', nameOf('list')),
  include: filterRule('include', 'send what matches; the first match decides'),
  exclude: filterRule('exclude', 'leave out what matches, as rsync does'),
};

const DETAILS = {
  null: flag('-0, --null', 'names in the list end with a NUL byte, not with the line'),
  followLinks: flag('--follow-links', 'send the files and folders that symbolic links lead to'),
  oneFileSystem: flag('--one-file-system', 'enter no folder that is on another file system'),
};

export const findOptions = optionGroup(
  below('Folders and lists:', { ...CHOSEN_FILES, ...rare(DETAILS) }),
  ({ include: filterRules, exclude: _, ...values }) => ({ ...values, filterRules }),
);
