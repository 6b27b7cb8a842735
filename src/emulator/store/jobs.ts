/** Retrieval jobs. What a job delivers is fixed when it is made: a deleted archive can still be fetched by its job. */
import { link, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newJobId } from '../ids.js';
import { type ArchiveFacts, archivePath } from './archives.js';
import { FILE_MODE, namesIn, readJson, type Store, writeJson } from './store.js';

interface JobCommon {
  readonly jobId: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly createdAt: string;
  /** When its output can be fetched. */
  readonly readyAt: string;
  readonly description: string | null;
  readonly snsTopic: string | null;
}

export interface ArchiveJob extends JobCommon {
  readonly action: 'ArchiveRetrieval';
  readonly archive: ArchiveFacts;
  readonly tier: string;
  /** Inclusive, as it was asked for. */
  readonly startByte: number;
  readonly endByte: number;
}

export interface InventoryWish {
  readonly StartDate: string | null;
  readonly EndDate: string | null;
  readonly Limit: string | null;
  readonly Marker: string | null;
  readonly Format: 'JSON' | 'CSV';
}

interface InventoryJob extends JobCommon {
  readonly action: 'InventoryRetrieval';
  readonly sizeBytes: number;
  /** As asked for; `Marker` is where the next job may go on. */
  readonly parameters: InventoryWish;
}

export type Job = ArchiveJob | InventoryJob;

/** A job without what the store gives it. */
type NewArchiveJob = Omit<ArchiveJob, 'jobId' | 'createdAt' | 'readyAt'>;
type NewInventoryJob = Omit<InventoryJob, 'jobId' | 'createdAt' | 'readyAt'>;

export function outputPath(vault: string, jobId: string): string {
  return join(vault, 'jobs', `${jobId}.output`);
}

function stamp(delayMs: number): Pick<JobCommon, 'jobId' | 'createdAt' | 'readyAt'> {
  const nowMs = Date.now();
  const createdAt = new Date(nowMs).toISOString();
  return { jobId: newJobId(), createdAt, readyAt: new Date(nowMs + delayMs).toISOString() };
}

export async function createArchiveJob(
  store: Store,
  vault: string,
  wish: NewArchiveJob,
  delayMs: number,
): Promise<Job> {
  const job: Job = { ...stamp(delayMs), ...wish };
  await link(archivePath(vault, wish.archive.archiveId), outputPath(vault, job.jobId));
  await writeJson(store, join(vault, 'jobs', `${job.jobId}.json`), job);
  return job;
}

export async function createInventoryJob(
  store: Store,
  vault: string,
  { wish, output }: { readonly wish: NewInventoryJob; readonly output: string },
  delayMs: number,
): Promise<Job> {
  const job: Job = { ...stamp(delayMs), ...wish };
  await writeFile(outputPath(vault, job.jobId), output, { mode: FILE_MODE });
  await writeJson(store, join(vault, 'jobs', `${job.jobId}.json`), job);
  return job;
}

/** Null where there is no such job. */
export function findJob(vault: string, jobId: string): Promise<Job | null> {
  return readJson<Job>(join(vault, 'jobs', `${jobId}.json`));
}

export function isReady(job: Job): boolean {
  return Date.now() >= Date.parse(job.readyAt);
}

/** Bytes of a job's whole output, in its file. */
export async function outputBytes(vault: string, jobId: string): Promise<number> {
  return (await stat(outputPath(vault, jobId))).size;
}

/** Jobs after one, in the order of their ids: at most `count` of those wanted. */
export async function listJobs(
  vault: string,
  page: { readonly after: string | null; readonly count: number },
  wanted: (job: Job) => boolean,
): Promise<Job[]> {
  const names = (await namesIn(join(vault, 'jobs'))).filter((name) => name.endsWith('.json')).sort();
  const found: Job[] = [];
  for (const name of names) {
    const jobId = name.slice(0, -'.json'.length);
    if (page.after !== null && jobId <= page.after) continue;
    const job = await findJob(vault, jobId);
    if (job !== null && wanted(job)) found.push(job);
    if (found.length === page.count) break;
  }
  return found;
}
