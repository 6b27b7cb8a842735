import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { startEmulator } from '../../src/library/emulator.js';
import { listUploads, upload } from '../../src/library/index.js';
import { tempFolder } from '../support/temp.js';
import { collect, openBench, rejection, TARGET } from './support.js';

test('an emulator has its vaults, injects its faults, and its temporary folder ends with it', async (t) => {
  const tmp = tempFolder(t);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = tmp;
  const listeners = process.listenerCount('exit');
  const emulators = await Promise.all([
    startEmulator({ vaults: ['a', 'b'], faults: ['throttle@upload-part:1'] }),
    startEmulator(),
  ]).finally(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const [first, second] = emulators;
  t.after(() => Promise.all(emulators.map(({ close }) => close())));
  assert.equal(readdirSync(tmp).length, 2);
  assert.notEqual(first.port, second.port);
  assert.equal(process.listenerCount('exit'), listeners + 1, 'one listener for all folders');
  const answer = await fetch(`${first.url}/-/vaults`);
  assert.equal(answer.status, 400, 'it answers, and wants a signature');
  await first.close();
  await Promise.all([first.close(), second[Symbol.asyncDispose]()]);
  assert.deepEqual(readdirSync(tmp), []);
  assert.equal(process.listenerCount('exit'), listeners);
  await assert.rejects(fetch(`${first.url}/-/vaults`));
});

test('an emulator with a data folder keeps it, and takes the key that it is given', async (t) => {
  const dataDir = join(tempFolder(t), 'data');
  const credentials = { accessKeyId: 'AK', secretAccessKey: 'SK' };
  const emulator = await startEmulator({ dataDir, vaults: ['photos'], credentials });
  t.after(() => emulator.close());
  assert.deepEqual(emulator.credentials, credentials);
  const { home } = await openBench(t);
  const place = { endpointUrl: emulator.url, region: emulator.region, stateDir: home.stateDir };
  assert.deepEqual(await collect(listUploads(TARGET, { ...place, credentials })), []);
  const wrong = { ...credentials, secretAccessKey: 'other' };
  assert.equal(
    (await rejection(collect(listUploads(TARGET, { ...place, credentials: wrong })))).kind,
    'refused',
  );
  await emulator.close();
  assert.ok(existsSync(join(dataDir, 'v1/vaults/photos')));
});

test('an emulator that cannot start leaves nothing, and the error says why', async (t) => {
  const tmp = tempFolder(t);
  const running = await startEmulator({ dataDir: join(tmp, 'data') });
  t.after(() => running.close());
  const error = await rejection(startEmulator({ port: running.port }));
  assert.match(error.message, /^port \d+: another program listens on this port/);
  mkdirSync(join(tmp, 'empty'));
  const folder = await rejection(startEmulator({ dataDir: '/proc/nothing' }));
  assert.equal(folder.kind, 'state');
  assert.match(folder.hint ?? '', /or name another folder with dataDir$/);
  const unknown = await rejection(startEmulator({ vault: [] } as never));
  assert.match(unknown.hint ?? '', /^its options are bandwidth, credentials, dataDir, /);
  assert.doesNotMatch(unknown.hint ?? '', /accessKeyId/);
  const wrong = await rejection(startEmulator({ faults: ['sulk'] }));
  assert.match(wrong.hint ?? '', /^docs\/emulator\.md /);
});

test('a fault of the emulator is an event of the upload', async (t) => {
  const { place, file } = await openBench(t, { faults: ['unavailable@upload-part:1'] });
  const events: string[] = [];
  await upload(file('a.tar', 1000), TARGET, { ...place, onEvent: ({ type }) => void events.push(type) });
  assert.ok(events.includes('retry'), events.join(' '));
});
