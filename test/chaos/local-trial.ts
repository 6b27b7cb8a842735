/** `local://`: the service dies with the program that it is part of, and both must come back right. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { GlacierClient } from '@aws-sdk/client-glacier';
import { startEmulator } from '../../src/emulator/server.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { openStateStore } from '../../src/state/state-store.js';
import { allEntries } from '../support/all-entries.js';
import { inventory, readBack } from '../support/vault-reads.js';
import type { Field } from './ground.js';
import { drawLoad, runThrough, type TrialOptions } from './killed-trial.js';
import { drawStop } from './stops.js';

const STOPS_MAX = 5;
const VAULT = 'trial';

export async function localTrial(options: TrialOptions): Promise<void> {
  const { ground, random } = options;
  await ground.withField(async (field) => {
    const local = { ...field, target: `local://${VAULT}` };
    const load = drawLoad(local, random, 12);
    local.write(load.bytes);
    const stops = Array.from({ length: 1 + Math.floor(random() * STOPS_MAX) }, () =>
      drawStop(random, load.parts),
    );
    // Nothing passes the front here: a stop at a request never comes.
    const reached = stops.filter(({ at }) => at !== 'request');
    const last = await runThrough(options, local, load.line, reached);
    await assertOneInside(local, load.bytes, last.stdout.trimEnd());
    ground.figures.uploads += 1;
    ground.figures.bytes += load.bytes.length;
  });
}

async function assertOneInside(field: Field, bytes: Buffer, archiveId: string): Promise<void> {
  const emulator = await startEmulator({ dataDir: join(field.home, '.local/share/calve/vaults') });
  const { accessKeyId, secretAccessKey, url } = emulator;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new GlacierClient({ region: 'us-east-1', endpoint: url, credentials });
  try {
    const archives = await inventory(client, VAULT);
    assert.deepEqual(
      archives.map((archive) => archive.archiveId),
      [archiveId],
      'one archive, and its id was printed',
    );
    assert.ok(bytes.equals(await readBack(client, VAULT, archiveId)), 'its bytes are the file');
  } finally {
    client.destroy();
    await emulator.close();
  }
  const recorded = await allEntries(openCatalogue(field.catalogueDir));
  assert.deepEqual(
    recorded.map((entry) => entry.archiveId),
    [archiveId],
  );
  assert.deepEqual(await openStateStore(field.stateDir).all(), []);
}
