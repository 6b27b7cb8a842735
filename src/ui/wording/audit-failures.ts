/** The failures of an audit. */
import { safeWhole } from '../text/safe-text.js';
import { formatTimestamp, isoFromMs } from '../text/timestamps.js';
import { count, type FailureDescriber, inBrackets, RUN_AGAIN } from './wording-parts.js';

/** Source: Amazon Glacier developer guide, "Archive Retrieval Options": an inventory takes 3 to 5 hours. */
const INVENTORY_MS = 5 * 3_600_000;

export const describeInventoryPending: FailureDescriber<'inventory-pending'> = (error) => {
  if (error.facts.jobId === null) {
    return {
      what: `the vault has no inventory yet${inBrackets(error)}`,
      why: 'the service makes it up to a day after the first archive',
      hint: `${RUN_AGAIN} tomorrow`,
    };
  }
  const { jobId, startedAt, isNew } = error.facts;
  const since = isNew ? 'calve has asked for it now' : `it was asked for on ${formatTimestamp(startedAt)}`;
  const readyAt = isoFromMs(Date.parse(startedAt) + INVENTORY_MS);
  return {
    what: `the inventory of the vault is not ready${inBrackets(error)}`,
    why: `the service takes some hours to make it, and ${since} (job ${safeWhole(jobId)})`,
    hint: `${RUN_AGAIN} after ${formatTimestamp(readyAt)}, and within a day from then`,
  };
};

export const describeArchivesMissing: FailureDescriber<'archives-missing'> = (error) => ({
  what: `the audit misses ${count(error.facts.count, 'archive')}${inBrackets(error)}`,
  why: `the catalogue has ${error.facts.count === 1 ? 'it' : 'them'}, and the service does not`,
  hint: 'send the files again with calve upload --fresh; for an archive that was deleted on purpose: calve archives --forget=ID',
});

export const describeArchivesDifferent: FailureDescriber<'archives-different'> = (error) => ({
  what: `the audit found ${count(error.facts.count, 'archive')} with other content${inBrackets(error)}`,
  why: 'the size or the checksum on the service is not that in the catalogue',
  hint: 'another program may have replaced them: look at their dates on the service, and send the files again with calve upload --fresh',
});
