/** The member of the target port that makes an object without an upload. */
import type { PreparedPart } from './source.js';
import type { FinishedArchive, ObjectOptions, PartWatch } from './target.js';

export interface ObjectPutter {
  /**
   * Makes an object of a single part by one request, and compares what the service says of it. A repetition makes the
   * same object again. Only for targets whose capabilities say so.
   * @throws TransferError `checksum` (retry class `corrupt`) when the service received other bytes
   */
  putObject(
    part: PreparedPart,
    options: ObjectOptions,
    signal: AbortSignal,
    watch?: PartWatch,
  ): Promise<FinishedArchive>;
}
