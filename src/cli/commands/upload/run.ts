import { basename } from 'node:path';
import type { FailureContext } from '../../../core/failures.js';
import { isStandardInput } from '../../../core/identity.js';
import { limitParts, type OpenPlan, planStream } from '../../../core/part-plan.js';
import { type TargetUrl, urlOfFile } from '../../../core/target-url.js';
import { commandOutput, standardInput } from '../../../source/byte-streams.js';
import { inspectFile } from '../../../source/open-file.js';
import { inMemoryPartMaxBytes } from '../../../source/pool-size.js';
import { TARGETS } from '../../../targets/registry.js';
import { withMaxParts } from '../../../transfer/decorators/max-parts.js';
import { planFile } from '../../../transfer/parts/plan.js';
import type { ByteStream } from '../../../transfer/ports/source.js';
import { takesOneRequest } from '../../../transfer/put-file.js';
import { type ArchiveResult, type Session, sessionAt } from '../../../transfer/session.js';
import { uploadFile } from '../../../transfer/upload.js';
import { uploadStream } from '../../../transfer/upload-stream.js';
import { planJson, planText } from '../../../ui/plan-output.js';
import type { CommandContext } from '../../command.js';
import { checkServiceOptions, openSession, type ResolvedTarget, resolveTarget } from '../../compose.js';
import { checkManyKeys, ownKey } from '../../object-key.js';
import { aboutFile, printArchive } from '../../results.js';
import { RunTotals } from '../../run-totals.js';
import type { Options } from './command.js';
import { type FileJob, sendFiles } from './send-files.js';
import { readSendOptions, type SendOptions } from './upload-options.js';
import { readWords, type Words } from './words.js';

type Context = CommandContext<Options>;

/** One file or stream, and the object or the vault that it becomes. */
interface UploadJob {
  readonly request: SendOptions;
  readonly url: TargetUrl;
  /** The command that prints the stream. */
  readonly command: Words['command'];
}

/** `calve upload FILE... TARGET` and `calve upload TARGET --from-command -- CMD ARG...` */
export async function upload(context: Context, typed: readonly string[]): Promise<void> {
  const words = readWords(context, typed);
  const { url, files } = words;
  const { own } = context.options;
  const baseNames = files.map((file) => basename(file));
  checkManyKeys(url, baseNames);
  const options = withObjectSettings(context.options);
  if (own.dryRun) checkServiceOptions(options, url);
  const target = own.dryRun ? null : await resolveTarget(context.io, options, url);
  const totals = files.length > 1 ? new RunTotals(context, url.url) : null;
  const jobs = await checkFiles(context, words, totals ?? context);
  if (target === null) return;
  try {
    if (jobs.length > 0) await sendAll(context, target, jobs, totals);
  } catch (error) {
    // A summary comes last, after the failure.
    await context.fail(error);
  }
  await totals?.end();
}

/** Adds what describes a new object to the settings of the target. */
function withObjectSettings(options: Options): Options {
  const { sse, sseKmsKeyId, tagging } = options.objects;
  const object = { ...options.service.object, sse, sseKmsKeyId, tagging };
  return { ...options, service: { ...options.service, object } };
}

/** @param totals null: the run is about one file */
async function sendAll(
  context: Context,
  target: ResolvedTarget,
  jobs: readonly FileJob[],
  totals: RunTotals | null,
): Promise<void> {
  const { io, reporter } = context;
  const options = withObjectSettings(context.options);
  const { session, close } = await openSession(io, options, target, { create: true, reporter });
  const limited = { ...session, target: withMaxParts(session.target, options.plan.maxParts) };
  try {
    if (totals !== null) await sendFiles(context, limited, jobs, { totals, areFound: false });
    else for (const job of jobs) await sendOne(context, limited, job);
  } finally {
    await close();
  }
}

/** @param parts null: a stream */
function fileJob(context: Context, { request, url, command }: UploadJob, parts: number | null): FileJob {
  const about = { file: request.file, target: url.url };
  const send = (session: Session): Promise<ArchiveResult> => {
    const named = aboutFile(sessionAt(session, ownKey(url)), request.file);
    return isStandardInput(request.file)
      ? uploadStream(named, request, openBytes(context, command))
      : uploadFile(named, request);
  };
  return { about, parts, send };
}

async function sendOne(context: Context, session: Session, { about, send }: FileJob): Promise<void> {
  try {
    await printArchive(context, await send(session));
  } catch (error) {
    await context.fail(error, about);
  }
}

function openBytes({ io }: Context, command: readonly string[] | null): ByteStream {
  if (command === null) return standardInput(io.stdin, io.signal);
  return commandOutput(command, { cwd: io.absolute('.'), env: io.env, signal: io.signal });
}

/**
 * Looks at every file before the service is asked, so that a missing one is reported whatever the service would say.
 * With --dry-run prints the plan of each.
 * @returns those that can be sent
 */
async function checkFiles(
  context: Context,
  { files, url, command }: Words,
  { fail }: Pick<Context, 'fail'>,
): Promise<FileJob[]> {
  const { io, options } = context;
  const common = readSendOptions(context, url);
  const jobs: FileJob[] = [];
  for (const word of files) {
    const ownUrl = urlOfFile(url, basename(word));
    const about: FailureContext = { target: ownUrl.url };
    try {
      about.file = isStandardInput(word) ? word : io.absolute(word);
      const job = { request: { ...common, file: about.file }, url: ownUrl, command };
      const plan = await planOf(job, options.plan.maxParts);
      if (options.own.dryRun) await printPlan(context, job, plan);
      jobs.push(fileJob(context, job, plan.partCount));
    } catch (error) {
      await fail(error, about);
    }
  }
  return jobs;
}

async function planOf({ request, url }: UploadJob, maxParts: number | null): Promise<OpenPlan> {
  const own = TARGETS[url.scheme].capabilities.limits;
  const limits = maxParts === null ? own : limitParts(own, maxParts);
  if (!isStandardInput(request.file)) {
    return planFile(await inspectFile(request.file), request.partSizeBytes, limits);
  }
  return planStream(request.expectedSizeBytes, request.partSizeBytes ?? 'auto', limits);
}

/** One request creates the upload, one sends each part, and one completes it; or a single one makes the object. */
function requestsOf({ partCount }: OpenPlan, isOne: boolean): number | null {
  if (isOne) return 1;
  return partCount === null ? null : partCount + 2;
}

function isPut(
  { options }: Context,
  { request, url }: Pick<UploadJob, 'request' | 'url'>,
  { sizeBytes, partCount }: OpenPlan,
): boolean {
  if (sizeBytes === null || partCount === null || isStandardInput(request.file)) return false;
  const { concurrency, threads } = options.transfer;
  const maxBytes = inMemoryPartMaxBytes({ concurrency, ...(threads !== null && { threads }) });
  const { capabilities } = TARGETS[url.scheme];
  return takesOneRequest(capabilities, { sizeBytes, partCount }, request.object, maxBytes);
}

async function printPlan(context: Context, { request, url }: UploadJob, plan: OpenPlan): Promise<void> {
  const { object: kind } = TARGETS[url.scheme];
  const object = planJson({
    file: request.file,
    target: url.url,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    requests: requestsOf(plan, isPut(context, { request, url }, plan)),
    storageClass: request.object?.storageClass ?? kind?.defaultStorageClass ?? null,
  });
  await context.result(object, planText(object));
}
