/** The words of the import and the export of the catalogue. */
import type { LineFault } from '../../transfer/import-lines.js';
import type { LeftOut } from '../../transfer/mtglacier.js';
import { count, type FailureDescriber, safeFile } from './wording-parts.js';

export const LINE_FAULTS: Readonly<Record<LineFault, string>> = {
  damaged: 'it is damaged, or no record of an archive',
  newer: 'a newer version wrote it',
  torn: 'its end is missing, or it is too long',
  name: 'its file name does not stay below a folder',
};

export const LEFT_OUT: Readonly<Record<LeftOut, string>> = {
  object: 'mtglacier knows archives of vaults only',
  'other-target': 'it is in another vault than the one of --target',
  outside: 'its file is not below the folder of --base',
  name: 'mtglacier accepts no such file name',
};

export const describeLinesRefused: FailureDescriber<'lines-refused'> = (error) => {
  const { path, count: refused, line, why } = error.facts;
  const first = refused === 1 ? `line ${line}` : `the first is line ${line}`;
  return {
    what: safeFile(path),
    why: `${count(refused, 'line')} could not be imported (${first}: ${LINE_FAULTS[why]})`,
    hint: 'the other lines were imported; correct the file and import it again',
  };
};
