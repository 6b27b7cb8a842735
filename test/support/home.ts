/** A temporary home in which the built program runs, and what the program keeps there. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openCatalogue } from '../../src/state/catalogue.js';
import { openStateStore } from '../../src/state/state-store.js';
import { allEntries } from './all-entries.js';
import { writeSeededFile } from './bytes.js';
import { cleanEnv, type Ended, type Running, type Spawned, startCalve } from './calve.js';
import { type Cleanup, tempFolder } from './temp.js';

export type Env = Readonly<Record<string, string>>;

export interface Home {
  /** The folder in which the program runs, and in which a test keeps its files. */
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly stateDir: string;
  readonly catalogueDir: string;
  /** Runs the program to its end. */
  run(words: readonly string[], more?: Env, input?: Spawned['input']): Promise<Ended>;
  /** Starts the program; it is killed at the end of the test at the latest. */
  start(words: readonly string[], more?: Env, input?: Spawned['input']): Running;
  /** Writes a file of seeded bytes. @returns its absolute path */
  file(name: string, sizeBytes: number, seed?: number): string;
  /** Reads the ids of the unfinished uploads in the state folder, without a start of the program. */
  unfinishedIds(): Promise<string[]>;
  /** Reads the ids of the archives in the catalogue, without a start of the program. */
  cataloguedIds(): Promise<string[]>;
}

/** @param service what a client of the service needs in its environment */
export function openHome(t: Cleanup, service: Env = {}): Home {
  const started: Running[] = [];
  t.after(() => Promise.all(started.map(killAndWait)));
  const folder = tempFolder(t);
  const home = join(folder, 'home');
  mkdirSync(home);
  const env = cleanEnv(home, { ...service, CALVE_RETRY_DELAY: '10ms' });
  const stateDir = join(home, '.local/state/calve');
  const catalogueDir = join(home, '.local/share/calve/archives');
  const start: Home['start'] = (words, more = {}, input = undefined) => {
    const spawned = { env: { ...env, ...more }, cwd: folder };
    const running = startCalve(words, input === undefined ? spawned : { ...spawned, input });
    started.push(running);
    return running;
  };
  return {
    folder,
    env,
    stateDir,
    catalogueDir,
    start,
    run: (words, more, input) => start(words, more, input).ended,
    file(name, sizeBytes, seed = 1) {
      const path = join(folder, name);
      writeSeededFile(path, sizeBytes, seed);
      return path;
    },
    unfinishedIds: async () => (await openStateStore(stateDir).all()).map(({ head }) => head.uploadId),
    cataloguedIds: async () =>
      (await allEntries(openCatalogue(catalogueDir))).map(({ archiveId }) => archiveId),
  };
}

function killAndWait({ child, ended }: Running): Promise<Ended> {
  child.kill('SIGKILL');
  return ended;
}
