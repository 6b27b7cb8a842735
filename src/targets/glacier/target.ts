/** An Amazon Glacier vault as a target, by the AWS SDK. */
import type { CompleteMultipartUploadCommandOutput } from '@aws-sdk/client-glacier';
import { type ServiceAnswer, TransferError } from '../../core/failures.js';
import { readTreeHash } from '../../core/tree-hash.js';
import type {
  FinishedArchive,
  Target,
  TargetCapabilities,
  WholeArchive,
} from '../../transfer/ports/target.js';
import { serviceCaller } from '../aws/caller.js';
import { incompleteResponse } from '../aws/failures.js';
import { type ClientOptions, glacierClientLoader } from './client.js';
import { classify, isExpiredToken, type Operation } from './failures.js';
import { locateVault } from './locate-vault.js';
import { pageInput, parsePartsPage, parseUploadsPage } from './pages.js';
import { PART_TIME_MS, PartTime } from './part-time.js';
import { sendPart } from './send-part.js';

export interface GlacierTargetOptions extends ClientOptions {
  readonly vault: string;
  /** The URL that TargetIdentity gives: `glacier://photos`. */
  readonly url: string;
  /** The endpoint that TargetIdentity gives (`local://` gives its data folder). */
  readonly endpointForState: string | null;
  /** `-` is the account of the credentials. */
  readonly accountId: string;
  readonly capabilities: TargetCapabilities;
  readonly mayCreateVault: boolean;
  /** How long a part may take, until the service says otherwise. Default: 0.9 of the 5 minutes of a signature. */
  readonly partTimeMs?: number;
}

/** @throws TransferError `checksum` when the archive that was made is not ours; the answer's `resource` is its id */
function archiveOf(
  answer: CompleteMultipartUploadCommandOutput,
  whole: WholeArchive,
  operation: Operation,
): FinishedArchive {
  const { archiveId } = answer;
  if (!archiveId) throw incompleteResponse(operation, 'archive id');
  const treeHash = readTreeHash(answer.checksum);
  if (treeHash !== null && treeHash !== whole.treeHash) {
    const { httpStatusCode, requestId } = answer.$metadata;
    const service: ServiceAnswer = {
      httpStatus: httpStatusCode ?? null,
      code: null,
      message: null,
      requestId: requestId ?? null,
      hostId: null,
      resource: archiveId,
    };
    const facts = { what: 'archive', index: null, expected: whole.treeHash, got: treeHash } as const;
    throw new TransferError('checksum', facts, { service });
  }
  return { archiveId, location: answer.location ?? null, treeHash };
}

export function glacierTarget(options: GlacierTargetOptions): Target {
  const caller = serviceCaller(glacierClientLoader(options), classify, isExpiredToken);
  const partTime = new PartTime(options.partTimeMs ?? PART_TIME_MS);
  const vault = { accountId: options.accountId, vaultName: options.vault };

  function operationOf(
    name: string,
    uploadId: string | null = null,
    sent: Operation['sent'] = null,
  ): Operation {
    return { name, vault: options.vault, uploadId, sent };
  }

  const target: Target = {
    capabilities: options.capabilities,
    partTimeMs: partTime.ms,
    at: () => target,
    exists: async () => true,

    async locate(create, signal) {
      const { url, region, endpointForState: endpoint } = options;
      const mayCreate = create && options.mayCreateVault;
      const reported = await locateVault(caller, vault, mayCreate, signal);
      const account = reported ?? (vault.accountId === '-' ? null : vault.accountId);
      return { url, region, endpoint, account };
    },

    async createUpload({ plan, description }, signal) {
      const operation = operationOf('InitiateMultipartUpload');
      const input = { ...vault, partSize: String(plan.partSizeBytes), archiveDescription: description };
      const { uploadId } = await caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.InitiateMultipartUploadCommand(input), send),
      );
      if (!uploadId) throw incompleteResponse(operation, 'upload id');
      return { uploadId };
    },

    sendPart: (uploadId, part, signal, watch = () => false) =>
      sendPart(caller, { ...vault, uploadId, partTime, watch }, part, signal),

    async listPartsPage(uploadId, page, signal) {
      const operation = operationOf('ListParts', uploadId);
      const input = { ...vault, uploadId, ...pageInput(page) };
      const answer = await caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.ListPartsCommand(input), send),
      );
      return parsePartsPage(answer, operation);
    },

    async complete(uploadId, whole, signal) {
      const { sizeBytes, treeHash } = whole;
      const operation = operationOf('CompleteMultipartUpload', uploadId, {
        what: 'archive',
        index: null,
        hash: treeHash,
      });
      const input = { ...vault, uploadId, archiveSize: String(sizeBytes), checksum: treeHash };
      const answer = await caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.CompleteMultipartUploadCommand(input), send),
      );
      return archiveOf(answer, whole, operation);
    },

    async abort(uploadId, signal) {
      const operation = operationOf('AbortMultipartUpload', uploadId);
      const { $metadata } = await caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.AbortMultipartUploadCommand({ ...vault, uploadId }), send),
      );
      // Any other 2xx answer (a proxy's page, for example) aborted nothing.
      if ($metadata.httpStatusCode !== 204)
        throw incompleteResponse(operation, `status 204 but ${$metadata.httpStatusCode}`);
      return { httpStatus: 204, requestId: $metadata.requestId ?? null, hostId: null };
    },

    async listUploadsPage(page, signal) {
      const operation = operationOf('ListMultipartUploads');
      const answer = await caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.ListMultipartUploadsCommand({ ...vault, ...pageInput(page) }), send),
      );
      return parseUploadsPage(answer, operation);
    },

    async close() {
      caller.close();
    },
  };
  return target;
}
