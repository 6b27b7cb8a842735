/** The four uses of `archives`. An option that a use does not have is refused: one that is dropped in silence misleads. */
import type { CommandContext } from '../../command.js';
import { FILTERS } from '../../options/filter.js';
import type { Options } from './command.js';

type Use = 'list' | 'forget' | 'export' | 'import';

const OWN = ['--forget', '--export', '--import', '--format', '--target', '--base', ...FILTERS];

/** @throws TransferError `usage` */
export function checkUse({ given, options, output }: CommandContext<Options>): Use {
  const uses = (['forget', 'export', 'import'] as const).filter((use) => options.own[use] !== null);
  const [use = 'list', other] = uses;
  if (other !== undefined) given.refuse(`--${other}`, `it cannot be used together with --${use}`);
  const { format } = options.own;
  const isJournal = format === 'mtglacier';
  const allowed = {
    list: ['--format', '--target', ...FILTERS],
    forget: ['--forget'],
    export: ['--export', '--format', '--target', ...FILTERS, ...(isJournal ? ['--base'] : [])],
    import: ['--import', '--format', ...(isJournal ? ['--target', '--base', ...options.service.typed] : [])],
  }[use];
  const unused = [...OWN, ...options.service.typed].find(
    (long) => given.isTyped(long) && !allowed.includes(long),
  );
  if (unused !== undefined) given.refuse(unused, NOT_FOR[use]);
  if (format !== null && isJournal === (use === 'list'))
    given.refuse('--format', isJournal ? 'it is for --export and --import' : 'it is for the list');
  if (format === 'csv' && output.json) given.refuse('--format', 'it cannot be used together with --json');
  if (isJournal && options.filter.target === null)
    given.refuse(
      '--format',
      'the journal of mtglacier has the archives of one vault, and does not name it',
      NAME_IT,
    );
  return use;
}

const NAME_IT = 'name the vault with --target=glacier://VAULT';

const NOT_FOR: Readonly<Record<Use, string>> = {
  list: 'it is not for the list of the archives',
  forget: 'it cannot be used together with --forget',
  export: 'it is not for this export',
  import: 'it is not for this import',
};
