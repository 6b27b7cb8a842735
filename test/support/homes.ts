/**
 * One emulator for a whole file of tests, and for each test a vault, a home and a folder of its own on it, so that no
 * test sees another's uploads, state or catalogue.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import {
  CreateVaultCommand,
  GlacierClient,
  InitiateMultipartUploadCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-glacier';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.js';
import { writeSeededFile } from './bytes.js';
import { cleanEnv, type Ended, type Running, runCalve, startCalve } from './calve.js';
import { type Front, type FrontHooks, isPart, type Passing, startFront } from './front.js';
import { type Cleanup, tempFolder } from './temp.js';
import { readBack } from './vault.js';

const MIB_BYTES = 1024 * 1024;
const REGION = 'eu-west-1';

type Env = Readonly<Record<string, string>>;

export interface Home {
  readonly folder: string;
  readonly vault: string;
  /** `glacier://VAULT` */
  readonly target: string;
  readonly env: Record<string, string>;
  readonly client: GlacierClient;
  run(words: readonly string[], more?: Env): Promise<Ended>;
  start(words: readonly string[], more?: Env): Running;
  /** Writes a file of seeded bytes. @returns its absolute path */
  file(name: string, sizeBytes: number, seed?: number): string;
  /** What is done with this vault's requests from now on. */
  hook(hooks: FrontHooks): void;
  /** This vault's requests so far. */
  passed(): readonly Passing[];
  /** Begins an upload on the service with another client. @returns its id */
  createUpload(description?: string): Promise<string>;
  /** An archive's bytes, by a retrieval job. */
  readBack(archiveId: string): Promise<Buffer>;
  /** Ids of the uploads in progress on the service, at most the first 50. */
  openIds(): Promise<string[]>;
  /** Makes an upload look as if it was begun so long ago. */
  age(uploadId: string, ageMs: number): void;
  /** Makes the service forget an upload, as if somebody had aborted it long ago. */
  drop(uploadId: string): void;
  /** Leaves an upload of parts of 1 MiB with this many of them sent: calve is killed. @returns its id */
  leaveUnfinished(file: string, partsDone: number, more?: readonly string[]): Promise<string>;
  /** Runs calve with one lane until it would send one part more, and kills it then. */
  killAtPart(words: readonly string[], partsDone: number): Promise<void>;
}

export interface SharedService {
  readonly emulator: Emulator;
  /** What every home's endpoint is: a front before the emulator. */
  readonly url: string;
  home(t: TestContext): Promise<Home>;
}

/** To be called in a `describe`, whose tests share it. */
export function sharedService(options: Omit<EmulatorOptions, 'dataDir'> = {}): SharedService {
  const started: { emulator?: Emulator; front?: Front; client?: GlacierClient; dataDir?: string } = {};
  const hooks = new Map<string, FrontHooks>();
  let homes = 0;
  const cleanups: (() => unknown)[] = [];
  const vaultOf = ({ path }: Passing): string => /\/vaults\/([^/?]+)/.exec(path)?.[1] ?? '';
  before(async () => {
    const cleanup: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
    const dataDir = join(tempFolder(cleanup), 'vaults');
    const emulator = await startEmulator({ dataDir, ...options });
    Object.assign(started, { dataDir });
    cleanups.unshift(() => emulator.close());
    const front = await startFront(cleanup, emulator.url, {
      before: (passing) => hooks.get(vaultOf(passing))?.before?.(passing) ?? 'pass',
      after: (passing, status, headers) =>
        hooks.get(vaultOf(passing))?.after?.(passing, status, headers) ?? 'pass',
    });
    const { accessKeyId, secretAccessKey } = emulator;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new GlacierClient({ region: REGION, endpoint: emulator.url, credentials });
    cleanups.unshift(() => client.destroy());
    Object.assign(started, { emulator, front, client });
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  const ready = () => {
    const { emulator, front, client, dataDir } = started;
    if (!emulator || !front || !client || !dataDir)
      throw new Error('there is no service before the tests run');
    return { emulator, front, client, dataDir };
  };
  return {
    get emulator() {
      return ready().emulator;
    },
    get url() {
      return ready().front.url;
    },
    async home(t) {
      const { emulator, front, client, dataDir } = ready();
      homes += 1;
      const vault = `vault-${homes}`;
      await client.send(new CreateVaultCommand({ accountId: '-', vaultName: vault }));
      return openHome(t, {
        vault,
        emulator,
        client,
        url: front.url,
        dataDir: join(dataDir, 'v1/vaults', vault),
        setHooks: (wanted) => void hooks.set(vault, wanted),
        passed: () => front.passed.filter((passing) => vaultOf(passing) === vault),
      });
    },
  };
}

interface Place {
  readonly vault: string;
  readonly emulator: Emulator;
  readonly client: GlacierClient;
  readonly url: string;
  /** Of the vault, in the emulator's. */
  readonly dataDir: string;
  setHooks(hooks: FrontHooks): void;
  passed(): readonly Passing[];
}

function openHome(t: TestContext, place: Place): Home {
  const { vault, emulator, client } = place;
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'home'));
  const env = cleanEnv(join(folder, 'home'), {
    AWS_ACCESS_KEY_ID: emulator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.secretAccessKey,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_GLACIER: place.url,
    CALVE_RETRY_DELAY: '10ms',
  });
  const address = { accountId: '-', vaultName: vault };
  const home: Home = {
    folder,
    vault,
    target: `glacier://${vault}`,
    env,
    client,
    run: (words, more = {}) => runCalve(words, { env: { ...env, ...more }, cwd: folder }),
    start(words, more = {}) {
      const running = startCalve(words, { env: { ...env, ...more }, cwd: folder });
      // A test that fails half-way must not leave one behind.
      t.after(() => running.child.kill('SIGKILL'));
      return running;
    },
    file(name, sizeBytes, seed = 1) {
      const path = join(folder, name);
      writeSeededFile(path, sizeBytes, seed);
      return path;
    },
    hook: (wanted) => place.setHooks(wanted),
    passed: () => place.passed(),
    async createUpload(archiveDescription) {
      const request = { ...address, partSize: String(MIB_BYTES), archiveDescription };
      const { uploadId } = await client.send(new InitiateMultipartUploadCommand(request));
      return uploadId ?? '';
    },
    readBack: async (archiveId) => Buffer.from(await readBack(client, vault, archiveId)),
    async openIds() {
      const { UploadsList } = await client.send(new ListMultipartUploadsCommand(address));
      return (UploadsList ?? []).map((upload) => upload.MultipartUploadId ?? '');
    },
    age(uploadId, ageMs) {
      const path = join(uploadFolder(place, uploadId), 'upload.json');
      const facts = JSON.parse(readFileSync(path, 'utf8')) as object;
      const createdAt = new Date(Date.now() - ageMs).toISOString();
      writeFileSync(path, JSON.stringify({ ...facts, createdAt }));
    },
    drop: (uploadId) => rmSync(uploadFolder(place, uploadId), { recursive: true }),
    leaveUnfinished: (file, partsDone, more = []) => leaveUnfinished(home, file, { partsDone, more }),
    killAtPart: (words, partsDone) => killAtPart(home, words, partsDone),
  };
  return home;
}

function uploadFolder({ dataDir }: Place, uploadId: string): string {
  return join(dataDir, 'uploads', uploadId.slice(-1).toLowerCase(), uploadId);
}

async function leaveUnfinished(
  home: Home,
  file: string,
  wish: { readonly partsDone: number; readonly more: readonly string[] },
): Promise<string> {
  const known = new Set(await home.openIds());
  await home.killAtPart(['upload', file, home.target, '--part-size', '1M', ...wish.more], wish.partsDone);
  const uploadId = (await home.openIds()).find((id) => !known.has(id));
  if (uploadId === undefined) throw new Error('the upload is not on the service');
  return uploadId;
}

async function killAtPart(home: Home, words: readonly string[], partsDone: number): Promise<void> {
  let parts = 0;
  home.hook({
    before: (passing) => {
      if (!isPart(passing) || ++parts <= partsDone) return 'pass';
      running.child.kill('SIGKILL');
      return 'hold';
    },
  });
  const running = home.start([...words, '--concurrency', '1']);
  const { signal, stderr } = await running.ended;
  home.hook({});
  if (signal !== 'SIGKILL') throw new Error(`calve ended by itself: ${stderr}`);
}
