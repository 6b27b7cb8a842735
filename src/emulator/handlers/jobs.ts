import { type ApiResponse, createdResponse, jsonResponse } from '../http/api-response.js';
import { archiveNotFound, invalid, jobNotFound, ServiceError } from '../http/service-error.js';
import { isUploadOrJobId } from '../ids.js';
import { findArchive } from '../store/archives.js';
import {
  createArchiveJob,
  createInventoryJob,
  findJob,
  type InventoryParameters,
  isReady,
  type Job,
  listJobs,
} from '../store/jobs.js';
import { takeInventory } from '../store/vaults.js';
import { type ApiRequest, requireVault, type Service, vaultArn, vaultPath } from './api-request.js';
import { inventoryCsv, inventoryJson, selectArchives } from './inventory-output.js';
import { type JobParameters, parseJobParameters, parseRetrievalRange } from './job-parameters.js';
import { cutPage, pageLimit, readMarker, writeMarker } from './paging.js';

const PER_PAGE_MAX = 50;

export async function handleInitiateJob(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVault(request, service);
  const job = parseJobParameters(request.body);
  const { retrieval } = job;
  const { jobId } =
    retrieval.kind === 'archive'
      ? await initiateArchiveJob(service, vault, job, retrieval)
      : await initiateInventoryJob(request, service, vault, { ...job, parameters: retrieval.parameters });
  const location = `${vaultPath(request, service)}/jobs/${jobId}`;
  return createdResponse({ location, 'x-amz-job-id': jobId }, 202);
}

async function initiateArchiveJob(
  service: Service,
  vault: string,
  { description, snsTopic, tier }: JobParameters,
  { archiveId, range }: { readonly archiveId: string; readonly range: string | null },
): Promise<Job> {
  const archive = await findArchive(vault, archiveId);
  if (archive === null) throw archiveNotFound(archiveId);
  const [startByte, endByte] = parseRetrievalRange(range, archive.sizeBytes);
  const action = 'ArchiveRetrieval';
  const job = { action, description, snsTopic, tier, archive, startByte, endByte } as const;
  return createArchiveJob(service.store, vault, job, service.jobDelayMs);
}

/** Takes the inventory now, so that it lists the archives that are in the vault at the time of the request. */
async function initiateInventoryJob(
  request: ApiRequest,
  service: Service,
  vault: string,
  { description, snsTopic, parameters }: JobParameters & { readonly parameters: InventoryParameters },
): Promise<Job> {
  const { inventory, archives } = await takeInventory(service.store, vault);
  const { selected, marker } = selectArchives(archives, parameters);
  const listing = { vaultArn: vaultArn(request, service), date: inventory.date, archives: selected };
  const output = parameters.Format === 'JSON' ? inventoryJson(listing) : inventoryCsv(listing);
  const job = {
    action: 'InventoryRetrieval',
    description,
    snsTopic,
    sizeBytes: Buffer.byteLength(output),
    parameters: { ...parameters, Marker: marker },
  } as const;
  return createInventoryJob(service.store, vault, { job, output }, service.jobDelayMs);
}

/** @throws ServiceError ResourceNotFoundException */
export async function requireJob(vault: string, jobId: string): Promise<Job> {
  const job = isUploadOrJobId(jobId) ? await findJob(vault, jobId) : null;
  if (job === null) throw jobNotFound(jobId);
  return job;
}

export async function handleDescribeJob(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const job = await requireJob(await requireVault(request, service), request.id);
  return jsonResponse(jobJson(job, request, service));
}

export async function handleListJobs(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVault(request, service);
  const limit = pageLimit(request.query, PER_PAGE_MAX);
  const after = readMarker(request.query, /^[A-Za-z0-9_-]{92}$/);
  const found = await listJobs(vault, { after, count: limit + 1 }, jobFilter(request.query));
  const page = cutPage(found, limit, ({ jobId }) => writeMarker(jobId));
  const list = page.items.map((job) => jobJson(job, request, service));
  return jsonResponse({ JobList: list, Marker: page.marker });
}

function jobFilter(query: URLSearchParams): (job: Job) => boolean {
  const status = query.get('statuscode');
  const completed = query.get('completed');
  if (status !== null && !['InProgress', 'Succeeded', 'Failed'].includes(status)) {
    throw new ServiceError('InvalidParameterValueException', `The job status code is not valid: ${status}`);
  }
  if (completed !== null && completed !== 'true' && completed !== 'false')
    throw invalid('completed', completed);
  return (job) =>
    (status === null || status === statusOf(job)) &&
    (completed === null || (completed === 'true') === isReady(job));
}

function statusOf(job: Job): string {
  return isReady(job) ? 'Succeeded' : 'InProgress';
}

function jobJson(job: Job, request: ApiRequest, service: Service): object {
  const ready = isReady(job);
  const archive = job.action === 'ArchiveRetrieval' ? job : null;
  const inventory = job.action === 'InventoryRetrieval' ? job : null;
  const whole = archive !== null && archive.endByte - archive.startByte + 1 === archive.archive.sizeBytes;
  return {
    Action: job.action,
    ArchiveId: archive?.archive.archiveId ?? null,
    ArchiveSHA256TreeHash: archive?.archive.treeHash ?? null,
    ArchiveSizeInBytes: archive?.archive.sizeBytes ?? null,
    Completed: ready,
    CompletionDate: ready ? job.readyAt : null,
    CreationDate: job.createdAt,
    InventoryRetrievalParameters: inventory?.parameters ?? null,
    InventorySizeInBytes: ready ? (inventory?.sizeBytes ?? null) : null,
    JobDescription: job.description,
    JobId: job.jobId,
    RetrievalByteRange: archive === null ? null : `${archive.startByte}-${archive.endByte}`,
    SHA256TreeHash: whole ? archive.archive.treeHash : null,
    SNSTopic: job.snsTopic,
    StatusCode: statusOf(job),
    StatusMessage: ready ? 'Succeeded' : null,
    Tier: archive?.tier ?? null,
    VaultARN: vaultArn(request, service),
  };
}
