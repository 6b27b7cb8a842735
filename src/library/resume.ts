import { aboutFile } from '../cli/about-file.js';
import { groups } from '../cli/commands/resume/command.js';
import { partSizeOf } from '../cli/commands/resume/words.js';
import {
  checkIdentity,
  type OpenedSession,
  openArchives,
  openRecordedSession,
  openState,
  openTargetSession,
} from '../cli/compose.js';
import { findUnfinished } from '../cli/find-unfinished.js';
import { checkKey } from '../cli/object-key.js';
import type { OptionsOf } from '../cli/options/group.js';
import { TransferError, withContext } from '../core/failures.js';
import { STANDARD_INPUT_WORD, sourceName } from '../core/identity.js';
import { checkStreamName } from '../core/stream-name.js';
import { parseTargetUrl, urlOfFile } from '../core/target-url.js';
import { inspectFile } from '../source/open-file.js';
import { checkFileExists } from '../transfer/missing-file.js';
import { adoptUpload, resumeUpload } from '../transfer/resume.js';
import { resumeStream } from '../transfer/resume-stream.js';
import { type ArchiveResult, type Session, sessionAt } from '../transfer/session.js';
import { archiveJson } from '../ui/archive-json.js';
import { byteStreamOf, pathOf } from './byte-stream.js';
import { type Operation, perform } from './operation.js';
import type { ResumeOptions, Source } from './options.js';
import type { Archive } from './results.js';

type ResumeOperation = Operation<OptionsOf<typeof groups>>;

export function resumeSource(
  source: Source,
  target: string | null,
  options: ResumeOptions,
): Promise<Archive> {
  return perform({ groups, without: ['--from-command'], options }, async (operation) => {
    const { entry, ...sent } = await resumed(operation, source, target);
    return archiveJson(entry, sent);
  });
}

function resumed(operation: ResumeOperation, source: Source, target: string | null): Promise<ArchiveResult> {
  const { uploadId } = operation.options.own;
  const path = pathOf(source);
  if (target === null) {
    if (path !== null && uploadId === null) return resumeRecorded(operation, path);
    throw misused(
      uploadId === null ? 'a stream needs a target and an uploadId' : 'an uploadId needs a target',
    );
  }
  if (uploadId === null) throw misused('an upload on the service is named with uploadId');
  return path === null
    ? sendAgain(operation, source, target, uploadId)
    : adopt(operation, path, target, uploadId);
}

function misused(why: string): TransferError<'usage'> {
  return new TransferError('usage', {
    what: 'resume',
    why,
    hint: 'resume(FILE), resume(UPLOAD_ID), or resume(SOURCE, TARGET, { uploadId })',
  });
}

/** Continues an upload that the state folder knows. */
async function resumeRecorded(operation: ResumeOperation, word: string): Promise<ArchiveResult> {
  const { io, options, reporter } = operation;
  const state = openState(options);
  const upload = await findUnfinished(await state.heads(), word, io.absolute);
  const { identity, uploadId } = upload.head;
  const file = sourceName(identity.source);
  const { report } = reporter;
  const tools = { state, catalogue: openArchives(options), report, signal: io.signal, inspectFile };
  let opened: OpenedSession | null = null;
  try {
    await checkFileExists({ ...tools, lockWaitMs: options.transfer.lockWaitMs }, upload);
    opened = await openRecordedSession(io, options, upload, reporter);
    const { key } = checkIdentity(upload);
    return await resumeUpload(aboutFile(sessionAt(opened.session, key || null), file), upload.head);
  } catch (error) {
    const about = { file, target: identity.target.url, uploadId };
    throw withContext(error, opened === null ? { ...about, resumable: true } : about);
  } finally {
    await opened?.close();
  }
}

async function adopt(
  { io, options, reporter }: ResumeOperation,
  path: string,
  target: string,
  uploadId: string,
): Promise<ArchiveResult> {
  const url = parseTargetUrl(target);
  checkKey(url, 'resume');
  return inSession(await openTargetSession({ io, options, reporter }, url), (session) =>
    adoptUpload(session, io.absolute(path), uploadId),
  );
}

/** Reads a stream once more, and sends what its upload lacks. */
async function sendAgain(
  operation: ResumeOperation,
  source: Source,
  target: string,
  uploadId: string,
): Promise<ArchiveResult> {
  const { io, given } = operation;
  const stream = byteStreamOf(source, io.signal);
  try {
    const name = given.checked('--name', checkStreamName);
    const parsed = parseTargetUrl(target);
    const url = name === null ? parsed : urlOfFile(parsed, name);
    checkKey(url, 'resume');
    const partSizeBytes = partSizeOf(operation, url);
    const again = { uploadId, name, partSizeBytes, isPartSizeTyped: given.isTyped('--part-size') };
    return await inSession(await openTargetSession(operation, url), (session) =>
      resumeStream(aboutFile(session, name ?? STANDARD_INPUT_WORD), again, stream),
    );
  } finally {
    await stream.close();
  }
}

async function inSession(
  { session, close }: OpenedSession,
  act: (session: Session) => Promise<ArchiveResult>,
): Promise<ArchiveResult> {
  try {
    return await act(session);
  } finally {
    await close();
  }
}
