import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { groups } from '../cli/commands/emulator/command.js';
import { makeTemporaryFolder, startWith } from '../cli/commands/emulator/start.js';
import { wholeName } from '../cli/options/state.js';
import { checkedKey } from './credentials.js';
import type { Emulator, EmulatorOptions } from './emulator.js';
import { perform } from './operation.js';

const NAMES = { '--vault': 'vaults', '--fault': 'faults' };
const REGION = 'us-east-1';

/** The flags that the option `credentials` stands for, and one for programs that nobody else ends. */
const WITHOUT = ['--access-key-id', '--secret-access-key', '--stop-on-eof'];

export async function openEmulator(options: EmulatorOptions): Promise<Emulator> {
  const call = {
    groups,
    names: NAMES,
    without: WITHOUT,
    others: ['credentials'],
    hint: 'docs/emulator.md lists the options',
    options,
  };
  return perform(call, async ({ io, given, options: read }) => {
    const credentials = options.credentials ?? null;
    const { accessKeyId = null, secretAccessKey = null } =
      credentials === null ? {} : checkedKey(credentials);
    const own = { ...read.own, accessKeyId, secretAccessKey };
    const { dataDir } = own;
    const folder = dataDir === null ? await TemporaryFolder.create() : null;
    try {
      const server = await startWith(
        { options: { ...read, own }, given },
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
    const path = await makeTemporaryFolder();
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
