/**
 * The catalogue's layout: `v2/XX/<identity>-<archive id>.json`, where XX are the first two digits of the identity. So a
 * look-up by identity lists a 256th of the names. calve 0.1 wrote the same files into the folder above `v2`: they stay
 * there, and are still read.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { UploadIdentity } from '../core/identity.js';
import { reading, stateFailure, writing } from './failures.js';
import { identityDigits, isRecordName, nameHasIdentity, namesOfIdentity } from './names.js';
import {
  FOLDER_MODE,
  type FolderPath,
  listFolder,
  makeFolders,
  syncFolder,
  type Trust,
} from './safe-folder.js';

export const ENTRY_EXTENSION = '.json';
const VERSION = 2;
const DIGITS = 2;

/** A folder and the names of the entries in it. */
interface NamedFolder {
  readonly path: string;
  readonly names: readonly string[];
}

/** All methods that list check the folders first. @throws TransferError `state`: `foreign`, `open`, `link`, `newer` */
export interface CatalogueFolders {
  /** The folder of temporary files: above those of the entries, on the same disk. */
  readonly temporaries: string;
  /** Creates the folder of temporary files, and those of the entries if there are none. */
  make(): Promise<void>;
  /**
   * Creates the folder of an entry with this name.
   * @param made the folders that this work has made or found already
   * @returns the entry's path: in the old folder, if it is there already, so that no archive gets two entries
   */
  makeFor(name: string, made?: Set<string>): Promise<string>;
  /** Returns the names of the entries of an identity, and reads none. */
  ofIdentity(identity: UploadIdentity): Promise<NamedFolder[]>;
  /** Yields the old folder and then the others, each with its sorted names. */
  all(): AsyncIterable<NamedFolder>;
  /** Returns the folder of an entry that is not in the old folder. */
  pathOf(name: string): string;
}

const isEntry = (name: string): boolean => isRecordName(name, ENTRY_EXTENSION);

export function catalogueFolders(root: string, trust: Trust): CatalogueFolders {
  const version = join(root, `v${VERSION}`);
  const above: readonly FolderPath[] = [
    { path: root, mayBeLink: true },
    { path: version, mayBeLink: false },
  ];
  const pathOf = (name: string): string => join(version, name.slice(0, DIGITS));
  const chainOf = (name: string) => [...above, { path: pathOf(name), mayBeLink: false }];
  const listRoot = async (): Promise<string[]> => {
    const names = await listFolder(above.slice(0, 1), trust);
    assertNoNewerVersion(root, names);
    return names.filter(isEntry).sort();
  };
  const oldNames = namesUntilChange(root, listRoot);
  return {
    temporaries: version,
    async make() {
      const isNew = !existsSync(version);
      await makeFolders(above, trust);
      if (isNew) await makeEntryFolders(version);
    },
    async makeFor(name, made = new Set()) {
      if (!made.has(pathOf(name))) await makeFolders(chainOf(name), trust);
      made.add(pathOf(name));
      const old = join(root, name);
      const stats = await reading(old, undefined, async () => lstatSync(old, { throwIfNoEntry: false }));
      return stats === undefined ? join(pathOf(name), name) : old;
    },
    async ofIdentity(identity) {
      const digits = identityDigits(identity);
      const isOwn = nameHasIdentity(identity);
      const names = await listFolder(chainOf(digits), trust, (name) => isOwn(name) && isEntry(name));
      return [
        { path: root, names: namesOfIdentity(await oldNames(), identity) },
        { path: pathOf(digits), names },
      ];
    },
    async *all() {
      yield { path: root, names: await listRoot() };
      const digits = await listFolder(above, trust, (name) => /^[0-9a-f]{2}$/.test(name));
      for (const two of digits.sort()) {
        const path = pathOf(two);
        const names = await listFolder([{ path, mayBeLink: false }], trust, isEntry);
        const lost = names.find((name) => !name.startsWith(two));
        if (lost !== undefined) throw stateFailure('damaged', join(path, lost), 'it is in the wrong folder');
        yield { path, names: names.sort() };
      }
    },
    pathOf,
  };
}

/**
 * Makes the folders of the entries with one sync for all: each would otherwise cost its first entry a sync. What a crash
 * leaves out is made later.
 */
async function makeEntryFolders(version: string): Promise<void> {
  await writing(version, async () => {
    for (let number = 0; number < 16 ** DIGITS; number += 1) {
      const path = join(version, number.toString(16).padStart(DIGITS, '0'));
      mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
      chmodSync(path, FOLDER_MODE);
    }
    await syncFolder(version);
  });
}

/** Refuses to answer "there is none" when a newer version of calve may have entries that this one does not find. */
function assertNoNewerVersion(root: string, names: readonly string[]): void {
  const newer = names.find((name) => Number(/^v(\d+)$/.exec(name)?.[1] ?? 0) > VERSION);
  if (newer !== undefined)
    throw stateFailure('newer', join(root, newer), 'a newer calve keeps archives there');
}

/** Longer than the steps of the times of any file system: two changes within one step leave the same time. */
const STEP_MAX_MS = 2_000;

/**
 * Returns a function that lists a folder, and lists it again only if the folder has changed since. An old catalogue may
 * have hundreds of thousands of names, and nothing but calve 0.1 adds to them.
 */
export function namesUntilChange(
  path: string,
  list: () => Promise<string[]>,
  nowMs: () => number = Date.now,
): () => Promise<readonly string[]> {
  let kept: { readonly names: readonly string[]; readonly stamp: string } | null = null;
  return async () => {
    const stats = await reading(path, undefined, async () =>
      statSync(path, { bigint: true, throwIfNoEntry: false }),
    );
    if (stats === undefined) return [];
    const stamp = [stats.dev, stats.ino, stats.mtimeNs, stats.ctimeNs].join();
    if (kept?.stamp === stamp) return kept.names;
    const mayChangeUnseen = nowMs() - Number(stats.ctimeMs) < STEP_MAX_MS;
    const names = await list();
    kept = mayChangeUnseen ? null : { names, stamp };
    return names;
  };
}
