/** Retrieval jobs. A job's output is fixed when the job is created, so it outlives the archive. */
import { link, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newJobId } from '../ids.js';
import { type ArchiveMetadata, archivePath } from './archives.js';
import { FILE_MODE, namesIn, readJson, type Workspace, writeJson } from './files.js';

interface JobCommon {
  readonly jobId: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly createdAt: string;
  /** The time from which the output is available. */
  readonly readyAt: string;
  readonly description: string | null;
  readonly snsTopic: string | null;
}

export interface ArchiveJob extends JobCommon {
  readonly action: 'ArchiveRetrieval';
  readonly archive: ArchiveMetadata;
  readonly tier: string;
  /** The requested range, inclusive. */
  readonly startByte: number;
  readonly endByte: number;
}

export interface InventoryParameters {
  readonly StartDate: string | null;
  readonly EndDate: string | null;
  readonly Limit: string | null;
  readonly Marker: string | null;
  readonly Format: 'JSON' | 'CSV';
}

interface InventoryJob extends JobCommon {
  readonly action: 'InventoryRetrieval';
  readonly sizeBytes: number;
  /** The requested parameters, except that `Marker` is where the next job continues. */
  readonly parameters: InventoryParameters;
}

export type Job = ArchiveJob | InventoryJob;

/** The fields that the store sets when it creates a job. */
type StoreFields = 'jobId' | 'createdAt' | 'readyAt';

function jobPath(vault: string, jobId: string): string {
  return join(vault, 'jobs', `${jobId}.json`);
}

export function outputPath(vault: string, jobId: string): string {
  return join(vault, 'jobs', `${jobId}.output`);
}

function storeFields(delayMs: number): Pick<JobCommon, StoreFields> {
  const nowMs = Date.now();
  const createdAt = new Date(nowMs).toISOString();
  return { jobId: newJobId(), createdAt, readyAt: new Date(nowMs + delayMs).toISOString() };
}

export async function createArchiveJob(
  workspace: Workspace,
  vault: string,
  details: Omit<ArchiveJob, StoreFields>,
  delayMs: number,
): Promise<Job> {
  const job: Job = { ...storeFields(delayMs), ...details };
  await link(archivePath(vault, details.archive.archiveId), outputPath(vault, job.jobId));
  await writeJson(workspace, jobPath(vault, job.jobId), job);
  return job;
}

export async function createInventoryJob(
  workspace: Workspace,
  vault: string,
  { job: details, output }: { readonly job: Omit<InventoryJob, StoreFields>; readonly output: string },
  delayMs: number,
): Promise<Job> {
  const job: Job = { ...storeFields(delayMs), ...details };
  await writeFile(outputPath(vault, job.jobId), output, { mode: FILE_MODE });
  await writeJson(workspace, jobPath(vault, job.jobId), job);
  return job;
}

/** Returns null if there is no such job. */
export function findJob(vault: string, jobId: string): Promise<Job | null> {
  return readJson<Job>(jobPath(vault, jobId));
}

export function isReady(job: Job): boolean {
  return Date.now() >= Date.parse(job.readyAt);
}

/** Returns the size of the output file. */
export async function outputBytes(vault: string, jobId: string): Promise<number> {
  return (await stat(outputPath(vault, jobId))).size;
}

/** Returns up to `count` jobs that follow `after` and pass the filter, in the order of their ids. */
export async function listJobs(
  vault: string,
  page: { readonly after: string | null; readonly count: number },
  filter: (job: Job) => boolean,
): Promise<Job[]> {
  const names = (await namesIn(join(vault, 'jobs'))).filter((name) => name.endsWith('.json')).sort();
  const found: Job[] = [];
  for (const name of names) {
    const jobId = name.slice(0, -'.json'.length);
    if (page.after !== null && jobId <= page.after) continue;
    const job = await findJob(vault, jobId);
    if (job !== null && filter(job)) found.push(job);
    if (found.length === page.count) break;
  }
  return found;
}
