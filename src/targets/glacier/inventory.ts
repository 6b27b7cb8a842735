/** The inventory of a vault: a job makes it, which takes hours, and its output is read in pieces. */
import type { GlacierJobDescription } from '@aws-sdk/client-glacier';
import { isFailure } from '../../core/failures.js';
import { MIB_BYTES } from '../../core/units.js';
import type { ArchiveList, ArchivesPage } from '../../transfer/ports/archive-list.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import type { VaultCaller } from './client.js';
import type { Operation } from './failures.js';
import { parseArchives, parseHead } from './inventory-output.js';
import type { VaultAddress } from './locate-vault.js';

/** About 12,000 archives. An answer has at most 8 MiB (targets/aws/answer-limits). */
const PIECE_BYTES = 4 * MIB_BYTES;
/** The beginning has the vault's ARN and a date. */
const HEAD_BYTES = 4096;
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
  const found = await findJob(reader, signal);
  const job = found ?? (await startJob(reader, signal));
  if (job === null) return { state: 'none' };
  const jobId = readId(job.JobId, operationOf(reader, 'ListJobs'), 'job id');
  if (job.StatusCode !== 'Succeeded') {
    const startedAt = new Date(Date.parse(job.CreationDate ?? '') || Date.now()).toISOString();
    return { state: 'pending', jobId, startedAt, isNew: found === null };
  }
  const { bytes } = await readPiece(reader, { jobId, startByte: 0, length: HEAD_BYTES }, signal);
  const { takenAt, startByte } = parseHead(bytes, operationOf(reader, 'GetJobOutput'));
  return { state: 'ready', takenAt, marker: `${jobId}:${startByte}` };
}

/** Returns the newest inventory that is ready, or else the oldest that is being made. */
async function findJob(reader: InventoryReader, signal: AbortSignal): Promise<GlacierJobDescription | null> {
  let ready: GlacierJobDescription | null = null;
  let underWay: GlacierJobDescription | null = null;
  for await (const job of inventoryJobs(reader, signal)) {
    const { StatusCode, CompletionDate = '', CreationDate = '' } = job;
    const isKept = Date.now() - Date.parse(CompletionDate) < KEPT_MS;
    if (StatusCode === 'Succeeded' && isKept && CompletionDate > (ready?.CompletionDate ?? '')) ready = job;
    const isFirst = underWay === null || CreationDate < (underWay.CreationDate ?? '');
    if (StatusCode === 'InProgress' && isFirst) underWay = job;
  }
  return ready ?? underWay;
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

/**
 * The answer of the second request shows whether the job is done: the emulator makes an inventory at once.
 * @returns null if the vault has no inventory yet
 */
async function startJob(reader: InventoryReader, signal: AbortSignal): Promise<GlacierJobDescription | null> {
  const { caller, vault } = reader;
  const operation = operationOf(reader, 'InitiateJob');
  const jobParameters = { Type: 'inventory-retrieval', Format: 'JSON', Description: 'calve audit' };
  try {
    const started = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.InitiateJobCommand({ ...vault, jobParameters }), send),
    );
    const jobId = readId(started.jobId, operation, 'job id');
    return await caller.call(operationOf(reader, 'DescribeJob'), signal, (client, send, sdk) =>
      client.send(new sdk.DescribeJobCommand({ ...vault, jobId }), send),
    );
  } catch (error) {
    // The vault has just listed its jobs, so that it is the inventory that is missing.
    if (isFailure(error, 'not-found')) return null;
    throw error;
  }
}

/** @param marker `JOB:POSITION`, as openInventory and this function return it */
export async function readInventoryPage(
  reader: InventoryReader,
  marker: string | null,
  signal: AbortSignal,
): Promise<ArchivesPage> {
  const operation = operationOf(reader, 'GetJobOutput');
  const [jobId = '', position] = (marker ?? '').split(':');
  const startByte = Number(position);
  const piece = await readPiece(reader, { jobId, startByte, length: PIECE_BYTES }, signal);
  const { archives, usedBytes, isEnd } = parseArchives(piece.bytes, operation);
  if (isEnd) return { archives, marker: null };
  // A list that is cut off would make every archive after the cut look lost.
  if (usedBytes === 0 || piece.isLast) throw incompleteResponse(operation, 'end of the inventory');
  return { archives, marker: `${jobId}:${startByte + usedBytes}` };
}

interface Piece {
  readonly jobId: string;
  readonly startByte: number;
  readonly length: number;
}

async function readPiece(
  reader: InventoryReader,
  { jobId, startByte, length }: Piece,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  const { caller, vault } = reader;
  const range = `bytes=${startByte}-${startByte + length - 1}`;
  const operation = operationOf(reader, 'GetJobOutput');
  const { contentRange, body } = await caller.call(operation, signal, async (client, send, sdk) => {
    const response = await client.send(new sdk.GetJobOutputCommand({ ...vault, jobId, range }), send);
    return { contentRange: response.contentRange, body: await response.body?.transformToByteArray() };
  });
  const bytes = Buffer.from(body ?? []);
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  // A server that does not know ranges answers with the whole output.
  if (first === undefined) return { bytes: bytes.subarray(startByte), isLast: true };
  if (Number(first) !== startByte || bytes.length !== Number(last) - startByte + 1) {
    throw incompleteResponse(operation, 'range that was asked for');
  }
  return { bytes, isLast: Number(last) + 1 >= Number(total) };
}
