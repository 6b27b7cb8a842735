/** The inventory of a vault: a job makes it, which takes hours, and its output is read in pieces. */
import type { GlacierJobDescription } from '@aws-sdk/client-glacier';
import { isFailure } from '../../core/failures.js';
import { MIB_BYTES } from '../../core/units.js';
import type { ArchiveList, ArchivesPage } from '../../transfer/ports/archive-list.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import type { VaultCaller } from './client.js';
import type { Operation } from './failures.js';
import { parseArchives, parseDate, parseHead } from './inventory-output.js';
import type { VaultAddress } from './locate-vault.js';

/** About 6,000 archives. An answer has at most 8 MiB (targets/aws/answer-limits). */
const PIECE_BYTES = 2 * MIB_BYTES;
/** The beginning has the vault's ARN and a date, and the end has no more. */
const EDGE_BYTES = 4096;
/** The service keeps an output for at least 24 hours. Source: Amazon Glacier developer guide, api-job-output-get. */
const KEPT_MS = 24 * 3_600_000;
/** Far more than the jobs of some days: a service that repeats its markers must not be asked forever. */
const PAGES_MAX = 1000;

export interface InventoryReader {
  readonly caller: VaultCaller;
  readonly vault: VaultAddress;
}

function operationOf({ vault }: InventoryReader, name: string): Operation {
  return { name, vault: vault.vaultName, uploadId: null, sent: null };
}

/** Uses a job that is ready, or one in progress; starts one if there is none. */
export async function openInventory(reader: InventoryReader, signal: AbortSignal): Promise<ArchiveList> {
  const { ready, underWay } = await findJobs(reader, signal);
  const list = ready === null ? null : await openOutput(reader, ready, signal);
  if (list !== null) return list;
  return underWay === null ? startJob(reader, signal) : pendingList(reader, underWay, false);
}

interface FoundJobs {
  /** The newest inventory that is ready. */
  readonly ready: GlacierJobDescription | null;
  /** The oldest one that is being made. */
  readonly underWay: GlacierJobDescription | null;
}

async function findJobs(reader: InventoryReader, signal: AbortSignal): Promise<FoundJobs> {
  let ready: GlacierJobDescription | null = null;
  let underWay: GlacierJobDescription | null = null;
  for await (const job of inventoryJobs(reader, signal)) {
    const { StatusCode, CompletionDate = '', CreationDate = '' } = job;
    const isKept = Date.now() - Date.parse(CompletionDate) < KEPT_MS;
    if (StatusCode === 'Succeeded' && isKept && CompletionDate > (ready?.CompletionDate ?? '')) ready = job;
    const isFirst = underWay === null || CreationDate < (underWay.CreationDate ?? '');
    if (StatusCode === 'InProgress' && isFirst) underWay = job;
  }
  return { ready, underWay };
}

function pendingList(reader: InventoryReader, job: GlacierJobDescription, isNew: boolean): ArchiveList {
  const jobId = readId(job.JobId, operationOf(reader, 'ListJobs'), 'job id');
  const startedAt = new Date(Date.parse(job.CreationDate ?? '') || Date.now()).toISOString();
  return { state: 'pending', jobId, startedAt, isNew };
}

/** Reads the beginning of the output. @returns null if the service no longer has it */
async function openOutput(
  reader: InventoryReader,
  job: GlacierJobDescription,
  signal: AbortSignal,
): Promise<ArchiveList | null> {
  const operation = operationOf(reader, 'GetJobOutput');
  const jobId = readId(job.JobId, operation, 'job id');
  const sizeBytes = job.InventorySizeInBytes ?? null;
  try {
    const head = await readPiece(reader, { jobId, startByte: 0, length: EDGE_BYTES, sizeBytes }, signal);
    const { takenAt, startByte } = parseHead(head.bytes, operation);
    const date = takenAt ?? (await readDateAtEnd(reader, { jobId, sizeBytes: head.sizeBytes }, signal));
    return { state: 'ready', takenAt: date, marker: markerOf(jobId, startByte, head.sizeBytes) };
  } catch (error) {
    // The vault has just listed its jobs, so that it is the output that is missing.
    if (isFailure(error, 'not-found')) return null;
    throw error;
  }
}

/** The keys of a JSON object have no order: the date may come after the archives. */
async function readDateAtEnd(
  reader: InventoryReader,
  { jobId, sizeBytes }: Pick<Piece, 'jobId' | 'sizeBytes'>,
  signal: AbortSignal,
): Promise<string> {
  const startByte = Math.max(0, (sizeBytes ?? 0) - EDGE_BYTES);
  const { bytes } = await readPiece(reader, { jobId, startByte, length: EDGE_BYTES, sizeBytes }, signal);
  return parseDate(bytes.toString('latin1'), operationOf(reader, 'GetJobOutput'));
}

async function* inventoryJobs(
  reader: InventoryReader,
  signal: AbortSignal,
): AsyncGenerator<GlacierJobDescription> {
  const operation = operationOf(reader, 'ListJobs');
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const input = { ...reader.vault, ...(marker !== undefined && { marker }) };
    const response = await reader.caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListJobsCommand(input), send),
    );
    if (!Array.isArray(response.JobList)) throw incompleteResponse(operation, 'list of jobs');
    yield* response.JobList.filter(isWholeInventory);
    if (!response.Marker) return;
    marker = readId(response.Marker, operation, 'page marker');
  }
  throw incompleteResponse(operation, `end after ${PAGES_MAX} pages`);
}

/** Returns false for an inventory that another program limited to some archives, or wanted as CSV. */
function isWholeInventory({ Action, InventoryRetrievalParameters: wanted }: GlacierJobDescription): boolean {
  if (Action !== 'InventoryRetrieval') return false;
  const { Format = 'JSON', StartDate, EndDate, Limit, Marker } = wanted ?? {};
  return Format === 'JSON' && !StartDate && !EndDate && !Limit && !Marker;
}

/** Starts a job, and asks whether it is done: the emulator makes an inventory at once. */
async function startJob(reader: InventoryReader, signal: AbortSignal): Promise<ArchiveList> {
  const job = await initiateJob(reader, signal);
  if (job === null) return { state: 'none' };
  const described = await describeJob(reader, job, signal);
  const isReady = described.StatusCode === 'Succeeded';
  const list = isReady ? await openOutput(reader, described, signal) : null;
  return list ?? pendingList(reader, { ...described, ...job }, true);
}

/** @returns null if the vault has no inventory yet */
async function initiateJob(
  { caller, vault }: InventoryReader,
  signal: AbortSignal,
): Promise<{ readonly JobId: string } | null> {
  const operation = operationOf({ caller, vault }, 'InitiateJob');
  const jobParameters = { Type: 'inventory-retrieval', Format: 'JSON', Description: 'calve audit' };
  try {
    const { jobId } = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.InitiateJobCommand({ ...vault, jobParameters }), send),
    );
    return { JobId: readId(jobId, operation, 'job id') };
  } catch (error) {
    // The vault has just listed its jobs, so that it is the inventory that is missing.
    if (isFailure(error, 'not-found')) return null;
    throw error;
  }
}

/** A service may show a new job somewhat later. */
async function describeJob(
  { caller, vault }: InventoryReader,
  { JobId: jobId }: { readonly JobId: string },
  signal: AbortSignal,
): Promise<GlacierJobDescription> {
  try {
    return await caller.call(operationOf({ caller, vault }, 'DescribeJob'), signal, (client, send, sdk) =>
      client.send(new sdk.DescribeJobCommand({ ...vault, jobId }), send),
    );
  } catch (error) {
    if (isFailure(error, 'not-found')) return {};
    throw error;
  }
}

function markerOf(jobId: string, startByte: number, sizeBytes: number | null): string {
  return `${jobId}:${startByte}:${sizeBytes ?? ''}`;
}

/** @param marker `JOB:POSITION:SIZE`, as openInventory and this function return it */
export async function readInventoryPage(
  reader: InventoryReader,
  marker: string | null,
  signal: AbortSignal,
): Promise<ArchivesPage> {
  const operation = operationOf(reader, 'GetJobOutput');
  const [jobId = '', position, size = ''] = (marker ?? '').split(':');
  const startByte = Number(position);
  const wanted = { jobId, startByte, length: PIECE_BYTES, sizeBytes: size === '' ? null : Number(size) };
  const piece = await readPiece(reader, wanted, signal);
  const { archives, usedBytes, isEnd } = parseArchives(piece.bytes, operation);
  if (isEnd) return { archives, marker: null };
  // A list that is cut off would make every archive after the cut look lost.
  if (usedBytes === 0 || piece.isLast) throw incompleteResponse(operation, 'end of the inventory');
  return { archives, marker: markerOf(jobId, startByte + usedBytes, piece.sizeBytes) };
}

interface Piece {
  readonly jobId: string;
  readonly startByte: number;
  readonly length: number;
  /** The size of the whole output; null: not known. A service may refuse a range that ends behind it. */
  readonly sizeBytes: number | null;
}

interface ReadPiece {
  readonly bytes: Buffer;
  readonly isLast: boolean;
  readonly sizeBytes: number | null;
}

async function readPiece(reader: InventoryReader, piece: Piece, signal: AbortSignal): Promise<ReadPiece> {
  const { caller, vault } = reader;
  const { jobId, startByte, sizeBytes } = piece;
  const endByte = Math.min(startByte + piece.length, sizeBytes ?? Number.POSITIVE_INFINITY) - 1;
  const range = `bytes=${startByte}-${endByte}`;
  const operation = operationOf(reader, 'GetJobOutput');
  const { contentRange, status, body } = await caller.call(operation, signal, async (client, send, sdk) => {
    const response = await client.send(new sdk.GetJobOutputCommand({ ...vault, jobId, range }), send);
    const { contentRange, status } = response;
    return { contentRange, status, body: await response.body?.transformToByteArray() };
  });
  const bytes = Buffer.from(body ?? []);
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  // A server that does not know ranges answers with the whole output.
  if (first === undefined && status !== 206)
    return { bytes: bytes.subarray(startByte), isLast: true, sizeBytes: bytes.length };
  if (Number(first) !== startByte || bytes.length !== Number(last) - startByte + 1) {
    throw incompleteResponse(operation, 'range that was asked for');
  }
  return { bytes, isLast: Number(last) + 1 >= Number(total), sizeBytes: Number(total) };
}
