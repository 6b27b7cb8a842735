/** `calve upload --dry-run`: prints what the line would do with each file. It asks no service and writes nothing. */
import { realpath } from 'node:fs/promises';
import { isFailure } from '../../../core/failures.js';
import { isStandardInput } from '../../../core/identity.js';
import { limitParts, type OpenPlan } from '../../../core/part-plan.js';
import type { TargetUrl } from '../../../core/target-url.js';
import { inMemoryPartMaxBytes } from '../../../source/pool-size.js';
import { TARGETS } from '../../../targets/registry.js';
import type { ServiceEndpoint } from '../../../targets/settings.js';
import {
  type Forecast,
  type ForecastSession,
  forecastFile,
  forecastStream,
  knownPlaces,
  type Place,
} from '../../../transfer/forecast.js';
import { takesOneRequest } from '../../../transfer/put-file.js';
import { planJson, planText } from '../../../ui/plan-output.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openSources, openState, resolveTarget } from '../../compose.js';
import type { Options } from './command.js';
import type { SendOptions } from './upload-options.js';

type Context = CommandContext<Options>;

/** One file or stream, and where it goes. */
interface DryRunJob {
  readonly request: SendOptions;
  readonly url: TargetUrl;
  /** The plan of a new upload. */
  readonly plan: OpenPlan;
}

export interface DryRun {
  /** @throws TransferError the failure that the upload would end with, as far as it is known here */
  print(job: DryRunJob): Promise<void>;
  /** Never fails. */
  close(): Promise<void>;
}

/** @param options those of the command, with the settings of objects */
export function openDryRun(context: Context, options: Options, url: TargetUrl): DryRun {
  const { io, reporter } = context;
  const { capabilities } = TARGETS[url.scheme];
  const { maxParts } = options.plan;
  const { close, openSource } = openSources(options);
  const session: ForecastSession = {
    openSource,
    report: reporter.report,
    signal: io.signal,
    ...options.transfer,
    state: options.state.known === null ? null : openState(options),
    catalogue: options.catalogue.known === null ? null : openArchives(options),
    capabilities:
      maxParts === null
        ? capabilities
        : { ...capabilities, limits: limitParts(capabilities.limits, maxParts) },
  };
  let places: Promise<readonly Place[]> | null = null;
  return {
    async print(job) {
      const { request } = job;
      places ??= placeOf(context, options, url).then((place) => knownPlaces(session, url, place));
      const wanted = { url: job.url.url, places: await places };
      const forecast = isStandardInput(request.file)
        ? await forecastStream(session, request.name, wanted)
        : await forecastFile(session, request, wanted);
      const object = forecastJson(options, job, forecast);
      await context.result(object, planText(object));
    },
    close,
  };
}

/** Returns the region and the endpoint as the state has them; null where nothing names them. */
async function placeOf(
  { io }: Context,
  options: Options,
  url: TargetUrl,
): Promise<Omit<Place, 'account'> | null> {
  try {
    const { settings, endpoint } = await resolveTarget(io, options, url);
    return url.scheme === 'local' ? await localPlace(endpoint, settings.localDir) : endpoint;
  } catch (error) {
    if (isFailure(error, 'usage') || isFailure(error, 'state')) return null;
    throw error;
  }
}

/** The endpoint of the embedded emulator is its data folder. */
async function localPlace({ region }: ServiceEndpoint, folder: string): Promise<Omit<Place, 'account'>> {
  return { region, endpoint: await realpath(folder).catch(() => folder) };
}

function forecastJson(options: Options, job: DryRunJob, forecast: Forecast) {
  const { request, url, plan } = job;
  const kind = TARGETS[url.scheme];
  const upload = forecast.action === 'continue' ? forecast.upload : null;
  const entry = forecast.action === 'skip' ? forecast.entry : null;
  const { sizeBytes, partSizeBytes, partCount } = upload?.head.plan ?? entry?.plan ?? plan;
  const chosen = (upload?.head.object ?? entry?.object ?? request.object)?.storageClass ?? null;
  return planJson({
    file: isStandardInput(request.file) ? (request.name ?? request.file) : request.file,
    target: url.url,
    action: forecast.action,
    size: sizeBytes,
    partSize: partSizeBytes,
    parts: partCount,
    partsDone: upload?.parts.size ?? null,
    requests: requestsOf(forecast, plan, {
      isPut: isPut(options, job),
      pageEntriesMax: kind.capabilities.pageEntriesMax,
    }),
    storageClass: chosen ?? kind.object?.defaultStorageClass ?? null,
    uploadId: upload?.head.uploadId ?? null,
    archiveId: entry?.archiveId ?? null,
    archivedAt: entry?.archivedAt ?? null,
  });
}

interface RequestKind {
  /** True when a single request makes the object. */
  readonly isPut: boolean;
  readonly pageEntriesMax: number;
}

function isPut({ transfer }: Options, { request, url, plan }: DryRunJob): boolean {
  const { sizeBytes, partCount } = plan;
  if (sizeBytes === null || partCount === null || isStandardInput(request.file)) return false;
  const { concurrency, threads } = transfer;
  const maxBytes = inMemoryPartMaxBytes({ concurrency, ...(threads !== null && { threads }) });
  const { capabilities } = TARGETS[url.scheme];
  return takesOneRequest(capabilities, { sizeBytes, partCount }, request.object, maxBytes);
}

/**
 * Returns the number of requests, without those that find the vault, look at an archive that exists, or are repeated.
 * @returns null for a stream
 */
function requestsOf(forecast: Forecast, { partCount }: OpenPlan, kind: RequestKind): number | null {
  const { isPut, pageEntriesMax } = kind;
  if (forecast.action === 'skip') return 0;
  // One request creates the upload, one sends each part, and one completes it; or a single one makes the object.
  if (forecast.action === 'new') return isPut ? 1 : partCount === null ? null : partCount + 2;
  const { head, parts, completing } = forecast.upload;
  if (completing !== null) return 1;
  const pages = Math.max(1, Math.ceil(parts.size / pageEntriesMax));
  return pages + (head.plan.partCount - parts.size) + 1;
}
