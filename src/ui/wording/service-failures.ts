/** The failures that the service or the way to it causes: no answer, too slow, not found, gone. */
import type { TransferError } from '../../core/failures.js';
import { isStream } from '../../core/identity.js';
import { formatDuration, formatSize, formatSizeOption } from '../../core/units.js';
import { formatRate } from '../progress/progress-lines.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { pasteLine, type WordingEnvironment } from './paste-line.js';
import {
  couldNot,
  count,
  type FailureDescriber,
  type FailureWording,
  inBrackets,
  isObject,
  RUN_AGAIN,
  resumeOr,
  schemeOf,
  withDetail,
  withServiceWords,
} from './wording-parts.js';

export const describeUnreachable: FailureDescriber<'unreachable'> = (error, env) => {
  const { operation, why, attempts, elapsedMs } = error.facts;
  const effort = `${count(attempts, 'attempt')} in ${formatDuration(elapsedMs)}`;
  return {
    what: couldNot(operation, error),
    why: withServiceWords(`${safeText(why)}, after ${effort}`, error.service),
    hint: resumeOr(`${RUN_AGAIN} later`, error, env),
  };
};

export const describeTooSlow: FailureDescriber<'too-slow'> = (error, env) => {
  const { index, sizeBytes, partTimeMs, bytesPerSecond, fittingPartSizeBytes } = error.facts;
  const rate = bytesPerSecond === null ? '' : ` (${formatRate(bytesPerSecond)})`;
  const fix =
    fittingPartSizeBytes === null
      ? 'this file cannot have parts that are small enough for this connection'
      : error.context.fleet !== undefined
        ? `a fleet with --part-size ${formatSizeOption(fittingPartSizeBytes)} has parts that this connection can send in time`
        : `--fresh --part-size ${formatSizeOption(fittingPartSizeBytes)} creates a new upload, with the largest parts that this connection can send in time`;
  return {
    what: couldNot(`send part ${index}`, error),
    why: `its ${formatSize(sizeBytes)} did not arrive within ${formatDuration(partTimeMs)}, while its signature was valid, although no other part used the connection${rate}`,
    hint: `${fix}; on a faster connection: ${resumeOr(RUN_AGAIN, error, env)}`,
  };
};

const MISSING_THINGS = {
  vault: {
    why: 'the service has no such vault',
    fix: 'check its name, the region and the account; calve creates no vaults on a service',
  },
  bucket: {
    why: 'the service has no such bucket',
    fix: 'check its name, the region and the endpoint; calve creates no buckets',
  },
  upload: {
    why: 'the service has no such upload: it was completed, aborted, or idle for too long',
    fix: 'calve list-uploads TARGET shows the uploads in progress',
  },
  'unfinished upload': {
    why: 'the state folder has no such upload',
    fix: 'calve status lists the uploads in it, --state-dir names another folder',
  },
  'catalogue entry': { why: 'the catalogue has no such entry', fix: 'calve archives lists its entries' },
} as const;

export const describeNotFound: FailureDescriber<'not-found'> = (error, env) => {
  const { what, name, detail } = error.facts;
  const missing = MISSING_THINGS[what];
  const isInState = what === 'unfinished upload' && env.stateDirectory !== null;
  const where = isInState ? ` (${safeWhole(env.stateDirectory)})` : '';
  return {
    what: `${what} ${safeWhole(name)}`,
    why: withServiceWords(withDetail(missing.why + where, detail), error.service),
    hint: wayOn(error, env) ?? missing.fix,
  };
};

/**
 * Returns the command line that lists the things that do exist, or creates the missing one; null if its target or folder
 * is not known.
 */
function wayOn(error: TransferError<'not-found'>, env: WordingEnvironment): string | null {
  const { facts, context } = error;
  if (facts.what === 'vault' && schemeOf(error) === 'local') {
    return 'the first upload creates a vault of local://; --local-dir names the folder of these vaults';
  }
  if (facts.what === 'catalogue entry' && env.catalogueGiven) {
    return `${pasteLine(['calve', 'archives', '--catalogue', env.catalogueGiven])} lists its entries`;
  }
  if (facts.what !== 'upload' || context.target === undefined) return null;
  return `${pasteLine(['calve', 'list-uploads', context.target])} shows the uploads in progress`;
}

export const describeGone: FailureDescriber<'gone'> = (error) => {
  const { uploadId, completing } = error.facts;
  const what = `upload ${safeWhole(uploadId)}${inBrackets(error)}`;
  if (error.context.fleet !== undefined) return describeFleetGone(what, completing !== null, error);
  if (completing === null) {
    return {
      what,
      why: 'it is no longer on the service: another program aborted or completed it',
      hint: isStream(error.context.file ?? '/')
        ? 'run the whole pipeline again: it creates a new upload'
        : 'calve upload of the same file creates a new upload, and sends the file again',
    };
  }
  const whether = isObject(error)
    ? 'if an object is there now, it is not the one that this upload was to create'
    : 'the next inventory of the vault shows if it does';
  return {
    what,
    why: `it is no longer on the service, and it was being completed: the archive may exist (${completing.sizeBytes} bytes, tree hash ${safeText(completing.treeHash ?? 'unknown')})`,
    hint: `${whether}; upload --fresh sends the file again, abort --drop-record removes the local record of this upload`,
  };
};

function describeFleetGone(
  what: string,
  isCompleting: boolean,
  { context: { fleet } }: TransferError<'gone'>,
): FailureWording {
  const why = isCompleting
    ? 'it is no longer on the service, and it was being completed: the archive may exist'
    : 'it is no longer on the service: it was completed or aborted, or it expired';
  const manifest = pasteLine([fleet?.manifest ?? '']);
  const hint = `if no archive was made of it, remove the manifest (rm ${manifest}), and create the fleet again`;
  return { what, why, hint };
}
