/** Failures in words: what failed, why, and what to do. The compiler proves that every kind has its words. */
import type { FailureKind, TransferError } from '../../core/failures.js';
import { isStream, type UploadAddress } from '../../core/identity.js';
import { formatSize } from '../../core/units.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatSince } from '../text/timestamps.js';
import { describeChecksum, describeExists, describeLimit } from './archive-failures.js';
import {
  describeArchivesDifferent,
  describeArchivesMissing,
  describeInventoryPending,
} from './audit-failures.js';
import { describeFleetDiffers, describeFleetIncomplete, describeManifest } from './fleet-failures.js';
import { describeLinesRefused } from './import-words.js';
import { describeOutput, describeSource, describeState, describeUnrecorded } from './local-failures.js';
import { abortLine, pasteLine, resendLine, type WordingEnvironment } from './paste-line.js';
import { describeRefusal } from './refusals.js';
import { describeGone, describeNotFound, describeTooSlow, describeUnreachable } from './service-failures.js';
import {
  count,
  type FailureDescriber,
  type FailureWording,
  inBrackets,
  RUN_AGAIN,
  resumeOr,
  thenResume,
} from './wording-parts.js';

const describeUsage: FailureDescriber<'usage'> = (error) => ({
  what: safeText(error.facts.what),
  why: safeText(error.facts.why),
  hint: safeText(
    error.facts.hint ?? 'calve --help lists the commands, calve COMMAND --help lists the options of one',
  ),
});

/** Returns what a later run need not send again. */
function keptParts({ context: { held } }: TransferError): string {
  if (held === undefined) return 'the parts that were sent are kept';
  const { parts, partCount, bytes, totalBytes } = held;
  const ofParts = partCount === null ? count(parts, 'part') : `${parts} of ${count(partCount, 'part')}`;
  const ofBytes =
    totalBytes === null ? formatSize(bytes) : `${formatSize(bytes)} of ${formatSize(totalBytes)}`;
  return `the service keeps ${ofParts}, ${ofBytes}`;
}

const describeStopped: FailureDescriber<'stopped'> = (error, env) => {
  const by = error.facts.signal ?? 'aborted by the AbortSignal';
  return {
    what: `stopped${inBrackets(error)}`,
    why: error.context.resumable === true ? `${by}; ${keptParts(error)}` : by,
    hint: resumeOr(RUN_AGAIN, error, env),
  };
};

const describeBusy: FailureDescriber<'busy'> = (error) => {
  const { what, holder, sinceMs, manifest } = error.facts;
  const since = formatSince(sinceMs);
  return {
    what: safeWhole(what),
    why: `another calve works on it: ${safeText(holder)}${since === '' ? '' : `,${since}`}`,
    hint:
      manifest === undefined
        ? 'let it finish, or wait for it with --lock-wait 1h'
        : `let it finish, or abort the fleet with: ${pasteLine(['calve', 'fleet', 'abort', manifest])}`,
  };
};

const describeBug: FailureDescriber<'bug'> = (error, env) => ({
  what: 'a bug in calve',
  why: safeText(error.facts.detail),
  hint: thenResume('please report it, with the output of --debug', error, env),
});

const WORDINGS: { readonly [K in FailureKind]: FailureDescriber<K> } = {
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
  'inventory-pending': describeInventoryPending,
  'archives-missing': describeArchivesMissing,
  'archives-different': describeArchivesDifferent,
  manifest: describeManifest,
  'fleet-incomplete': describeFleetIncomplete,
  'fleet-differs': describeFleetDiffers,
  exists: describeExists,
  'lines-refused': describeLinesRefused,
  output: describeOutput,
  bug: describeBug,
};

/** Returns the words of a failure. They are safe to print; ids and paths are never cut. */
export function describeFailure<K extends FailureKind>(
  error: TransferError<K>,
  env: WordingEnvironment,
): FailureWording {
  const wording = WORDINGS[error.kind](error, env);
  const { orphan } = error.context;
  if (orphan === undefined) return wording;
  const hint = wording.hint === null ? '' : `${wording.hint}; `;
  const ways = [...resendWay(error, orphan, env), `abort it with: ${abortLine(orphan, env)}`];
  return { ...wording, hint: `${hint}its upload may still be on the service; ${ways.join(', or ')}` };
}

/** Returns how the upload of a stream can continue. */
function resendWay({ context }: TransferError, orphan: UploadAddress, env: WordingEnvironment): string[] {
  if (context.file === undefined || !isStream(context.file)) return [];
  return [`send the same bytes again with: ${resendLine(orphan, context, env)}`];
}

/** Returns the text for stderr: `calve: WHAT: WHY`, then `hint: WHAT TO DO`, each line with its newline. */
export function failureText(wording: FailureWording): string {
  const hint = wording.hint === null ? '' : `hint: ${wording.hint}\n`;
  return `calve: ${wording.what}: ${wording.why}\n${hint}`;
}
