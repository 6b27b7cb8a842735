/** The folders in which calve keeps its files. A folder is only asked for when a command needs it. */
import { isAbsolute, join } from 'node:path';
import { TransferError } from '../../core/failures.js';
import { safeWhole } from '../../ui/text/safe-text.js';
import { LOST_BYTES, mayHaveLostBytes } from '../../ui/wording/lost-bytes.js';
import type { OptionIo } from '../io.js';
import { flag, value, withVariables } from './declare.js';
import { optionGroup } from './group.js';
import { below, rare } from './headings.js';
import { nameOf } from './parsers.js';

export interface FolderOption {
  /** The absolute path; null where neither an option nor the environment names one. */
  readonly known: string | null;
  /** True where an option or its CALVE_ variable names it. */
  readonly isGiven: boolean;
  /** @throws TransferError `state` (no-home) where `known` is null; `usage` where its name has lost bytes */
  path(): string;
}

/** True if the members of the user's own groups are trusted with the folders. */
interface TrustOptions {
  readonly trust: { readonly trustGroup: boolean };
}

export interface StateOptions extends TrustOptions {
  readonly state: FolderOption;
}

export interface CatalogueOptions extends TrustOptions {
  readonly catalogue: FolderOption;
}

/** The folder that is used when no option names one. */
interface Standard {
  readonly variable: 'XDG_STATE_HOME' | 'XDG_DATA_HOME';
  /** Below the home folder. */
  readonly fallback: string;
  /** Below the XDG folder. */
  readonly name: string;
}

export function folderOption(io: OptionIo, given: string | null, standard: Standard): FolderOption {
  const known = given === null ? standardFolder(io, standard) : io.absolute(given);
  const { variable, fallback, name } = standard;
  return {
    known,
    isGiven: given !== null,
    path() {
      if (known !== null) return wholeName(known);
      const detail = `neither HOME nor ${variable} names a folder`;
      const path = join('~', fallback, 'calve', name);
      throw new TransferError('state', { path, why: 'no-home', detail });
    },
  };
}

/**
 * Returns the path of a folder. One that has lost bytes would be another folder, which calve would create.
 * @throws TransferError `usage`
 */
export function wholeName(path: string): string {
  if (!mayHaveLostBytes(path)) return path;
  const hint = 'rename the folder, or name another one';
  throw new TransferError('usage', { what: safeWhole(path), why: LOST_BYTES, hint });
}

/** Source: XDG base directory specification; a relative value is to be ignored. */
function standardFolder({ env, homeDir }: OptionIo, { variable, fallback, name }: Standard): string | null {
  const given = env[variable];
  if (given !== undefined && isAbsolute(given)) return join(given, 'calve', name);
  // A relative HOME would put the state into the working folder.
  return !isAbsolute(homeDir) ? null : join(homeDir, fallback, 'calve', name);
}

const FOLDERS = below(
  'Folders of calve:',
  rare(
    withVariables({
      stateDir: value('--state-dir <dir>', 'folder of the unfinished uploads', nameOf('folder')),
      catalogue: value(
        '--catalogue <dir>',
        'folder of the catalogue: the ids of all archives',
        nameOf('folder'),
      ),
      trustGroup: flag('--trust-group', 'accept folders that your own groups may write to'),
    }),
  ),
);

const stateOptions = optionGroup({ stateDir: FOLDERS.stateDir }, ({ stateDir }, _, io) =>
  folderOption(io, stateDir, {
    variable: 'XDG_STATE_HOME',
    fallback: '.local/state',
    name: '',
  }),
);

const catalogueOptions = optionGroup({ catalogue: FOLDERS.catalogue }, ({ catalogue }, _, io) =>
  folderOption(io, catalogue, {
    variable: 'XDG_DATA_HOME',
    fallback: '.local/share',
    name: 'archives',
  }),
);

const trustOptions = optionGroup({ trustGroup: FOLDERS.trustGroup });

/**
 * Every command about uploads or archives accepts both folders, so that a script can give all of them the same options.
 * A folder that a command does not use is not looked at.
 */
export const folderOptions = { state: stateOptions, catalogue: catalogueOptions, trust: trustOptions };
