import { basename } from 'node:path';
import type { FailureContext } from '../../../core/failures.js';
import { isStandardInput } from '../../../core/identity.js';
import { limitParts, type OpenPlan, planStream } from '../../../core/part-plan.js';
import { type TargetUrl, urlOfFile } from '../../../core/target-url.js';
import { commandOutput, standardInput } from '../../../source/byte-streams.js';
import { inspectFile } from '../../../source/open-file.js';
import { TARGETS } from '../../../targets/registry.js';
import { withMaxParts } from '../../../transfer/decorators/max-parts.js';
import { planFile } from '../../../transfer/parts/plan.js';
import type { ByteStream } from '../../../transfer/ports/source.js';
import { type Session, sessionAt } from '../../../transfer/session.js';
import { uploadFile } from '../../../transfer/upload.js';
import { uploadStream } from '../../../transfer/upload-stream.js';
import { planJson, planText } from '../../../ui/plan-output.js';
import type { CommandContext } from '../../command.js';
import { checkServiceOptions, openSession, resolveTarget } from '../../compose.js';
import { stopsTheRun } from '../../exit-codes.js';
import { checkManyKeys, ownKey } from '../../object-key.js';
import { aboutFile, printArchive } from '../../results.js';
import type { Options } from './command.js';
import { readSendOptions, type SendOptions } from './upload-options.js';
import { readWords, type Words } from './words.js';

type Context = CommandContext<Options>;

/** One file or stream, and the object or the vault that it becomes. */
interface UploadJob {
  readonly request: SendOptions;
  readonly url: TargetUrl;
}

/** `calve upload FILE... TARGET` and `calve upload TARGET --from-command -- CMD ARG...` */
export async function upload(context: Context, typed: readonly string[]): Promise<void> {
  const words = readWords(context, typed);
  const { url, files } = words;
  const { io, reporter } = context;
  const { own } = context.options;
  const baseNames = files.map((file) => basename(file));
  checkManyKeys(url, baseNames);
  const options = withObjectSettings(context.options);
  if (own.dryRun) checkServiceOptions(options, url);
  const target = own.dryRun ? null : await resolveTarget(io, options, url);
  const jobs = await checkFiles(context, files, url);
  if (jobs.length === 0 || target === null) return;
  const { session, close } = await openSession(io, options, target, { create: true, reporter });
  const limited = { ...session, target: withMaxParts(session.target, options.plan.maxParts) };
  try {
    await sendAll(context, limited, jobs, words);
  } finally {
    await close();
  }
}

/** Adds what describes a new object to the settings of the target. */
function withObjectSettings(options: Options): Options {
  const { sse, sseKmsKeyId, tagging } = options.objects;
  const object = { ...options.service.object, sse, sseKmsKeyId, tagging };
  return { ...options, service: { ...options.service, object } };
}

async function sendAll(
  context: Context,
  session: Session,
  jobs: readonly UploadJob[],
  words: Words,
): Promise<void> {
  for (const { request, url } of jobs) {
    try {
      const about = aboutFile(sessionAt(session, ownKey(url)), request.file);
      const sent = isStandardInput(request.file)
        ? uploadStream(about, request, openBytes(context, words.command))
        : uploadFile(about, request);
      await printArchive(context, await sent);
    } catch (error) {
      await context.fail(error, { file: request.file, target: url.url });
      if (stopsTheRun(error)) return;
    }
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
async function checkFiles(context: Context, files: readonly string[], url: TargetUrl): Promise<UploadJob[]> {
  const { io, options, fail } = context;
  const common = readSendOptions(context, url);
  const jobs: UploadJob[] = [];
  for (const word of files) {
    const ownUrl = urlOfFile(url, basename(word));
    const about: FailureContext = { target: ownUrl.url };
    try {
      about.file = isStandardInput(word) ? word : io.absolute(word);
      const job = { request: { ...common, file: about.file }, url: ownUrl };
      const plan = await planOf(job, options.plan.maxParts);
      if (options.own.dryRun) await printPlan(context, job, plan);
      jobs.push(job);
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

async function printPlan(context: Context, { request, url }: UploadJob, plan: OpenPlan): Promise<void> {
  const kind = TARGETS[url.scheme].object;
  const object = planJson({
    file: request.file,
    target: url.url,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    // One request creates the upload, one sends each part, and one completes it.
    requests: plan.partCount === null ? null : plan.partCount + 2,
    storageClass: request.object?.storageClass ?? kind?.defaultStorageClass ?? null,
  });
  await context.result(object, planText(object));
}
