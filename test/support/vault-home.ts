/** A home whose program sends to a vault of its own. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CreateVaultCommand,
  type GlacierClient,
  InitiateMultipartUploadCommand,
} from '@aws-sdk/client-glacier';
import type { Emulator } from '../../src/emulator/server.js';
import type { ArchiveMetadata } from '../../src/emulator/store/archives.js';
import type { Front, FrontHooks } from './front.js';
import { type Home, openHome } from './home.js';
import { killAtPart } from './kill-at-part.js';
import type { Passing } from './requests.js';
import type { Cleanup } from './temp.js';
import { addressOf, type HeldArchive, inventory, openUploads, readBack } from './vault-reads.js';

export const REGION = 'eu-west-1';

export interface VaultService {
  readonly emulator: Emulator;
  readonly front: Front;
  readonly client: GlacierClient;
  /** The emulator's folder. */
  readonly dataDir: string;
  /** The hooks of each vault. */
  readonly hooks: Map<string, FrontHooks>;
}

/** Returns the vault that a request addresses. */
export function vaultOf({ path }: Passing): string {
  return /\/vaults\/([^/?]+)/.exec(path)?.[1] ?? '';
}

export interface VaultHome extends Home {
  readonly vault: string;
  /** `glacier://VAULT` */
  readonly target: string;
  readonly emulator: Emulator;
  readonly client: GlacierClient;
  /** Sets what is done with this vault's requests from now on. */
  hook(hooks: FrontHooks): void;
  /** Returns this vault's requests so far. */
  passed(): readonly Passing[];
  /** Creates an upload on the service with another client. @returns its id */
  createUpload(description?: string): Promise<string>;
  /** Returns an archive's bytes, by a retrieval job. */
  readBack(archiveId: string): Promise<Buffer>;
  /** Returns all archives, by an inventory job. */
  archives(): Promise<HeldArchive[]>;
  /** Returns the ids of all archives, by an inventory job. */
  archiveIds(): Promise<string[]>;
  /** Returns the ids of the uploads in progress on the service. */
  openIds(): Promise<string[]>;
  /** Returns the descriptions of the uploads in progress on the service. */
  openDescriptions(): Promise<string[]>;
  /** Makes every job look as if it was done now. */
  finishJobs(): void;
  /** Cuts the end off the output of every job. */
  cutJobs(): void;
  /** Puts an archive into the vault without a request. Its bytes are never read. */
  putArchive(archive: ArchiveMetadata): void;
  /** Makes an upload look as if it was created so long ago. */
  age(uploadId: string, ageMs: number): void;
  /** Makes the service forget an upload, as if somebody had aborted it long ago. */
  forget(uploadId: string): void;
  /** Leaves an upload of parts of 1 MiB with this many of them sent: the program is killed. @returns its id */
  leaveUnfinished(file: string, partsDone: number, more?: readonly string[]): Promise<string>;
  /** Runs the program with one lane, and kills it when it would send one part more. */
  killAtPart(words: readonly string[], partsDone: number, input?: Buffer): Promise<void>;
}

/** Creates the vault. */
export async function openVaultHome(t: Cleanup, service: VaultService, vault: string): Promise<VaultHome> {
  const { emulator, front, client, hooks } = service;
  const address = addressOf(vault);
  await client.send(new CreateVaultCommand(address));
  const home = openHome(t, {
    AWS_ACCESS_KEY_ID: emulator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.secretAccessKey,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_GLACIER: front.url,
  });
  const target = `glacier://${vault}`;
  const open = () => openUploads(client, vault);
  const hook: VaultHome['hook'] = (wanted) => void hooks.set(vault, wanted);
  const kill: VaultHome['killAtPart'] = (...run) => killAtPart({ ...home, hook }, ...run);
  return {
    ...home,
    vault,
    target,
    emulator,
    client,
    hook,
    passed: () => front.passed.filter((passing) => vaultOf(passing) === vault),
    async createUpload(archiveDescription) {
      const request = { ...address, partSize: String(1024 * 1024), archiveDescription };
      const { uploadId = '' } = await client.send(new InitiateMultipartUploadCommand(request));
      return uploadId;
    },
    readBack: (archiveId) => readBack(client, vault, archiveId),
    archives: () => inventory(client, vault),
    archiveIds: async () => (await inventory(client, vault)).map(({ archiveId }) => archiveId),
    openIds: async () => (await open()).map(({ uploadId }) => uploadId),
    openDescriptions: async () => (await open()).map(({ description }) => description),
    finishJobs() {
      for (const path of jobFiles(service, vault, '.json')) {
        const job = JSON.parse(readFileSync(path, 'utf8')) as object;
        writeFileSync(path, JSON.stringify({ ...job, readyAt: new Date().toISOString() }));
      }
    },
    cutJobs() {
      for (const path of jobFiles(service, vault, '.output')) truncateSync(path, statSync(path).size - 40);
    },
    putArchive(archive) {
      const path = join(service.dataDir, 'v1/vaults', vault, 'archives', archive.archiveId);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
      writeFileSync(`${path}.json`, JSON.stringify(archive));
    },
    age(uploadId, ageMs) {
      const path = join(uploadFolder(service, vault, uploadId), 'upload.json');
      const facts = JSON.parse(readFileSync(path, 'utf8')) as object;
      const createdAt = new Date(Date.now() - ageMs).toISOString();
      writeFileSync(path, JSON.stringify({ ...facts, createdAt }));
    },
    forget: (uploadId) => rmSync(uploadFolder(service, vault, uploadId), { recursive: true }),
    async leaveUnfinished(file, partsDone, more = []) {
      const others = new Set((await open()).map(({ uploadId }) => uploadId));
      await kill(['upload', file, target, '--part-size', '1M', ...more], partsDone);
      const left = (await open()).find(({ uploadId }) => !others.has(uploadId));
      if (left === undefined) throw new Error('the upload is not on the service');
      return left.uploadId;
    },
    killAtPart: kill,
  };
}

function jobFiles({ dataDir }: VaultService, vault: string, extension: string): string[] {
  const folder = join(dataDir, 'v1/vaults', vault, 'jobs');
  const names = readdirSync(folder).filter((name) => name.endsWith(extension));
  return names.map((name) => join(folder, name));
}

function uploadFolder({ dataDir }: VaultService, vault: string, uploadId: string): string {
  return join(dataDir, 'v1/vaults', vault, 'uploads', uploadId.slice(-1).toLowerCase(), uploadId);
}
