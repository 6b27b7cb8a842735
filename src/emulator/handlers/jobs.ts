import { sortedJson } from '../http/api-response.js';
import { archiveNotFound, invalid, jobNotFound, ServiceError } from '../http/service-error.js';
import { isUploadOrJobId } from '../ids.js';
import { findArchive } from '../store/archives.js';
import {
  createArchiveJob,
  createInventoryJob,
  findJob,
  type InventoryWish,
  isReady,
  type Job,
  listJobs,
} from '../store/jobs.js';
import { takeInventory } from '../store/vaults.js';
import {
  type Call,
  JSON_TYPE,
  type Reply,
  requireVault,
  type Service,
  vaultArn,
  vaultPath,
} from './api-request.js';
import { inventoryCsv, inventoryJson, selectArchives } from './inventory-output.js';
import { type JobOrder, parseJobOrder, parseRetrievalRange } from './job-parameters.js';
import { cutPage, pageLimit, readMarker, writeMarker } from './paging.js';

const PER_PAGE_MAX = 50;

export async function handleInitiateJob(call: Call, service: Service): Promise<Reply> {
  const vault = await requireVault(call, service);
  const order = parseJobOrder(call.body);
  const { subject } = order;
  const { jobId } =
    subject.kind === 'archive'
      ? await makeArchiveJob(service, vault, order, subject)
      : await makeInventoryJob(call, service, vault, { order, wish: subject.wish });
  const location = `${vaultPath(call, service)}/jobs/${jobId}`;
  return { status: 202, headers: { ...JSON_TYPE, location, 'x-amz-job-id': jobId }, body: '{}' };
}

async function makeArchiveJob(
  service: Service,
  vault: string,
  { description, snsTopic, tier }: JobOrder,
  subject: { readonly archiveId: string; readonly range: string | null },
): Promise<Job> {
  const archive = await findArchive(vault, subject.archiveId);
  if (archive === null) throw archiveNotFound(subject.archiveId);
  const [startByte, endByte] = parseRetrievalRange(subject.range, archive.sizeBytes);
  const wish = {
    action: 'ArchiveRetrieval',
    description,
    snsTopic,
    tier,
    archive,
    startByte,
    endByte,
  } as const;
  return createArchiveJob(service.store, vault, wish, service.jobDelayMs);
}

/** The vault is counted now, so that an inventory always lists what is there when it is asked for. */
async function makeInventoryJob(
  call: Call,
  service: Service,
  vault: string,
  { order, wish }: { readonly order: JobOrder; readonly wish: InventoryWish },
): Promise<Job> {
  const { inventory, archives } = await takeInventory(service.store, vault);
  const { selected, marker } = selectArchives(archives, wish);
  const listing = { vaultArn: vaultArn(call, service), date: inventory.date, archives: selected };
  const output = wish.Format === 'JSON' ? inventoryJson(listing) : inventoryCsv(listing);
  const job = {
    action: 'InventoryRetrieval',
    description: order.description,
    snsTopic: order.snsTopic,
    sizeBytes: Buffer.byteLength(output),
    parameters: { ...wish, Marker: marker },
  } as const;
  return createInventoryJob(service.store, vault, { wish: job, output }, service.jobDelayMs);
}

/** @throws ServiceError ResourceNotFoundException */
export async function requireJob(vault: string, jobId: string): Promise<Job> {
  const job = isUploadOrJobId(jobId) ? await findJob(vault, jobId) : null;
  if (job === null) throw jobNotFound(jobId);
  return job;
}

export async function handleDescribeJob(call: Call, service: Service): Promise<Reply> {
  const job = await requireJob(await requireVault(call, service), call.id);
  return { status: 200, headers: JSON_TYPE, body: sortedJson(describe(job, call, service)) };
}

export async function handleListJobs(call: Call, service: Service): Promise<Reply> {
  const vault = await requireVault(call, service);
  const limit = pageLimit(call.query, PER_PAGE_MAX);
  const after = readMarker(call.query, /^[A-Za-z0-9_-]{92}$/);
  const found = await listJobs(vault, { after, count: limit + 1 }, wantedJobs(call.query));
  const page = cutPage(found, limit, ({ jobId }) => writeMarker(jobId));
  const list = page.items.map((job) => describe(job, call, service));
  return { status: 200, headers: JSON_TYPE, body: sortedJson({ JobList: list, Marker: page.next }) };
}

function wantedJobs(query: URLSearchParams): (job: Job) => boolean {
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

function describe(job: Job, call: Call, service: Service): object {
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
    VaultARN: vaultArn(call, service),
  };
}
