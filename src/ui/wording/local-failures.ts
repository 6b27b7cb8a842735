/** What goes wrong on this machine: the file, the state, the catalogue, standard output. */
import type { FailureContext, FailureFacts } from '../../core/failures.js';
import { isStandardInput } from '../../core/identity.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { pasteLine } from './paste-line.js';
import { type Describe, safeFile, thenResume, withDetail } from './wording-parts.js';

type SourceReason = FailureFacts['source']['why'];
type StateReason = FailureFacts['state']['why'];

const SOURCE_REASONS = {
  missing: () => ({ why: 'there is no such file', fix: 'check the path' }),
  unreadable: () => ({
    why: 'the file cannot be read',
    fix: 'check its permissions and the disk that it is on',
  }),
  empty: (path: string) =>
    isStandardInput(path)
      ? {
          why: 'the stream is empty, and a vault takes no empty archive',
          fix: 'see why nothing was written',
        }
      : { why: 'the file is empty, and a vault takes no empty archive', fix: 'leave it out' },
  'not-regular': (path: string) => ({
    why: 'this is a pipe, a socket or a device, and not a regular file',
    fix: `send what it gives as a stream: calve upload - TARGET < ${pasteLine([path])}`,
  }),
  folder: (path: string) => ({
    why: 'this is a folder, and not a regular file',
    fix: `pack it into one file first: ${pasteLine(['tar', '-cf', `${path.replace(/\/+$/, '')}.tar`, path])}`,
  }),
  changed: () => ({
    why: 'the file changed since its upload began, so no archive was made of it',
    fix: 'run calve upload again when nothing writes to the file: it begins anew with the file as it is then',
  }),
  'other-upload': () => ({
    why: 'the upload holds parts of another file',
    fix: 'check the file and the upload id; calve list-parts shows what the upload holds',
  }),
  short: () => ({
    why: 'the stream ended before the size that --expected-size foretold, so no archive was made of it',
    fix: 'see why its writer ended early, or leave --expected-size away; then run the same command again: it begins anew',
  }),
  command: () => ({
    why: 'the command did not end well, so no archive was made of what it printed',
    fix: 'see what it said, and run the same calve command again: it begins anew',
  }),
  'no-command': (path: string) => ({
    why: 'the command could not be started',
    fix: /[\s|<>;&]/.test(path)
      ? "a whole line for the shell is started as: -- bash -o pipefail -c 'LINE'"
      : 'check its name and the PATH',
  }),
  'read-once': () => ({
    why: 'what was read from standard input cannot be read again',
    fix: 'run the whole pipeline again with calve upload: it begins anew; calve abort drops this upload',
  }),
} satisfies { [R in SourceReason]: (path: string) => { why: string; fix: string } };

/** These fix without touching the upload, which then goes on. */
const RESUMABLE_ONCE_MENDED: ReadonlySet<SourceReason> = new Set(['missing', 'unreadable']);

export const describeSource: Describe<'source'> = (error, env) => {
  const { path, why, detail } = error.facts;
  const reason = SOURCE_REASONS[why](path);
  return {
    what: safeFile(path),
    why: withDetail(reason.why, detail),
    hint: RESUMABLE_ONCE_MENDED.has(why) ? thenResume(reason.fix, error, env) : reason.fix,
  };
};

/** The line that goes on without local state; what is not known of it stays a word to fill in. */
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

const STATE_REASONS = {
  damaged: (_path: string, context: FailureContext) => ({
    why: 'what calve recorded there is damaged',
    fix: `move it away; the service's own list of parts is enough to go on with: ${adoptLine(context)}`,
  }),
  'not-writable': () => ({
    why: 'calve cannot write there',
    fix: 'make room on that disk or fix its permissions',
  }),
  'no-folder': () => ({
    why: 'calve needs a folder there',
    fix: 'move aside what is in the way, or name another folder: --state-dir, --catalogue',
  }),
  foreign: (path: string) => ({
    why: 'it belongs to someone else, or others may write to it',
    fix: `make it yours alone: ${pasteLine(['chmod', 'go=', path])}`,
  }),
  newer: () => ({ why: 'a newer calve wrote it', fix: 'run that newer calve' }),
  older: (path: string) => ({
    why: 'calve 0.1 wrote it, and this calve cannot read it',
    fix: `finish or abort those uploads with calve 0.1, then remove the folder: ${pasteLine(['rm', '-r', path])}`,
  }),
} satisfies { [R in StateReason]: (path: string, context: FailureContext) => { why: string; fix: string } };

export const describeState: Describe<'state'> = (error, env) => {
  const { path, why, detail } = error.facts;
  const reason = STATE_REASONS[why](path, error.context);
  return {
    what: safeWhole(path),
    why: withDetail(reason.why, detail),
    hint: why === 'not-writable' ? thenResume(reason.fix, error, env) : reason.fix,
  };
};

export const describeUnrecorded: Describe<'unrecorded'> = (error, env) => {
  const { archiveId, path, detail } = error.facts;
  return {
    what: `archive ${safeWhole(archiveId)}`,
    why: `it exists, but that could not be recorded in ${safeWhole(path)}: ${safeText(detail)}`,
    hint: thenResume('keep the id above, and fix that folder', error, env),
  };
};

export const describeOutput: Describe<'output'> = (error) => {
  const { detail, archiveId } = error.facts;
  const id = archiveId === null ? '' : `; archive ${safeWhole(archiveId)} exists all the same`;
  return {
    what: 'could not write to standard output',
    why: `${safeText(detail)}${id}`,
    hint: archiveId === null ? 'make room where the output goes' : 'calve archives lists what was archived',
  };
};
