/** The ground that chaos happens on: a service that misbehaves, the same vaults without faults, and a field a trial. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateVaultCommand,
  GlacierClient,
  ListPartsCommand,
  paginateListMultipartUploads,
} from '@aws-sdk/client-glacier';
import { startEmulator } from '../../src/emulator/server.js';
import { cleanEnv, type Running, startCalve } from '../support/calve.js';
import { type FrontHooks, startFront } from '../support/front.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { inventory, readBack } from '../support/vault-reads.js';
import type { Figures } from './figures.js';
import { Ledger } from './ledger.js';

const REGION = 'eu-west-1';

/**
 * Shares in percent of all requests. Together they meet about every seventh; hang and slow are rare because each
 * costs seconds. Nothing that the service does for good (denied, no-longer-supported) is among them.
 */
const FAULT_SHARES: Readonly<Record<string, number>> = {
  unavailable: 2,
  throttle: 2,
  timeout: 1.5,
  expired: 1,
  reset: 2,
  'lost-answer': 2,
  html: 1,
  empty: 1,
  'wrong-hash': 1,
  garbage: 1,
  slow: 0.1,
  hang: 0.1,
};

/** A run's own vault, home and file; nothing of it is left after `done`. */
export interface Field {
  readonly folder: string;
  readonly home: string;
  readonly target: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ledger: Ledger;
  readonly stateDir: string;
  readonly catalogueDir: string;
  /** Sets the hooks for the requests from now on. */
  hook(hooks: FrontHooks): void;
  start(words: readonly string[], more?: Readonly<Record<string, string>>): Running;
  write(bytes: Buffer): void;
  archiveIds(): Promise<string[]>;
  readBack(archiveId: string): Promise<Buffer>;
  /** Uploads in progress with how many parts each holds. */
  openUploads(): Promise<Map<string, number>>;
}

export interface Ground {
  readonly figures: Figures;
  /** Gives `work` a field, and clears it away afterwards. */
  withField<T>(work: (field: Field) => Promise<T>): Promise<T>;
}

/** @param seed decides which requests meet which fault */
export async function openGround(t: Cleanup, figures: Figures, seed: number): Promise<Ground> {
  const dataDir = join(tempFolder(t), 'vaults');
  const faults = Object.entries(FAULT_SHARES).map(([kind, percent], i) => `${kind}:${percent}%/${seed + i}`);
  const rough = await startEmulator({ dataDir, faults, onFault: (kind) => figures.countFault(kind) });
  t.after(() => rough.close());
  // The same folder without faults, for whoever judges.
  const calm = await startEmulator({ dataDir });
  t.after(() => calm.close());
  const { accessKeyId, secretAccessKey } = rough;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new GlacierClient({ region: REGION, endpoint: calm.url, credentials });
  t.after(() => client.destroy());
  let fields = 0;
  return {
    figures,
    async withField(work) {
      const cleanups: (() => unknown)[] = [];
      const own: Cleanup = { after: (cleanup) => void cleanups.unshift(cleanup as () => unknown) };
      const vault = `field-${++fields}`;
      await client.send(new CreateVaultCommand({ accountId: '-', vaultName: vault }));
      own.after(() => rmSync(join(dataDir, 'v1/vaults', vault), { recursive: true, force: true }));
      try {
        const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
        return await work(await openField(own, { vault, upstream: rough.url, client, env }));
      } finally {
        for (const cleanup of cleanups) await cleanup();
      }
    },
  };
}

interface Place {
  readonly vault: string;
  readonly upstream: string;
  readonly client: GlacierClient;
  readonly env: Readonly<Record<string, string>>;
}

async function openField(t: Cleanup, place: Place): Promise<Field> {
  const { vault, client } = place;
  const folder = tempFolder(t);
  const home = join(folder, 'home');
  mkdirSync(home);
  const ledger = new Ledger();
  let hooks = ledger.hooks();
  const front = await startFront(t, place.upstream, {
    before: (passing) => hooks.before?.(passing) ?? 'pass',
    after: (passing, status, headers) => hooks.after?.(passing, status, headers) ?? 'pass',
  });
  const env = cleanEnv(home, {
    ...place.env,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_GLACIER: front.url,
    CALVE_RETRY_DELAY: '10ms',
    // A request that hangs must not take a minute; a machine that is busy must not look like one that does.
    CALVE_READ_TIMEOUT: '5s',
  });
  const file = join(folder, 'file');
  return {
    folder,
    home,
    target: `glacier://${vault}`,
    file,
    env,
    ledger,
    stateDir: join(home, '.local/state/calve'),
    catalogueDir: join(home, '.local/share/calve/archives'),
    hook(wanted) {
      hooks = ledger.hooks(wanted);
    },
    start(words, more = {}) {
      ledger.beginRun();
      const running = startCalve(words, { env: { ...env, ...more }, cwd: folder });
      t.after(() => running.child.kill('SIGKILL'));
      return running;
    },
    write: (bytes) => writeFileSync(file, bytes),
    archiveIds: async () => (await inventory(client, vault)).map(({ archiveId }) => archiveId),
    readBack: async (archiveId) => Buffer.from(await readBack(client, vault, archiveId)),
    openUploads: () => openUploads(client, vault),
  };
}

async function openUploads(client: GlacierClient, vaultName: string): Promise<Map<string, number>> {
  const place = { accountId: '-', vaultName };
  const found = new Map<string, number>();
  for await (const page of paginateListMultipartUploads({ client }, place)) {
    for (const { MultipartUploadId: uploadId = '' } of page.UploadsList ?? []) {
      const { Parts } = await client.send(new ListPartsCommand({ ...place, uploadId }));
      found.set(uploadId, Parts?.length ?? 0);
    }
  }
  return found;
}
