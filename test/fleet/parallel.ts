/** Runs the examples of GNU parallel. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPart } from '../support/requests.js';
import type { Cleanup } from '../support/temp.js';
import { EXAMPLES, needPrograms, openSchedulerHome } from './scheduler-home.js';

const MIB_BYTES = 1024 * 1024;
const PARTS = 21;

/** @returns what was done */
export async function runParallel(t: Cleanup): Promise<string> {
  needPrograms(['parallel'], ['parallel']);
  const home = await openSchedulerHome(t, 'parallel');
  const file = home.file('disk image', (PARTS - 1) * MIB_BYTES + 5);
  // Some parts are refused for so long that their task fails, and parallel starts it again.
  let refused = 0;
  home.hook({
    before: (passing) => {
      if (!isPart(passing) || refused >= 6) return 'pass';
      refused += 1;
      return { status: 503, code: 'ServiceUnavailableException', message: 'Later.' };
    },
  });
  const env = {
    CALVE_PART_SIZE: '1M',
    CALVE_MAX_ATTEMPTS: '1',
    PARALLEL_HOME: join(home.folder, '.parallel'),
  };
  const words = [file, home.target, join(home.folder, 'the fleet')];
  const output = await home.command(join(EXAMPLES, 'parallel/send.sh'), words, env);
  const archiveId = output.split('\n').at(-1) ?? '';
  assert.deepEqual(await home.archiveIds(), [archiveId]);
  assert.deepEqual(await home.readBack(archiveId), readFileSync(file));
  return `${PARTS} parts in 8 shares, ${refused} requests refused; ${await runManyFiles(t)}`;
}

async function runManyFiles(t: Cleanup): Promise<string> {
  const home = await openSchedulerHome(t, 'many-files');
  const names = Array.from({ length: 10 }, (_, i) => home.file(`file ${i}`, 1000 + i, i + 1));
  writeFileSync(join(home.folder, 'list'), names.map((name) => `${name}\n`).join(''));
  const env = { PARALLEL_HOME: join(home.folder, '.parallel') };
  const words = ['list', home.target, join(home.folder, 'runs')];
  await home.command(join(EXAMPLES, 'parallel/many-files.sh'), words, env);
  await home.command(join(EXAMPLES, 'parallel/many-files.sh'), words, env);
  assert.equal((await home.archiveIds()).length, names.length);
  assert.equal((await home.cataloguedIds()).length, names.length);
  return `${names.length} files in 4 runs, twice`;
}
