/** The failures of an archive or object as a whole: wrong checksum, too large, exists already. */
import type { FailureFacts, TransferError } from '../../core/failures.js';
import { isStream } from '../../core/identity.js';
import type { NameExcess } from '../../core/name-excess.js';
import { formatSize, formatSizeOption } from '../../core/units.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { pasteLine, type WordingEnvironment } from './paste-line.js';
import {
  couldNot,
  count,
  type FailureDescriber,
  type FailureWording,
  inBrackets,
  safeFile,
  thenResume,
  withServiceWords,
} from './wording-parts.js';

export const describeChecksum: FailureDescriber<'checksum'> = (error, env) => {
  const { what, index, expected, got } = error.facts;
  if (what === 'file') {
    return {
      what: safeWhole(error.context.file ?? 'the file'),
      why: `its tree hash is ${safeText(got)}, but the archive has ${safeText(expected)}`,
      hint: 'the file was changed or damaged after it was archived; the archive still has the bytes that were sent',
    };
  }
  const subject = what === 'part' && index !== null ? `part ${index}` : `the ${what}`;
  // Some services refuse a checksum without a word about their own.
  const hashes =
    got === ''
      ? `the service did not accept ${safeText(expected)}`
      : `the file's is ${safeText(expected)}, the service's is ${safeText(got)}`;
  return {
    what: `checksum of ${subject}${inBrackets(error)}`,
    why: withServiceWords(`it does not match: ${hashes}`, error.service),
    hint: checksumHint(error, env),
  };
};

/** An archive of other bytes exists already, if no run can continue: only a new upload helps. */
function checksumHint(error: TransferError<'checksum'>, env: WordingEnvironment): string {
  const fix = "keep the file; check this machine's memory and network";
  const isMade = error.facts.what === 'archive' && error.context.resumable === false;
  if (!isMade) return thenResume(fix, error, env);
  const { file, target } = error.context;
  const canBeRead = file !== undefined && target !== undefined && !isStream(file);
  const line = canBeRead ? `: ${pasteLine(['calve', 'upload', '--fresh', file, target])}` : '';
  return `the archive that was made is not the file; ${fix}, then send it again with --fresh${line}`;
}

export const describeLimit: FailureDescriber<'limit'> = (error) => {
  const { facts } = error;
  if (facts.limit !== 'store') return planWording(facts, safeFile(error.context.file ?? 'the file'));
  const { why, hint } = storeWording(facts, isStream(error.context.file ?? '/'));
  return { what: couldNot(facts.operation, error), why: withServiceWords(why, error.service), hint };
};

type StoreLimit = Extract<FailureFacts['limit'], { limit: 'store' }>;

/** The upload itself cannot be changed, so that resuming it fails again: the hint is a new upload. */
function storeWording({ why, partsMax }: StoreLimit, isStream: boolean) {
  const again = isStream
    ? 'run the whole pipeline again with'
    : 'resuming this upload fails again: run calve upload with --fresh and';
  if (why === 'part-too-small') {
    return {
      why: 'the parts are too small for this store',
      hint: `${again} a larger --part-size, for example 64M`,
    };
  }
  if (why === 'too-large') {
    return {
      why: 'a part, or the object, is too large for this store',
      hint: `${again} a smaller --part-size; if the object is too large, split the file`,
    };
  }
  const size = isStream ? ', and an estimate of its size, for example --expected-size 2T' : '';
  return partsMax === null
    ? {
        why: 'the store does not take so many parts',
        hint: `${again} --max-parts and the number of parts that the store takes, for example 1000${size}`,
      }
    : {
        why: `the store takes no more than ${count(partsMax, 'part')}`,
        hint: `${again} --max-parts ${partsMax}${size}`,
      };
}

function nameWording({ thing, length, max, unit }: NameExcess, subject: string): FailureWording {
  const form = thing === 'key' ? 'the key' : 'the description that calve makes of its name';
  return {
    what: subject,
    why: `${form} would have ${length.toLocaleString('en-US')} ${unit}, and the service accepts at most ${max.toLocaleString('en-US')}`,
    hint:
      thing === 'key'
        ? 'shorten its path, or send it in a run of its own, to a shorter key'
        : 'shorten its path, or send it in a run of its own with --description',
  };
}

function planWording(facts: Exclude<FailureFacts['limit'], StoreLimit>, subject: string): FailureWording {
  if (facts.limit === 'stream') {
    return {
      what: subject,
      why: `it is longer than ${count(facts.partsMax, 'part')} of ${formatSize(facts.partSizeBytes)}, and an upload can have no more parts than that`,
      hint: 'pass an estimate of its size, for example --expected-size 2T: calve then makes the parts larger',
    };
  }
  if (facts.limit === 'name') return nameWording(facts, subject);
  if (facts.limit === 'size') {
    return {
      what: subject,
      why: `its ${formatSize(facts.sizeBytes)} are more than the ${formatSize(facts.maxBytes)} that an archive can have`,
      hint: 'split it into smaller files (split --bytes), and upload those',
    };
  }
  const given = formatSizeOption(facts.partSizeBytes);
  const fitting = formatSizeOption(facts.fittingPartSizeBytes);
  return {
    what: `${subject} with --part-size ${given}`,
    why: `${count(facts.partCount, 'part')} are more than the ${count(facts.partsMax, 'part')} that an upload can have`,
    hint: `use --part-size ${fitting}, or --part-size auto, which chooses it`,
  };
}

export const describeExists: FailureDescriber<'exists'> = (error) => ({
  what: safeWhole(error.facts.url),
  why: 'the object exists already, and --no-overwrite keeps it',
  hint: 'name another key, or omit --no-overwrite to replace the object',
});
