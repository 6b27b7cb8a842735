/** Failures in words: what failed, why, and what to do. The compiler proves that every kind has its words. */
import type { FailureKind, TransferError } from '../../core/failures.js';
import { isStandardInput } from '../../core/identity.js';
import { formatDuration, formatSize, formatSizeOption } from '../../core/units.js';
import { formatRate } from '../progress/progress-lines.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatTimestamp } from '../text/timestamps.js';
import { describeOutput, describeSource, describeState, describeUnrecorded } from './local-failures.js';
import { abortLine, pasteLine, type WordingEnvironment } from './paste-line.js';
import { describeRefusal } from './refusals.js';
import {
  couldNot,
  type Describe,
  type FailureWording,
  inBrackets,
  isObject,
  resumeOr,
  safeFile,
  thenResume,
  withDetail,
  withServiceWords,
} from './wording-parts.js';

const RUN_AGAIN = 'run the same command again';

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

const describeUsage: Describe<'usage'> = (error) => ({
  what: safeText(error.facts.what),
  why: safeText(error.facts.why),
  hint: safeText(
    error.facts.hint ?? 'calve --help lists the commands, calve COMMAND --help the options of one',
  ),
});

const describeUnreachable: Describe<'unreachable'> = (error, env) => {
  const { operation, why, attempts, elapsedMs } = error.facts;
  const effort = `${count(attempts, 'attempt')} in ${formatDuration(elapsedMs)}`;
  return {
    what: couldNot(operation, error),
    why: withServiceWords(`${safeText(why)}, after ${effort}`, error.service),
    hint: resumeOr(`${RUN_AGAIN} later`, error, env),
  };
};

const describeTooSlow: Describe<'too-slow'> = (error, env) => {
  const { index, sizeBytes, partTimeMs, bytesPerSecond, fittingPartSizeBytes } = error.facts;
  const rate = bytesPerSecond === null ? '' : ` (${formatRate(bytesPerSecond)})`;
  const fix =
    fittingPartSizeBytes === null
      ? 'no part size that this file can have is small enough'
      : `--fresh --part-size ${formatSizeOption(fittingPartSizeBytes)} begins anew with the largest parts that this line carries`;
  return {
    what: couldNot(`send part ${index}`, error),
    why: `with the line to itself${rate} its ${formatSize(sizeBytes)} did not arrive within ${formatDuration(partTimeMs)}, which is how long its signature holds`,
    hint: `${fix}; on a faster line: ${resumeOr(RUN_AGAIN, error, env)}`,
  };
};

const describeStopped: Describe<'stopped'> = (error, env) => ({
  what: `stopped${inBrackets(error)}`,
  why: error.context.resumable === true ? `${error.facts.signal}; what was sent is kept` : error.facts.signal,
  hint: resumeOr(RUN_AGAIN, error, env),
});

const MISSING_THINGS = {
  vault: {
    why: 'the service knows no such vault',
    fix: 'check its name, the region and the account; calve makes vaults on local:// only',
  },
  bucket: {
    why: 'the service knows no such bucket',
    fix: 'check its name, the region and the endpoint; calve makes no buckets',
  },
  upload: {
    why: 'the service knows no such upload: it was completed, aborted, or idle for too long',
    fix: 'calve list-uploads TARGET shows the uploads in progress',
  },
  'unfinished upload': {
    why: 'the state folder knows no such upload',
    fix: 'calve status lists those that it knows, --state-dir names another folder',
  },
  'catalogue entry': { why: 'the catalogue has no such entry', fix: 'calve archives lists its entries' },
} as const;

const describeNotFound: Describe<'not-found'> = (error, env) => {
  const { what, name, detail } = error.facts;
  const missing = MISSING_THINGS[what];
  const isInState = what === 'unfinished upload' && env.stateDirectory !== null;
  const where = isInState ? ` (${safeWhole(env.stateDirectory)})` : '';
  return {
    what: `${what} ${safeWhole(name)}`,
    why: withServiceWords(withDetail(missing.why + where, detail), error.service),
    hint: listing(error, env) ?? missing.fix,
  };
};

/** The list that has what is there instead, as a line to paste. */
function listing({ facts, context }: TransferError<'not-found'>, env: WordingEnvironment): string | null {
  if (facts.what === 'catalogue entry' && env.catalogueGiven) {
    return `${pasteLine(['calve', 'archives', '--catalogue', env.catalogueGiven])} lists its entries`;
  }
  if (facts.what !== 'upload' || context.target === undefined) return null;
  return `${pasteLine(['calve', 'list-uploads', context.target])} shows the uploads in progress`;
}

const describeBusy: Describe<'busy'> = (error) => {
  const { what, holder, sinceMs } = error.facts;
  // A lock's own time may be damaged, and a damaged time must not hide who holds the lock.
  const isKnown = sinceMs !== null && Number.isFinite(sinceMs);
  const since = isKnown ? `, since ${formatTimestamp(new Date(sinceMs).toISOString())}` : '';
  return {
    what: safeWhole(what),
    why: `another calve works on it: ${safeText(holder)}${since}`,
    hint: 'let it finish, or wait for it with --lock-wait 1h',
  };
};

const describeChecksum: Describe<'checksum'> = (error, env) => {
  const { what, index, expected, got } = error.facts;
  if (what === 'file') {
    return {
      what: safeWhole(error.context.file ?? 'the file'),
      why: `its tree hash is ${safeText(got)}, and ${safeText(expected)} was archived`,
      hint: 'the file changed since, or is damaged; the archive keeps what was sent',
    };
  }
  const subject = what === 'part' && index !== null ? `part ${index}` : `the ${what}`;
  const hashes = `the file's is ${safeText(expected)}, the service's ${safeText(got)}`;
  return {
    what: `checksum of ${subject}${inBrackets(error)}`,
    why: withServiceWords(`it stayed wrong: ${hashes}`, error.service),
    hint: thenResume("keep the file; check this machine's memory and network", error, env),
  };
};

const describeLimit: Describe<'limit'> = (error) => {
  const { facts } = error;
  const subject = safeFile(error.context.file ?? 'the file');
  if (facts.limit === 'stream') {
    return {
      what: subject,
      why: `it goes on after ${count(facts.partsMax, 'part')} of ${formatSize(facts.partSizeBytes)}, and an upload may have no more`,
      hint: 'foretell about how long it will be, as in --expected-size 2T: that makes the parts larger',
    };
  }
  if (facts.limit === 'size') {
    return {
      what: subject,
      why: `its ${formatSize(facts.sizeBytes)} are more than the ${formatSize(facts.maxBytes)} that an archive may have`,
      hint: 'cut it into smaller files (split --bytes), and send those',
    };
  }
  const given = formatSizeOption(facts.partSizeBytes);
  const fitting = formatSizeOption(facts.fittingPartSizeBytes);
  return {
    what: `${subject} with --part-size ${given}`,
    why: `${count(facts.partCount, 'part')} are more than the ${count(facts.partsMax, 'part')} that an upload may have`,
    hint: `--part-size ${fitting} fits, and --part-size auto finds it`,
  };
};

const describeGone: Describe<'gone'> = (error) => {
  const { uploadId, completing } = error.facts;
  const what = `upload ${safeWhole(uploadId)}${inBrackets(error)}`;
  if (completing === null) {
    return {
      what,
      why: 'it is gone from the service: it was aborted, or completed from elsewhere',
      hint: isStandardInput(error.context.file ?? '')
        ? 'run the whole pipeline again: it begins anew'
        : 'calve upload of the same file begins anew, and sends it again',
    };
  }
  return {
    what,
    why: `it is gone from the service, and it was being completed: the archive may exist (${completing.sizeBytes} bytes, tree hash ${safeText(completing.treeHash ?? 'unknown')})`,
    hint: isObject(error)
      ? 'the object that is there now is not the one that was being made; upload --fresh sends again, abort --drop-record drops what is recorded here'
      : 'the next inventory tells; upload --fresh sends again, abort --drop-record drops what is recorded here',
  };
};

const describeExists: Describe<'exists'> = (error) => ({
  what: safeWhole(error.facts.url),
  why: 'an object is there already, and --no-overwrite keeps it',
  hint: 'name another key, or leave --no-overwrite away to replace it',
});

const describeBug: Describe<'bug'> = (error, env) => ({
  what: 'a bug in calve',
  why: safeText(error.facts.detail),
  hint: thenResume('please report it with what --debug prints', error, env),
});

const WORDINGS: { readonly [K in FailureKind]: Describe<K> } = {
  usage: describeUsage,
  unreachable: describeUnreachable,
  'too-slow': describeTooSlow,
  stopped: describeStopped,
  'not-found': describeNotFound,
  busy: describeBusy,
  refused: describeRefusal,
  source: describeSource,
  state: describeState,
  unrecorded: describeUnrecorded,
  checksum: describeChecksum,
  limit: describeLimit,
  gone: describeGone,
  exists: describeExists,
  output: describeOutput,
  bug: describeBug,
};

/** The words of a failure. Nothing in them needs escaping any more; ids and paths are whole. */
export function describeFailure<K extends FailureKind>(
  error: TransferError<K>,
  env: WordingEnvironment,
): FailureWording {
  const wording = WORDINGS[error.kind](error, env);
  const { orphan } = error.context;
  if (orphan === undefined) return wording;
  const hint = wording.hint === null ? '' : `${wording.hint}; `;
  return {
    ...wording,
    hint: `${hint}its upload may still be on the service; drop it with: ${abortLine(orphan, env)}`,
  };
}

/** The text that goes to stderr: `calve: WHAT: WHY`, then `hint: WHAT TO DO`, each line with its newline. */
export function failureText(wording: FailureWording): string {
  const hint = wording.hint === null ? '' : `hint: ${wording.hint}\n`;
  return `calve: ${wording.what}: ${wording.why}\n${hint}`;
}
