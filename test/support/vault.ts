/** A vault on an emulator of this test's own, and everything a calve needs to reach it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  GetJobOutputCommand,
  GlacierClient,
  InitiateJobCommand,
  type JobParameters,
  paginateListMultipartUploads,
} from '@aws-sdk/client-glacier';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.js';
import { cleanEnv, type Ended, type Running, runCalve, startCalve } from './calve.js';
import { tempFolder } from './temp.js';

export const VAULT = 'photos';
export const TARGET = `glacier://${VAULT}`;

export interface VaultBench {
  readonly folder: string;
  readonly emulator: Emulator;
  /** Of a calve whose home, state and credentials are this test's. */
  readonly env: Record<string, string>;
  readonly client: GlacierClient;
  /** Runs the built program to its end. */
  run(words: readonly string[], more?: Readonly<Record<string, string>>): Promise<Ended>;
  start(words: readonly string[], more?: Readonly<Record<string, string>>): Running;
  /** An archive's bytes, by a retrieval job. */
  readBack(archiveId: string): Promise<Uint8Array>;
  /** Every archive in the vault, by an inventory job. */
  archives(): Promise<HeldArchive[]>;
  /** The descriptions of the uploads in progress. */
  openUploads(): Promise<string[]>;
}

interface HeldArchive {
  readonly archiveId: string;
  readonly description: string;
}

export async function openVault(
  t: TestContext,
  options: Omit<EmulatorOptions, 'dataDir'> = {},
): Promise<VaultBench> {
  const folder = tempFolder(t);
  const home = join(folder, 'home');
  mkdirSync(home);
  const emulator = await startEmulator({ dataDir: join(folder, 'vaults'), vaults: [VAULT], ...options });
  t.after(() => emulator.close());
  const { accessKeyId, secretAccessKey, url } = emulator;
  const env = cleanEnv(home, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL_GLACIER: url,
    CALVE_RETRY_DELAY: '10ms',
  });
  const credentials = { accessKeyId, secretAccessKey };
  const client = new GlacierClient({ region: 'eu-west-1', endpoint: url, credentials });
  t.after(() => client.destroy());
  return {
    folder,
    emulator,
    env,
    client,
    run: (words, more = {}) => runCalve(words, { env: { ...env, ...more }, cwd: folder }),
    start: (words, more = {}) => startCalve(words, { env: { ...env, ...more }, cwd: folder }),
    readBack: (archiveId) => readBack(client, VAULT, archiveId),
    archives: () => inventory(client, VAULT),
    openUploads: () => listOpenUploads(client),
  };
}

const PLACE = { accountId: '-', vaultName: VAULT };

/** An archive's bytes, by a retrieval job. */
export function readBack(client: GlacierClient, vaultName: string, archiveId: string): Promise<Uint8Array> {
  return jobOutput(client, vaultName, { Type: 'archive-retrieval', ArchiveId: archiveId });
}

async function jobOutput(
  client: GlacierClient,
  vaultName: string,
  jobParameters: JobParameters,
): Promise<Uint8Array> {
  const place = { accountId: '-', vaultName };
  const { jobId } = await client.send(new InitiateJobCommand({ ...place, jobParameters }));
  const { body } = await client.send(new GetJobOutputCommand({ ...place, jobId }));
  if (body === undefined) throw new Error('the job has no output');
  return await body.transformToByteArray();
}

/** Every archive in a vault, by an inventory job. */
export async function inventory(client: GlacierClient, vaultName: string): Promise<HeldArchive[]> {
  const output = await jobOutput(client, vaultName, { Type: 'inventory-retrieval', Format: 'JSON' });
  const inventory = JSON.parse(Buffer.from(output).toString()) as {
    ArchiveList: { ArchiveId: string; ArchiveDescription: string }[];
  };
  return inventory.ArchiveList.map((each) => ({
    archiveId: each.ArchiveId,
    description: each.ArchiveDescription,
  }));
}

async function listOpenUploads(client: GlacierClient): Promise<string[]> {
  const descriptions: string[] = [];
  for await (const page of paginateListMultipartUploads({ client }, PLACE)) {
    for (const upload of page.UploadsList ?? []) descriptions.push(upload.ArchiveDescription ?? '');
  }
  return descriptions;
}
