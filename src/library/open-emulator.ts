import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { groups } from '../cli/commands/emulator/command.js';
import { startWith } from '../cli/commands/emulator/start.js';
import { wholeName } from '../cli/options/state.js';
import { checkedCredentials } from './credentials.js';
import type { Emulator, EmulatorOptions } from './emulator.js';
import { perform } from './operation.js';

const NAMES = { '--vault': 'vaults', '--fault': 'faults' };
const REGION = 'us-east-1';

export async function openEmulator({ credentials, ...options }: EmulatorOptions): Promise<Emulator> {
  const keys = credentials === undefined ? {} : credentials;
  const call = {
    groups,
    names: NAMES,
    without: ['--stop-on-eof'],
    others: [],
    options: { ...options, ...keys },
  };
  return perform(call, async ({ io, given, options: read }) => {
    if (credentials !== undefined) checkedCredentials(credentials);
    const { dataDir } = read.own;
    const folder = dataDir === null ? await TemporaryFolder.create() : null;
    try {
      const server = await startWith(
        { options: read, given },
        folder?.path ?? wholeName(io.absolute(dataDir ?? '')),
      );
      const { url, port, accountId, accessKeyId, secretAccessKey } = server;
      let closing: Promise<void> | null = null;
      const close = (): Promise<void> => {
        closing ??= server.close().finally(() => folder?.remove());
        return closing;
      };
      const emulator = {
        url,
        port,
        region: REGION,
        accountId,
        credentials: { accessKeyId, secretAccessKey },
        close,
      };
      return { ...emulator, [Symbol.asyncDispose]: close };
    } catch (error) {
      await folder?.remove();
      throw error;
    }
  });
}

/** A folder that does not outlive the process, also if nobody removes it. */
class TemporaryFolder {
  static readonly #paths = new Set<string>();
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TemporaryFolder> {
    const path = await mkdtemp(join(tmpdir(), 'calve-emulator-'));
    // One listener for all folders: Node warns of many.
    if (TemporaryFolder.#paths.size === 0) process.once('exit', TemporaryFolder.#removeAll);
    TemporaryFolder.#paths.add(path);
    return new TemporaryFolder(path);
  }

  static #removeAll(this: void): void {
    for (const path of TemporaryFolder.#paths) rmSync(path, { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    TemporaryFolder.#paths.delete(this.path);
    if (TemporaryFolder.#paths.size === 0) process.off('exit', TemporaryFolder.#removeAll);
  }
}
