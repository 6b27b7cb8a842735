/** Decides what `upload` does next with a file, from the facts about it. Pure. */
import type { Sameness } from '../core/fingerprint.js';
import type { CatalogueEntry, UnfinishedUpload } from './ports/state.js';

/** An unfinished upload of the file, and how the file compares with what it was created for. */
export interface Candidate {
  readonly upload: UnfinishedUpload;
  /** Null: not compared, because a newer upload fits already. */
  readonly sameness: Sameness | null;
}

export interface UploadFacts {
  /** The user asked for a new upload, whatever is unfinished or archived. */
  readonly fresh: boolean;
  /** Unfinished uploads whose archive does not exist, the newest first. */
  readonly candidates: readonly Candidate[];
  /** The newest archive of this very file that still exists. */
  readonly archived: CatalogueEntry | null;
  /** Archives that this run learned of by sending complete again. */
  readonly settled: readonly CatalogueEntry[];
  /** True when parts are billed until their upload is aborted. */
  readonly billsParts: boolean;
}

export type UploadAction =
  /** This run finished the archive by sending complete again. */
  | { readonly action: 'settled'; readonly entry: CatalogueEntry }
  /** The file is archived already: send nothing. `leftovers` are no longer needed. */
  | {
      readonly action: 'skip';
      readonly entry: CatalogueEntry;
      readonly leftovers: readonly UnfinishedUpload[];
    }
  /** Continue this upload. When it is done, `leftovers` are no longer needed. */
  | {
      readonly action: 'resume';
      readonly upload: UnfinishedUpload;
      readonly leftovers: readonly UnfinishedUpload[];
    }
  /** Create a new upload. `olderVersions` are unfinished uploads of the file as it was before. */
  | {
      readonly action: 'create';
      readonly olderVersions: readonly UnfinishedUpload[];
      readonly leftovers: readonly UnfinishedUpload[];
    };

/**
 * Returns the next action. `--fresh` always creates. An archive wins over an unfinished upload that is older than it; an
 * unfinished upload of the very same file is continued; otherwise a new upload is created.
 */
export function decide({ fresh, candidates, archived, settled, billsParts }: UploadFacts): UploadAction {
  const open = candidates.map(({ upload }) => upload);
  if (fresh) return { action: 'create', olderVersions: [], leftovers: open };
  const finished = settled.find(({ archiveId }) => archiveId === archived?.archiveId);
  if (finished !== undefined) return { action: 'settled', entry: finished };
  const current =
    candidates.find(({ sameness }) => sameness === 'same' || sameness === 'touched')?.upload ?? null;
  if (archived !== null && (current === null || current.head.startedAt < archived.archivedAt)) {
    return { action: 'skip', entry: archived, leftovers: open };
  }
  if (current !== null) {
    return { action: 'resume', upload: current, leftovers: open.filter((upload) => upload !== current) };
  }
  return { action: 'create', olderVersions: open, leftovers: billsParts ? open : [] };
}
