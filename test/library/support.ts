/** What the tests of the library share: the place of a home, as options. */
import { GlacierClient, InitiateMultipartUploadCommand } from '@aws-sdk/client-glacier';
import type { EmulatorOptions } from '../../src/library/emulator.js';
import { startEmulator } from '../../src/library/emulator.js';
import { CalveError, type PlaceOptions } from '../../src/library/index.js';
import { type Home, openHome } from '../support/home.js';
import type { Cleanup } from '../support/temp.js';

export const MIB_BYTES = 1024 * 1024;
export const TARGET = 'glacier://photos';

export interface Bench {
  readonly home: Home;
  /** The options that say where: the emulator, and the folders of the home. */
  readonly place: PlaceOptions;
  readonly url: string;
  /** Creates an upload with another client. */
  createUpload(): Promise<unknown>;
  /** Writes a file. @returns its path */
  file(name: string, sizeBytes: number): string;
}

/** Starts an emulator with one vault, and a home whose command line reaches it. */
export async function openBench(t: Cleanup, options: EmulatorOptions = {}): Promise<Bench> {
  const { url, region, credentials, close } = await startEmulator({ vaults: ['photos'], ...options });
  t.after(close);
  const home = openHome(t, {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_GLACIER: url,
  });
  const folders = { stateDir: home.stateDir, catalogue: home.catalogueDir };
  const place = { endpointUrl: url, region, credentials, retryDelay: 10, ...folders };
  const client = new GlacierClient({ region, endpoint: url, credentials });
  t.after(() => client.destroy());
  const request = { accountId: '-', vaultName: 'photos', partSize: String(MIB_BYTES) };
  return {
    home,
    place,
    url,
    createUpload: () => client.send(new InitiateMultipartUploadCommand(request)),
    file: (name, sizeBytes) => home.file(name, sizeBytes),
  };
}

/** Returns the error of a call, which must be one of the library. */
export async function rejection(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => {
      throw new Error('the call did not reject');
    },
    (reason: unknown) => reason,
  );
  if (!CalveError.is(error)) throw error;
  return error;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
