import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ApiResponse } from '../http/api-response.js';
import { optionalHeader } from '../http/headers.js';
import { ServiceError } from '../http/service-error.js';
import { type ArchiveJob, isReady, type Job, outputBytes, outputPath } from '../store/jobs.js';
import { LEAF_BYTES, TreeHasher } from '../tree-hash.js';
import { type ApiRequest, requireVault, type Service } from './api-request.js';
import { requireJob } from './jobs.js';

const READ_BYTES = 1024 * 1024;

/** Answers 200 with the whole output, or 206 with the bytes that `Range: bytes=FIRST-LAST` selects. */
export async function handleJobOutput(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVault(request, service);
  const job = await requireJob(vault, request.id);
  if (!isReady(job)) {
    const message = `The job is not currently available for download: ${job.jobId}`;
    throw new ServiceError('InvalidParameterValueException', message);
  }
  const path = outputPath(vault, job.jobId);
  const archive = job.action === 'ArchiveRetrieval' ? job : null;
  const sizeBytes =
    archive === null ? await outputBytes(vault, job.jobId) : archive.endByte - archive.startByte + 1;
  const range = parseRange(optionalHeader(request.headers, 'range'), sizeBytes);
  const [start, end] = range ?? [0, sizeBytes - 1];
  const offset = archive?.startByte ?? 0;
  const read = () =>
    createReadStream(path, { start: offset + start, end: offset + end, highWaterMark: READ_BYTES });
  const headers = {
    'content-type': contentType(job),
    'content-length': String(end - start + 1),
    'accept-ranges': 'bytes',
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
    ...(archive === null ? {} : await archiveHeaders(archive, [offset + start, offset + end], read)),
  };
  return { status: range === null ? 200 : 206, headers, body: sizeBytes === 0 ? '' : read() };
}

/**
 * Returns the requested range, which ends with the output at the latest; null for the whole output. The service ignores
 * a header of another form: `bytes 0-4194303/235812776` gets the whole output (seen in boto3, issue 2077). The developer
 * guide has an example of a range that is not aligned to 1 MiB (api-job-output-get, example 2).
 * @throws ServiceError if the range starts after the output, in the service's words (seen in boto, issue 2510)
 */
function parseRange(text: string | undefined, sizeBytes: number): [start: number, end: number] | null {
  const match = /^bytes=(\d+)-(\d+)$/.exec(text ?? '');
  const [start, end] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || start > end) return null;
  if (start < sizeBytes) return [start, Math.min(end, sizeBytes - 1)];
  throw new ServiceError(
    'InvalidParameterValueException',
    `The start of the range is larger than size of retrieved data: ${text}`,
  );
}

function contentType(job: Job): string {
  if (job.action === 'ArchiveRetrieval') return 'application/octet-stream';
  return job.parameters.Format === 'CSV' ? 'text/csv' : 'application/json';
}

async function archiveHeaders(
  { archive }: ArchiveJob,
  [start, end]: readonly [number, number],
  read: () => Readable,
): Promise<Record<string, string>> {
  const description =
    archive.description === null ? {} : { 'x-amz-archive-description': archive.description };
  if (start === 0 && end === archive.sizeBytes - 1) {
    return { ...description, 'x-amz-sha256-tree-hash': archive.treeHash };
  }
  if (!isTreeAligned(start, end, archive.sizeBytes)) return description;
  const tree = new TreeHasher();
  for await (const piece of read() as AsyncIterable<Buffer>) tree.update(piece);
  return { ...description, 'x-amz-sha256-tree-hash': tree.digestHex() };
}

/** Returns true if a range covers one whole subtree (Amazon Glacier developer guide, checksum-calculations-range). */
function isTreeAligned(start: number, end: number, sizeBytes: number): boolean {
  const leaves = (end - start + 1) / LEAF_BYTES;
  const span = 2 ** Math.ceil(Math.log2(Math.max(leaves, 1))) * LEAF_BYTES;
  return start % span === 0 && (end - start + 1 === span || end === sizeBytes - 1);
}
