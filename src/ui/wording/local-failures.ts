/** The failures of this machine: the file, the state, the catalogue, standard output. */
import type { FailureContext, FailureFacts, TransferError } from '../../core/failures.js';
import { isStream } from '../../core/identity.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { LOST_BYTES, mayHaveLostBytes } from './lost-bytes.js';
import { pasteLine, resendLine, type WordingEnvironment } from './paste-line.js';
import { type FailureDescriber, safeFile, thenResume, withDetail } from './wording-parts.js';

type SourceReason = FailureFacts['source']['why'];
type StateReason = FailureFacts['state']['why'];

/** Returns the line that sends something as a stream, whatever it is; the target is to be filled in. */
function streamLine(path: string): string {
  return `calve upload - TARGET < ${pasteLine([path])}`;
}

const NO_RETURN =
  "the name ends with a carriage return, as in lists of Windows; remove them: tr -d '\\r' < LIST";

const SOURCE_REASONS = {
  missing: (path: string) =>
    mayHaveLostBytes(path)
      ? {
          why: `there is no such file: ${LOST_BYTES}`,
          fix: 'rename the file, or send it as a stream: calve upload - TARGET < FILE',
        }
      : { why: 'there is no such file', fix: path.endsWith('\r') ? NO_RETURN : 'check the path' },
  'no-working-folder': () => ({
    why: 'it starts from the working folder, and somebody deleted that folder',
    fix: 'change to a folder that exists, or name the whole path',
  }),
  unreadable: (path: string) =>
    isStream(path)
      ? { why: 'the stream failed', fix: 'check why its writer failed' }
      : { why: 'the file cannot be read', fix: 'check its permissions and the disk that it is on' },
  empty: (path: string) =>
    isStream(path)
      ? {
          why: 'the stream is empty, and a vault accepts no empty archive',
          fix: 'check why its writer wrote nothing',
        }
      : {
          why: 'the file is empty, and a vault accepts no empty archive',
          fix: 'leave this file out; in a folder, --exclude does that',
        },
  'empty-stream': (_path: string, { resend }: FailureContext) => ({
    why: 'the stream is empty, so no object was made of it and none was replaced',
    fix: `check why its writer wrote nothing${resend === undefined ? '; --allow-empty makes an empty object' : ''}`,
  }),
  'not-regular': (path: string) => ({
    why: 'it is a pipe, a socket or a device, and not a regular file',
    fix: `send its output as a stream: ${streamLine(path)}`,
  }),
  'no-size': (path: string) => ({
    why: 'it has bytes although the system gives 0 as its size, so its end is not known',
    fix: `send it as a stream: ${streamLine(path)}`,
  }),
  folder: (path: string) => ({
    why: 'it is a folder, and not a regular file',
    fix: `upload --recursive sends its files one by one; or pack it into one file first: ${pasteLine(['tar', '-cf', `${path.replace(/\/+$/, '')}.tar`, path])}`,
  }),
  'folder-unreadable': () => ({
    why: 'the folder cannot be read, so none of its files was sent',
    fix: 'check its permissions and the disk that it is on, or leave it out with --exclude',
  }),
  'not-utf8': () => ({
    why: LOST_BYTES,
    fix: 'rename it, or send it as a stream: calve upload - TARGET < FILE',
  }),
  'not-a-path': () => ({
    why: 'no file can have this name',
    fix: 'check the list: one name per line, or with --null names that end with a NUL byte',
  }),
  outside: () => ({
    why: 'the path leads out of the working folder, so it gives no name below the target',
    fix: 'write the whole path into the list, or run calve in a folder above the file',
  }),
  'no-key': () => ({
    why: 'its name has a control character that the answers of the service cannot contain, so no key can have it',
    fix: 'rename it, or send it in a run of its own, to another key',
  }),
  'same-name': () => ({
    why: 'it would overwrite another file of this run, which has the same name below the target',
    fix: 'send it in a run of its own, to another key',
  }),
  changed: (_path: string, { fleet }: FailureContext) => ({
    why: 'the file changed after its upload started, so no archive was made of it',
    fix:
      fleet !== undefined
        ? 'abort the fleet with calve fleet abort, and create it again when no program writes to the file'
        : 'run calve upload again when no program writes to the file: it then creates a new upload of the changed file',
  }),
  'other-upload': (path: string) =>
    isStream(path)
      ? {
          why: 'the upload was not made of this stream, so nothing was completed',
          fix: 'check that the bytes are the same as before, and the upload id',
        }
      : {
          why: 'the upload has parts of another file',
          fix: 'check the file and the upload id; calve list-parts shows the parts of the upload',
        },
  short: () => ({
    why: 'the stream is shorter than --expected-size, so no archive was made of it',
    fix: 'check why its writer ended early, or omit --expected-size; then run the same command again: it creates a new upload',
  }),
  command: (_path: string, { resend }: FailureContext) => ({
    why: 'the command failed, so no archive was made of its output',
    fix:
      resend === undefined
        ? 'check its error messages, then run the same calve command again: it creates a new upload'
        : 'check its error messages',
  }),
  'no-command': (path: string) => ({
    why: 'the command could not be started',
    fix: /[\s|<>;&]/.test(path)
      ? "to run a whole shell command line, use: -- bash -o pipefail -c 'LINE'"
      : 'check its name and the PATH',
  }),
  'read-once': () => ({
    why: 'a part must be sent again, and standard input cannot be read again',
    fix: 'run the whole pipeline again with calve upload: it creates a new upload; calve abort removes this one',
  }),
  'no-resources': () => ({
    why: 'the system has no open files, processes or memory left for it',
    fix: 'raise the limits (ulimit -n for open files, ulimit -u for processes), end other programs, or use a smaller --concurrency',
  }),
} satisfies { [R in SourceReason]: (path: string, context: FailureContext) => { why: string; fix: string } };

/** The reasons that leave the upload intact: it can be resumed after the fix. */
const RESUMABLE_ONCE_FIXED: ReadonlySet<SourceReason> = new Set([
  'missing',
  'no-working-folder',
  'unreadable',
  'no-resources',
]);

function sourceHint(fix: string, error: TransferError<'source'>, env: WordingEnvironment): string {
  const { why } = error.facts;
  const { resend } = error.context;
  if (resend === undefined) return RESUMABLE_ONCE_FIXED.has(why) ? thenResume(fix, error, env) : fix;
  if (why !== 'read-once') return thenResume(fix, error, env);
  return `send the same bytes again with: ${resendLine(resend, error.context, env)}; or ${fix}`;
}

export const describeSource: FailureDescriber<'source'> = (error, env) => {
  const { path, why, detail } = error.facts;
  const reason = SOURCE_REASONS[why](path, error.context);
  return {
    what: safeFile(path),
    why: withDetail(reason.why, detail),
    hint: sourceHint(reason.fix, error, env),
  };
};

/** Returns the command line that resumes without local state. Facts that are unknown stay words to fill in. */
function adoptLine({ file, target, uploadId }: FailureContext): string {
  return pasteLine([
    'calve',
    'resume',
    file ?? 'FILE',
    target ?? 'TARGET',
    // One word with its value: an id may begin with a hyphen.
    `--upload-id=${uploadId ?? 'ID'}`,
  ]);
}

/** The options of the folders that calve writes to. */
const FOLDER_OPTIONS = '--state-dir and --catalogue (for local:// also --local-dir)';

const STATE_REASONS = {
  damaged: (_path: string, context: FailureContext) => ({
    why: "calve's record there is damaged",
    fix: `move it away, and resume from the service's list of parts: ${adoptLine(context)}`,
  }),
  'not-writable': (_path: string, _context: FailureContext, option = FOLDER_OPTIONS) => ({
    why: 'calve cannot write there',
    fix: `free space on that disk or fix its permissions, or name another folder with ${option}`,
  }),
  'no-spool': () => ({
    why: 'calve cannot keep the large parts of a stream there',
    fix: 'free space on that disk, or name another folder with TMPDIR; parts of up to 64 MiB need none (--part-size 64M)',
  }),
  system: () => ({
    why: 'the system could not access it, which says nothing about its content',
    fix: 'leave it where it is, and try again when the system has recovered',
  }),
  'no-folder': () => ({
    why: 'calve needs a folder there',
    fix: 'move the file in its place away, or name another folder with --state-dir or --catalogue',
  }),
  'no-home': () => ({
    why: 'this user has no home folder for it',
    fix: `name the folders with ${FOLDER_OPTIONS}`,
  }),
  foreign: () => ({
    why: 'calve trusts only what belongs to its own user',
    fix: 'name a folder of your own with --state-dir or --catalogue, or run calve as the user that owns this one',
  }),
  open: (path: string) => ({
    why: 'other users may change it',
    fix: `take that permission away: ${pasteLine(['chmod', '-R', 'go-w', path])}; if only your own group has it, --trust-group accepts that`,
  }),
  link: () => ({
    why: 'calve made no such thing there',
    fix: 'move it away, or name another folder with --state-dir or --catalogue',
  }),
  'no-access': (path: string) => ({
    why: 'calve may not read it',
    fix: `permit it: ${pasteLine(['chmod', '-R', 'u+rwX', path])}, or name another folder with --state-dir or --catalogue`,
  }),
  newer: () => ({ why: 'a newer version of calve wrote it', fix: 'use that newer version' }),
  older: (path: string) => ({
    why: 'calve 0.1 wrote it, and this version cannot read it',
    fix: `complete or abort those uploads with calve 0.1, then remove the folder: ${pasteLine(['rm', '-r', path])}`,
  }),
} satisfies {
  [R in StateReason]: (
    path: string,
    context: FailureContext,
    option?: string,
  ) => { why: string; fix: string };
};

export const describeState: FailureDescriber<'state'> = (error, env) => {
  const { path, why, detail, option } = error.facts;
  const reason = STATE_REASONS[why](path, error.context, option);
  return {
    what: safeWhole(path),
    why: withDetail(reason.why, detail),
    hint: why === 'not-writable' ? thenResume(reason.fix, error, env) : reason.fix,
  };
};

export const describeUnrecorded: FailureDescriber<'unrecorded'> = (error, env) => {
  const { archiveId, path, detail } = error.facts;
  return {
    what: `archive ${safeWhole(archiveId)}`,
    why: `it exists, but calve could not record it in ${safeWhole(path)}: ${safeText(detail)}`,
    hint: thenResume('keep the id above, and fix that folder', error, env),
  };
};

export const describeOutput: FailureDescriber<'output'> = (error) => {
  const { detail, archiveId, path } = error.facts;
  if (path !== undefined) {
    return {
      what: safeWhole(path),
      why: `calve cannot write it: ${safeText(detail)}`,
      hint: 'name another file',
    };
  }
  const id = archiveId === null ? '' : `; archive ${safeWhole(archiveId)} exists nevertheless`;
  return {
    what: 'could not write to standard output',
    why: `${safeText(detail)}${id}`,
    hint: archiveId === null ? 'free space on the disk of the output' : 'calve archives lists the archives',
  };
};
