/** Reads the content of a vault with the SDK's own client. */
import {
  GetJobOutputCommand,
  type GlacierClient,
  InitiateJobCommand,
  type JobParameters,
  paginateListMultipartUploads,
} from '@aws-sdk/client-glacier';

export interface HeldArchive {
  readonly archiveId: string;
  readonly description: string;
}

/** Returns an archive's bytes, by a retrieval job. */
export async function readBack(client: GlacierClient, vault: string, archiveId: string): Promise<Buffer> {
  return await jobOutput(client, vault, { Type: 'archive-retrieval', ArchiveId: archiveId });
}

/** Returns every archive in a vault, by an inventory job. */
export async function inventory(client: GlacierClient, vault: string): Promise<HeldArchive[]> {
  const output = await jobOutput(client, vault, { Type: 'inventory-retrieval', Format: 'JSON' });
  const { ArchiveList } = JSON.parse(output.toString()) as {
    ArchiveList: { ArchiveId: string; ArchiveDescription: string }[];
  };
  return ArchiveList.map((each) => ({ archiveId: each.ArchiveId, description: each.ArchiveDescription }));
}

/** Returns the uploads in progress. */
export async function openUploads(client: GlacierClient, vault: string): Promise<OpenUpload[]> {
  const found: OpenUpload[] = [];
  for await (const page of paginateListMultipartUploads({ client }, addressOf(vault))) {
    for (const { MultipartUploadId = '', ArchiveDescription = '' } of page.UploadsList ?? []) {
      found.push({ uploadId: MultipartUploadId, description: ArchiveDescription });
    }
  }
  return found;
}

interface OpenUpload {
  readonly uploadId: string;
  readonly description: string;
}

export function addressOf(vaultName: string) {
  return { accountId: '-', vaultName };
}

async function jobOutput(
  client: GlacierClient,
  vault: string,
  jobParameters: JobParameters,
): Promise<Buffer> {
  const address = addressOf(vault);
  const { jobId } = await client.send(new InitiateJobCommand({ ...address, jobParameters }));
  const { body } = await client.send(new GetJobOutputCommand({ ...address, jobId }));
  if (body === undefined) throw new Error('the job has no output');
  return Buffer.from(await body.transformToByteArray());
}
