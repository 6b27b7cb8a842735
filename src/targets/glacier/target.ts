/** Uploads to an Amazon Glacier vault, with the AWS SDK. */
import type { CompleteMultipartUploadCommandOutput } from '@aws-sdk/client-glacier';
import { TransferError } from '../../core/failures.js';
import type { TargetIdentity } from '../../core/identity.js';
import { readTreeHash } from '../../core/tree-hash.js';
import type { ArchiveList, ArchiveLook, ArchivesPage } from '../../transfer/ports/archive-list.js';
import type { PartHash, PreparedPart } from '../../transfer/ports/source.js';
import type {
  AbortResponse,
  CreatedUpload,
  CreateUploadRequest,
  CredentialFacts,
  FinishedArchive,
  PageRequest,
  PartReceipt,
  PartsPage,
  PartWatch,
  Target,
  TargetCapabilities,
  UploadsPage,
  WholeArchive,
} from '../../transfer/ports/target.js';
import { timeOfAnswer, withAnswerTime } from '../aws/answer-time.js';
import { serviceCaller } from '../aws/caller.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import { findCredentials, identityService } from '../aws/find-credentials.js';
import { type ClientOptions, glacierClientLoader, type VaultCaller } from './client.js';
import { classify, isRefusedKey, type Operation } from './failures.js';
import { openInventory, readInventoryPage } from './inventory.js';
import { locateVault, type VaultAddress } from './locate-vault.js';
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
  /** The time that a part may take, until the service reports another. Default: 0.9 of the 5 minutes of a signature. */
  readonly partTimeMs?: number;
}

export function glacierTarget(options: GlacierTargetOptions): Target {
  return new VaultTarget(options);
}

class VaultTarget implements Target {
  readonly capabilities: TargetCapabilities;
  readonly partTimeMs: number;
  readonly #options: GlacierTargetOptions;
  readonly #caller: VaultCaller;
  readonly #partTime: PartTime;
  readonly #vault: VaultAddress;

  constructor(options: GlacierTargetOptions) {
    this.#options = options;
    this.#caller = serviceCaller(glacierClientLoader(options), classify, isRefusedKey);
    this.#partTime = new PartTime(options.partTimeMs ?? PART_TIME_MS);
    this.#vault = { accountId: options.accountId, vaultName: options.vault };
    this.capabilities = options.capabilities;
    this.partTimeMs = this.#partTime.ms;
  }

  at(): Target {
    return this;
  }

  async lookAt(): Promise<ArchiveLook> {
    return { state: 'hidden' };
  }

  async findArchive(): Promise<null> {
    return null;
  }

  findCredentials(signal: AbortSignal): Promise<CredentialFacts> {
    const { env, region, endpoint } = this.#options;
    const service = identityService(env, region, endpoint);
    return findCredentials(this.#caller, this.#operation('FindCredentials'), service, signal);
  }

  serviceTimeMs(signal: AbortSignal): Promise<number | null> {
    return timeOfAnswer(() =>
      this.#caller.call(this.#operation('DescribeVault'), signal, (client, send, sdk) =>
        withAnswerTime(new sdk.DescribeVaultCommand(this.#vault), (command) => client.send(command, send)),
      ),
    );
  }

  async locate(create: boolean, signal: AbortSignal): Promise<TargetIdentity> {
    const { url, region, endpointForState: endpoint, accountId, mayCreateVault } = this.#options;
    const reported = await locateVault(this.#caller, this.#vault, create && mayCreateVault, signal);
    const account = reported ?? (accountId === '-' ? null : accountId);
    return { url, region, endpoint, account };
  }

  async createUpload(
    { plan, description }: CreateUploadRequest,
    signal: AbortSignal,
  ): Promise<CreatedUpload> {
    const operation = this.#operation('InitiateMultipartUpload');
    const input = {
      ...this.#vault,
      partSize: String(plan.partSizeBytes),
      archiveDescription: description,
    };
    const response = await this.#caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.InitiateMultipartUploadCommand(input), send),
    );
    return { uploadId: readId(response.uploadId, operation, 'upload id') };
  }

  partHashes(): readonly PartHash[] {
    return ['sha256'];
  }

  /** A second request would make a second archive, so that a vault takes uploads only. */
  async putObject(): Promise<never> {
    throw new TransferError('bug', { detail: 'a vault has no objects' });
  }

  sendPart(
    uploadId: string,
    part: PreparedPart,
    signal: AbortSignal,
    watch: PartWatch = () => false,
  ): Promise<PartReceipt> {
    const request = { ...this.#vault, uploadId, partTime: this.#partTime, watch };
    return sendPart(this.#caller, request, part, signal);
  }

  async listPartsPage(uploadId: string, page: PageRequest, signal: AbortSignal): Promise<PartsPage> {
    const operation = this.#operation('ListParts', uploadId);
    const input = { ...this.#vault, uploadId, ...pageInput(page) };
    const response = await this.#caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListPartsCommand(input), send),
    );
    return parsePartsPage(response, operation);
  }

  async complete(uploadId: string, whole: WholeArchive, signal: AbortSignal): Promise<FinishedArchive> {
    const { sizeBytes, treeHash } = whole;
    const sent = { what: 'archive', index: null, hash: treeHash } as const;
    const operation = this.#operation('CompleteMultipartUpload', uploadId, sent);
    const input = { ...this.#vault, uploadId, archiveSize: String(sizeBytes), checksum: treeHash };
    const response = await this.#caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.CompleteMultipartUploadCommand(input), send),
    );
    return parseArchive(response, whole, operation);
  }

  async abort(uploadId: string, signal: AbortSignal): Promise<AbortResponse> {
    const operation = this.#operation('AbortMultipartUpload', uploadId);
    const { $metadata } = await this.#caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.AbortMultipartUploadCommand({ ...this.#vault, uploadId }), send),
    );
    // Any other 2xx response (a proxy's page, for example) aborted nothing.
    if ($metadata.httpStatusCode !== 204)
      throw incompleteResponse(operation, `status 204 (its status is ${$metadata.httpStatusCode})`);
    return { httpStatus: 204, requestId: $metadata.requestId ?? null, hostId: null };
  }

  async listUploadsPage(page: PageRequest, signal: AbortSignal): Promise<UploadsPage> {
    const operation = this.#operation('ListMultipartUploads');
    const input = { ...this.#vault, ...pageInput(page) };
    const { answer, answeredMs } = await this.#caller.call(operation, signal, (client, send, sdk) =>
      withAnswerTime(new sdk.ListMultipartUploadsCommand(input), (command) => client.send(command, send)),
    );
    return { ...parseUploadsPage(answer, operation), answeredMs };
  }

  openArchiveList(signal: AbortSignal): Promise<ArchiveList> {
    return openInventory({ caller: this.#caller, vault: this.#vault }, signal);
  }

  listArchivesPage(marker: string | null, signal: AbortSignal): Promise<ArchivesPage> {
    return readInventoryPage({ caller: this.#caller, vault: this.#vault }, marker, signal);
  }

  async close(): Promise<void> {
    await this.#caller.close();
  }

  #operation(name: string, uploadId: string | null = null, sent: Operation['sent'] = null): Operation {
    return { name, vault: this.#options.vault, uploadId, sent };
  }
}

/**
 * Reads the id of the new archive, and checks its hash.
 * @throws TransferError `checksum` if the service made another archive; the `resource` of `service` is its id
 */
function parseArchive(
  response: CompleteMultipartUploadCommandOutput,
  whole: WholeArchive,
  operation: Operation,
): FinishedArchive {
  const { archiveId } = response;
  if (!archiveId) throw incompleteResponse(operation, 'archive id');
  const treeHash = readTreeHash(response.checksum);
  if (treeHash !== null && treeHash !== whole.treeHash) {
    const { httpStatusCode: httpStatus = null, requestId = null } = response.$metadata;
    const service = { httpStatus, code: null, message: null, requestId, hostId: null, resource: archiveId };
    const facts = { what: 'archive', index: null, expected: whole.treeHash, got: treeHash } as const;
    // The same request again gives the same archive, so a hash that was damaged on its way is right the next time.
    throw new TransferError('checksum', facts, { service, retryClass: 'corrupt' });
  }
  return { archiveId, location: response.location ?? null, treeHash };
}
