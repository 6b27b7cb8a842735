import type { FailureContext } from '../../../core/failures.js';
import { isStandardInput } from '../../../core/identity.js';
import { type TargetUrl, urlOfFile } from '../../../core/target-url.js';
import { withMaxParts } from '../../../transfer/decorators/max-parts.js';
import { type ArchiveResult, type Session, sessionAt } from '../../../transfer/session.js';
import { uploadFile } from '../../../transfer/upload.js';
import { uploadStream } from '../../../transfer/upload-stream.js';
import { aboutFile } from '../../about-file.js';
import type { CommandContext } from '../../command.js';
import { checkServiceOptions, openSession, type ResolvedTarget, resolveTarget } from '../../compose.js';
import { checkManyKeys, checkName, ownKey } from '../../object-key.js';
import { printArchive } from '../../results.js';
import { RunTotals } from '../../run-totals.js';
import { openBytes } from '../../stream-words.js';
import type { Options } from './command.js';
import { type DryRun, openDryRun } from './dry-run.js';
import { findJobs } from './find-jobs.js';
import { findsFiles } from './find-words.js';
import { type Planned, planOf } from './plan-job.js';
import { type FailedJob, type FileJob, sendFiles } from './send-files.js';
import { readSendOptions, type SendOptions, withObjectSettings } from './upload-options.js';
import { baseNameOf, readWords, type Words } from './words.js';

type Context = CommandContext<Options>;

/** One file or stream, and the object or the vault that it becomes. */
interface UploadJob {
  readonly request: SendOptions;
  readonly url: TargetUrl;
  /** The command that prints the stream. */
  readonly command: Words['command'];
}

/** Options that all files of a run share. */
type CommonOptions = ReturnType<typeof readSendOptions>;

interface SentFiles {
  /** Null: the run is about one file. */
  readonly totals: RunTotals | null;
  /** True when the files were found in folders or in a list. */
  readonly areFound: boolean;
}

/** `calve upload FILE... TARGET` and `calve upload TARGET --from-command -- CMD ARG...` */
export async function upload(context: Context, typed: readonly string[]): Promise<void> {
  const words = readWords(context, typed);
  const { url, files } = words;
  const { own } = context.options;
  if (findsFiles(context.options)) return uploadFound(context, words);
  checkManyKeys(
    url,
    files.map((file) => baseNameOf(file, words)),
  );
  const options = withObjectSettings(context.options);
  if (own.dryRun) checkServiceOptions(options, url);
  const target = own.dryRun ? null : await resolveTarget(context.io, options, url);
  const totals = files.length > 1 ? new RunTotals(context, url.url) : null;
  const dryRun = own.dryRun ? openDryRun(context, options, url) : null;
  const { fail } = totals ?? context;
  const jobs = await checkFiles(context, words, { fail, dryRun }).finally(() => dryRun?.close());
  if (target === null) return;
  try {
    if (jobs.length > 0) await sendAll(context, target, jobs, { totals, areFound: false });
  } catch (error) {
    // A summary comes last, after the failure.
    await context.fail(error);
  }
  await totals?.end();
}

/** Sends files while they are found: each one is looked at when its turn comes. */
async function uploadFound(context: Context, words: Words): Promise<void> {
  const { url } = words;
  const options = withObjectSettings(context.options);
  if (options.own.dryRun) return showFound(context, options, words);
  const target = await resolveTarget(context.io, options, url);
  const common = readSendOptions(context, url);
  const jobs = foundJobs(context, words, { common, dryRun: null });
  const totals = new RunTotals(context, url.url);
  try {
    // A list that cannot be read is reported whatever the service would say.
    const first = await jobs.next();
    if (first.done !== true) {
      await sendAll(context, target, startingWith(first.value, jobs), { totals, areFound: true });
    }
  } catch (error) {
    await context.fail(error);
  }
  await totals.end();
}

/** Prints what would be done with each file that is found. */
async function showFound(context: Context, options: Options, words: Words): Promise<void> {
  checkServiceOptions(options, words.url);
  const common = readSendOptions(context, words.url);
  const dryRun = openDryRun(context, options, words.url);
  try {
    for await (const job of foundJobs(context, words, { common, dryRun })) {
      if ('error' in job) await context.fail(job.error, job.about);
    }
  } finally {
    await dryRun.close();
  }
}

async function* startingWith<T>(first: T, others: AsyncIterable<T>): AsyncGenerator<T, void> {
  yield first;
  yield* others;
}

async function sendAll(
  context: Context,
  target: ResolvedTarget,
  jobs: AsyncIterable<FileJob | FailedJob> | readonly FileJob[],
  { totals, areFound }: SentFiles,
): Promise<void> {
  const { io, reporter } = context;
  const options = withObjectSettings(context.options);
  const { session, close } = await openSession(io, options, target, { create: true, reporter });
  const limited = { ...session, target: withMaxParts(session.target, options.plan.maxParts) };
  try {
    if (totals !== null) await sendFiles(context, limited, jobs, { totals, areFound });
    else for await (const job of jobs) await sendOne(context, limited, job);
  } finally {
    await close();
  }
}

function fileJob(context: Context, { request, url, command }: UploadJob, { path, plan }: Planned): FileJob {
  const about = { file: shownName(request), target: url.url };
  const send = (session: Session): Promise<ArchiveResult> => {
    const named = aboutFile(sessionAt(session, ownKey(url)), about.file);
    return isStandardInput(request.file)
      ? uploadStream(named, request, openBytes(context.io, command))
      : uploadFile(named, request);
  };
  return { about, source: path, parts: plan.partCount, send };
}

async function sendOne(context: Context, session: Session, job: FileJob | FailedJob): Promise<void> {
  try {
    if ('error' in job) throw job.error;
    await printArchive(context, await job.send(session));
  } catch (error) {
    await context.fail(error, job.about);
  }
}

/** Returns the path of a file, or the name of the stream. */
function shownName({ file, name }: SendOptions): string {
  return isStandardInput(file) ? (name ?? file) : file;
}

/**
 * Looks at every file before the service is asked, so that a missing one is reported whatever the service would say.
 * A dry run prints what would be done with each.
 * @returns those that can be sent
 */
async function checkFiles(
  context: Context,
  { files, url, command, name }: Words,
  { fail, dryRun }: Pick<Context, 'fail'> & { readonly dryRun: DryRun | null },
): Promise<FileJob[]> {
  const { io } = context;
  const common = readSendOptions(context, url);
  const jobs: FileJob[] = [];
  for (const word of files) {
    const ownUrl = urlOfFile(url, baseNameOf(word, { name }));
    const about: FailureContext = { target: ownUrl.url };
    const job = await checkedJob(context, about, dryRun, () => {
      const file = isStandardInput(word) ? word : io.absolute(word);
      const request = { ...common, file, name };
      about.file = shownName(request);
      return { request, url: ownUrl, command };
    });
    if ('error' in job) await fail(job.error, about);
    else jobs.push(job);
  }
  return jobs;
}

async function* foundJobs(
  context: Context,
  words: Words,
  { common, dryRun }: { readonly common: CommonOptions; readonly dryRun: DryRun | null },
): AsyncGenerator<FileJob | FailedJob, void> {
  const { url, command } = words;
  for await (const found of findJobs(context, words)) {
    const about = { file: found.path, target: url.url };
    yield await checkedJob(context, about, dryRun, () => {
      if ('error' in found) throw found.error;
      const { path: file, name } = found;
      checkName(url, found);
      return { request: { ...common, file, name }, url: urlOfFile(url, name), command };
    });
  }
}

/** Looks at one file. A dry run prints what would be done with it. */
async function checkedJob(
  context: Context,
  about: FailureContext,
  dryRun: DryRun | null,
  jobOf: () => UploadJob,
): Promise<FileJob | FailedJob> {
  try {
    const job = jobOf();
    const planned = await planOf(job, context.options.plan.maxParts);
    await dryRun?.print({ ...job, plan: planned.plan });
    return fileJob(context, job, planned);
  } catch (error) {
    return { about, error };
  }
}
