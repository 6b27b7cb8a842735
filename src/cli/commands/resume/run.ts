import { isFailure } from '../../../core/failures.js';
import { STANDARD_INPUT_WORD, sourceName } from '../../../core/identity.js';
import { looksLikeTarget, parseTargetUrl } from '../../../core/target-url.js';
import { inspectFile } from '../../../source/open-file.js';
import { checkFileExists } from '../../../transfer/missing-file.js';
import type { UnfinishedHead } from '../../../transfer/ports/state.js';
import { adoptUpload, resumeUpload } from '../../../transfer/resume.js';
import { resumeStream } from '../../../transfer/resume-stream.js';
import type { Session } from '../../../transfer/session.js';
import { aboutFile } from '../../about-file.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openState, openTargetSession } from '../../compose.js';
import { stopsTheRun } from '../../exit-codes.js';
import { findUnfinished } from '../../find-unfinished.js';
import { checkKey } from '../../object-key.js';
import { printArchive } from '../../results.js';
import { openBytes } from '../../stream-words.js';
import type { Options } from './command.js';
import { RecordedSessions } from './recorded-sessions.js';
import { misused, readStreamWords, type StreamWords } from './words.js';

type Context = CommandContext<Options>;

/**
 * `calve resume [FILE|UPLOAD-ID]...`, `calve resume FILE TARGET --upload-id ID`, and for the bytes of a stream
 * `calve resume - TARGET --upload-id ID` or `calve resume TARGET --upload-id ID --from-command -- CMD ARG...`
 */
export async function resume(context: Context, words: readonly string[]): Promise<void> {
  const { uploadId } = context.options.own;
  const stream = readStreamWords(context, words);
  if (stream !== null) return sendStreamAgain(context, stream);
  if (uploadId !== null) return adopt(context, words, uploadId);
  const target = words.find(looksLikeTarget);
  if (target !== undefined) throw misused(`to adopt an upload of ${target}, name it with --upload-id`);
  noticeStateFolder(context);
  const sessions = new RecordedSessions(context);
  try {
    await (words.length === 0 ? resumeAll(context, sessions) : resumeNamed(context, sessions, words));
  } finally {
    await sessions.close();
  }
}

async function adopt(context: Context, words: readonly string[], uploadId: string): Promise<void> {
  const [file, target] = words;
  if (file === undefined || target === undefined || words.length > 2) {
    throw misused('--upload-id needs a file and a target');
  }
  const { io, options, reporter } = context;
  const url = parseTargetUrl(target);
  checkKey(url, 'resume');
  const { session, close } = await openTargetSession({ io, options, reporter }, url);
  try {
    await printArchive(context, await adoptUpload(session, io.absolute(file), uploadId));
  } finally {
    await close();
  }
}

/** Reads a stream once more, and sends what its upload lacks. */
async function sendStreamAgain(context: Context, { url, command, ...stream }: StreamWords): Promise<void> {
  const { session, close } = await openTargetSession(context, url);
  try {
    const about = aboutFile(session, stream.name ?? STANDARD_INPUT_WORD);
    await printArchive(context, await resumeStream(about, stream, openBytes(context.io, command)));
  } finally {
    await close();
  }
}

/** Names the state folder off a terminal, because cron and sudo change HOME, and with it the folder. */
function noticeStateFolder(context: Context): void {
  if (context.io.stderr.isTTY === true) return;
  const path = context.options.state.path();
  context.reporter.report({ type: 'notice', notice: 'state-folder', path });
}

/** Resumes all uploads. One that another calve works on is reported and skipped; it is not a failure. */
async function resumeAll(context: Context, sessions: RecordedSessions): Promise<void> {
  const state = openState(context.options);
  const unfinished = await state.heads();
  if (unfinished.length === 0) {
    context.reporter.report({ type: 'notice', notice: 'nothing-to-resume' });
    return;
  }
  const tools = {
    state,
    catalogue: openArchives(context.options),
    report: context.reporter.report,
    signal: context.io.signal,
    inspectFile,
    lockWaitMs: context.options.transfer.lockWaitMs,
  };
  for (const upload of unfinished) {
    try {
      await checkFileExists(tools, upload);
      await resumeOne(context, await sessions.open(upload), upload);
    } catch (error) {
      if (isFailure(error, 'busy')) {
        const file = sourceName(upload.head.identity.source);
        context.reporter.report({ type: 'notice', notice: 'busy-skipped', file, holder: error.facts.holder });
        continue;
      }
      // Another calve has finished it since the state was read.
      if (isFailure(error, 'not-found') && error.facts.what === 'unfinished upload') continue;
      await context.fail(error);
      if (stopsTheRun(error)) return;
    }
  }
}

async function resumeNamed(
  context: Context,
  sessions: RecordedSessions,
  words: readonly string[],
): Promise<void> {
  const known = await openState(context.options).heads();
  for (const word of words) {
    try {
      const upload = await findUnfinished(known, word, context.io.absolute);
      await resumeOne(context, await sessions.open(upload), upload);
    } catch (error) {
      await context.fail(error);
      if (stopsTheRun(error)) return;
    }
  }
}

async function resumeOne(context: Context, session: Session, upload: UnfinishedHead): Promise<void> {
  const about = aboutFile(session, sourceName(upload.head.identity.source));
  await printArchive(context, await resumeUpload(about, upload.head));
}
