import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import type * as EmulatorModule from '../../src/library/emulator.js';
import type * as Library from '../../src/library/index.js';
import { openHome } from '../support/home.js';
import { openRealm } from '../support/realm.js';
import { startSmallStore } from '../support/small-store.js';
import type { Cleanup } from '../support/temp.js';
import { collect, MIB_BYTES, TARGET } from './support.js';

const load = openRealm();
const calve = load('library.js') as typeof Library;
const { startEmulator } = load('emulator.js') as typeof EmulatorModule;

function openPlace(t: Cleanup) {
  const home = openHome(t);
  const place = { stateDir: home.stateDir, catalogue: home.catalogueDir, retryDelay: 10 };
  return { home, place };
}

/** Returns the error of a call, which must be one of this realm's library. */
async function rejection(call: Promise<unknown>): Promise<Library.AnyCalveError> {
  const error = await call.then(
    () => new Error('the call did not reject'),
    (reason: unknown) => reason,
  );
  if (!calve.CalveError.is(error)) throw error;
  return error;
}

describe('In a context with globals of its own, as test runners have', { concurrency: 2 }, () => {
  test('the emulator runs, and uploads to it use threads, resume and are audited', async (t) => {
    const { home, place } = openPlace(t);
    const vault = await startEmulator({ vaults: ['photos'], faults: ['unavailable@upload-part:2'] });
    t.after(() => vault.close());
    const { url: endpointUrl, region, credentials } = vault;
    const options = { ...place, endpointUrl, region, credentials };
    const stop = new AbortController();
    // So many bytes that hashing and sending threads start.
    const path = home.file('a.tar', 40 * MIB_BYTES);
    const stopped = await rejection(
      calve.upload(path, TARGET, {
        ...options,
        partSize: MIB_BYTES,
        signal: stop.signal,
        onEvent: ({ type }) => type === 'part' && stop.abort(),
      }),
    );
    assert.deepEqual([stopped.kind, stopped.resumable], ['stopped', true]);
    const [unfinished] = await collect(calve.status(options));
    const { parts, resumed } = await calve.resume(unfinished?.uploadId ?? '', options);
    assert.deepEqual([parts, resumed], [40, true]);
    const chunks = Readable.from([Buffer.alloc(MIB_BYTES), Buffer.alloc(10)]);
    await calve.upload(chunks, TARGET, { ...options, partSize: MIB_BYTES });
    const rows = await collect(calve.audit(TARGET, options));
    assert.deepEqual(
      rows.map(({ type }) => type),
      ['audited', 'audited', 'audit-summary'],
    );
  });

  test('a vault of this machine and a bucket take archives', async (t) => {
    const { home, place } = openPlace(t);
    const path = home.file('a.tar', 3 * MIB_BYTES);
    const localDir = join(home.folder, 'vaults');
    assert.equal((await calve.upload(path, 'local://photos', { ...place, localDir })).size, 3 * MIB_BYTES);
    const store = await startSmallStore(t);
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
    const bucket = { ...place, endpointUrl: store.url, pathStyle: true, credentials };
    assert.equal((await calve.upload(path, 's3://bucket/', bucket)).key, 'a.tar');
  });

  test('errors of the system are what they are elsewhere', async (t) => {
    const { home, place } = openPlace(t);
    const local = { ...place, localDir: join(home.folder, 'vaults') };
    const missing = await rejection(calve.upload('/nonexistent/file', 'local://photos', local));
    assert.match(missing.message, /there is no such file/);
    const folder = await rejection(calve.upload(home.folder, 'local://photos', local));
    assert.match(folder.message, /it is a folder/);
    const state = { ...local, stateDir: join(home.file('plain', 1), 'state') };
    const unusable = await rejection(calve.upload(home.file('b', 1), 'local://photos', state));
    assert.equal(unusable.kind, 'state', unusable.message);
    const nobody = { ...place, endpointUrl: 'http://127.0.0.1:1', region: 'x', maxAttempts: 1 };
    const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
    const silent = await rejection(calve.upload(home.file('c', 1), TARGET, { ...nobody, credentials: keys }));
    assert.deepEqual([silent.kind, /ECONNREFUSED/.test(silent.message)], ['unreachable', true]);
  });
});

test('no source compares a value of Node or of a program with a class of its own realm', () => {
  const root = join(import.meta.dirname, '../../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  // AbortSignal.any accepts only signals of its own class; JSON and decodeURIComponent throw errors of their own realm.
  const allowed = /instanceof AbortSignal \? AbortSignal\.any|instanceof (SyntaxError|URIError)\b/;
  const classes =
    /instanceof (Error|\w+Error|Uint8Array|ArrayBuffer|Promise|URL|Date|Map|Set|AbortSignal|Buffer)\b/;
  const own =
    /instanceof (Transfer|Credentials|Answer|SendingThread|UnconfirmedPart|Service|FaultSpec|Calve|Commander|ShortFile|Cancelled)Error\b/;
  const found = files
    .filter((name) => !name.endsWith('is-error.ts'))
    .flatMap((name) =>
      readFileSync(join(root, name), 'utf8')
        .split('\n')
        .map((line) => `${name}: ${line.trim()}`),
    )
    .filter((line) => classes.test(line) && !allowed.test(line) && !own.test(line));
  assert.ok(files.length > 300);
  assert.deepEqual(found, []);
});
