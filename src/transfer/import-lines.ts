/** Adds the archives in the lines of a file to the catalogue. */
import type { FailureFacts } from '../core/failures.js';
import type { Catalogue, CatalogueEntry } from './ports/state.js';
import type { Session } from './session.js';

export type LineFault = FailureFacts['lines-refused']['why'];

/** The archive of a line; `deleted`: an archive that was deleted since; `none`: a line without an archive. */
export type DecodedLine = CatalogueEntry | 'deleted' | 'none' | { readonly fault: LineFault };

export interface ImportTotals {
  imported: number;
  /** The catalogue had them already. */
  present: number;
  deleted: number;
  refused: number;
  firstRefused: { readonly line: number; readonly why: LineFault } | null;
}

interface Line {
  readonly number: number;
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

export interface ImportedFile {
  readonly path: string;
  readonly lines: AsyncIterable<Line>;
  decode(line: Buffer): DecodedLine | Promise<DecodedLine>;
}

/** Memory for some megabytes of entries, and each folder is synced once for all of them. */
const TOGETHER = 5_000;
/** A file of another kind would have as many faults as lines. */
const FAULTS_REPORTED = 20;

/**
 * Adds the archives, and goes on after a line that has none. The totals are reported in any case: also if the disk or a
 * signal ends the work, and what was imported until then stays.
 */
export async function importLines(
  { catalogue, report, signal }: Pick<Session, 'report' | 'signal'> & { readonly catalogue: Catalogue },
  { path, lines, decode }: ImportedFile,
): Promise<ImportTotals> {
  const totals: ImportTotals = { imported: 0, present: 0, deleted: 0, refused: 0, firstRefused: null };
  let held: CatalogueEntry[] = [];
  const write = async (): Promise<void> => {
    const written = await catalogue.recordAll(held);
    totals.imported += written;
    totals.present += held.length - written;
    held = [];
  };
  const refuse = (line: number, why: LineFault): void => {
    totals.refused += 1;
    totals.firstRefused ??= { line, why };
    if (totals.refused <= FAULTS_REPORTED)
      report({ type: 'notice', notice: 'line-refused', path, line, why });
  };
  try {
    for await (const { number, bytes, isWhole } of lines) {
      signal.throwIfAborted();
      const decoded = isWhole ? await decode(bytes) : { fault: 'torn' as const };
      if (decoded === 'deleted') totals.deleted += 1;
      else if (decoded === 'none') continue;
      else if ('fault' in decoded) refuse(number, decoded.fault);
      else held.push(decoded);
      if (held.length >= TOGETHER) await write();
    }
    await write();
    return totals;
  } finally {
    const { firstRefused: _, ...counts } = totals;
    report({ type: 'notice', notice: 'imported', path, ...counts });
  }
}
