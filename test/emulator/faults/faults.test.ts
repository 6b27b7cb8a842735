import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  FAULT_KINDS,
  FaultPlan,
  FaultSpecError,
  parseFaultSpec,
} from '../../../src/emulator/faults/fault-plan.js';
import { startEmulator } from '../../../src/emulator/server.js';
import { tempFolder } from '../../support/temp.js';
import { type Answer, sendSigned, treeHash } from '../support/raw-client.js';
import { errorOf, MIB } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const LIST = { method: 'GET', path: '/-/vaults' } as const;
const bytes = Buffer.alloc(MIB, 'f');

const plan = (...specs: string[]) => new FaultPlan(specs.map(parseFaultSpec));
const injections = (faults: FaultPlan, times: number) =>
  Array.from({ length: times }, () => (faults.next('upload-part') === null ? '.' : 'x')).join('');

test('a fault is injected always, the first times, only once, or for a share of requests', () => {
  assert.equal(injections(plan('reset'), 4), 'xxxx');
  assert.equal(injections(plan('reset:3'), 6), 'xxx...');
  assert.equal(injections(plan('reset:#5'), 6), '....x.');
  assert.equal(injections(plan('reset:0%'), 100), '.'.repeat(100));
  assert.equal(injections(plan('reset:100%'), 9), 'x'.repeat(9));
  const share = injections(plan('reset:10%/42'), 10_000).replaceAll('.', '').length;
  assert.ok(share > 900 && share < 1_100, `${share} of 10,000`);
  assert.equal(injections(plan('reset:10%/42'), 200), injections(plan('reset:10%/42'), 200));
  assert.notEqual(injections(plan('reset:10%/42'), 200), injections(plan('reset:10%/43'), 200));
});

test('a fault that names an operation counts and affects only that operation', () => {
  const faults = plan('html@complete:2', 'reset@upload-part:#2');
  assert.equal(faults.next('upload-part'), null);
  assert.equal(faults.next('complete'), 'html');
  assert.equal(faults.next('upload-part'), 'reset');
  assert.equal(faults.next('complete'), 'html');
  assert.equal(faults.next('complete'), null);
});

test('if several faults are due, the first in the list is injected', () => {
  assert.equal(plan('empty:1', 'html').next('abort'), 'empty');
});

test('an illegal spec fails with an error that lists the legal values', async (t) => {
  for (const [spec, expected] of [
    ['explode', /fault "explode": there is no kind "explode"; the kinds are unavailable, throttle/],
    ['', /there is no kind ""/],
    ['reset@teleport', /there is no operation "teleport"; the operations are create-vault,/],
    ['reset:0', /"0" does not say when/],
    ['reset:often', /"often" does not say when; write 3/],
    ['reset:101%', /does not say when/],
    ['reset@initiate:', /does not say when/],
  ] as const) {
    assert.throws(
      () => parseFaultSpec(spec),
      (error) => error instanceof FaultSpecError && expected.test(error.message),
      spec,
    );
  }
  await assert.rejects(startEmulator({ dataDir: tempFolder(t), faults: ['nonsense'] }), FaultSpecError);
  for (const kind of FAULT_KINDS) assert.equal(parseFaultSpec(`${kind}@job-output:7%/9`).kind, kind);
});

for (const [kind, expected] of [
  ['unavailable', '500 ServiceUnavailableException'],
  ['throttle', '400 ThrottlingException'],
  ['timeout', '408 RequestTimeoutException'],
  ['expired', '403 InvalidSignatureException'],
  ['no-longer-supported', '400 NoLongerSupportedException'],
  ['denied', '403 AccessDeniedException'],
] as const) {
  test(`${kind} answers ${expected} without performing the operation`, async (t) => {
    const { client } = await withEmulator(t, { faults: [`${kind}@upload-part:1`] });
    const uploadId = await client.initiate(MIB);
    assert.equal(errorOf(await client.part(uploadId, 0, bytes)), expected);
    assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
    assert.equal((await client.part(uploadId, 0, bytes)).status, 204);
  });
}

test('html answers 503 with a page, and empty answers 500 without a body', async (t) => {
  const { emulator } = await withEmulator(t, { faults: ['html:1', 'empty:2'] });
  const html = await sendSigned(emulator.url, LIST);
  assert.deepEqual([html.status, html.headers['content-type']], [503, 'text/html']);
  assert.match(html.text, /^<html>/);
  const empty = await sendSigned(emulator.url, LIST);
  assert.deepEqual([empty.status, empty.text, empty.headers['content-length']], [500, '', '0']);
  assert.equal((await sendSigned(emulator.url, LIST)).status, 200);
});

test('reset breaks the connection in the middle of the body, and nothing is recorded', async (t) => {
  const { client, emulator } = await withEmulator(t, {
    faults: ['reset@upload-part:1', 'reset@list-vaults:1'],
  });
  const uploadId = await client.initiate(MIB);
  await assert.rejects(client.part(uploadId, 0, bytes), /ECONNRESET|EPIPE|hang up/);
  await assert.rejects(sendSigned(emulator.url, LIST), /ECONNRESET|hang up/);
  assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
  assert.equal((await client.part(uploadId, 0, bytes)).status, 204);
  assert.equal((await client.complete(uploadId, bytes)).status, 201);
});

test('reset also stops the operation if the body arrived in one piece', async (t) => {
  const { client, emulator, dataDir } = await withEmulator(t, { faults: ['reset@upload-part:1'] });
  const uploadId = await client.initiate(MIB);
  await assert.rejects(client.part(uploadId, 0, bytes.subarray(0, 5)));
  // Closing waits for all requests in progress.
  await emulator.close();
  const left = readdirSync(dataDir, { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((path) => /\/(busy|claims|parts)\/./.test(path)),
    [],
  );
});

test('lost-answer performs the operation, and the client gets no response', async (t) => {
  const faults = ['lost-answer@upload-part:1', 'lost-answer@complete:1', 'lost-answer@initiate:#2'];
  const { client } = await withEmulator(t, { faults });
  const uploadId = await client.initiate(MIB);
  await assert.rejects(client.part(uploadId, 0, bytes));
  const { Parts } = JSON.parse((await client.listParts(uploadId)).text);
  assert.equal(Parts[0].SHA256TreeHash, treeHash(bytes));
  await assert.rejects(client.complete(uploadId, bytes));
  const again = await client.complete(uploadId, bytes);
  assert.ok((await client.fetch(String(again.headers['x-amz-archive-id']))).equals(bytes));
  await assert.rejects(client.initiate(MIB));
  const list = JSON.parse((await client.request({ method: 'GET', path: '/multipart-uploads' })).text);
  assert.equal(list.UploadsList.length, 1);
});

test('wrong-hash stores the part and answers with a different tree hash', async (t) => {
  const { client } = await withEmulator(t, { faults: ['wrong-hash'] });
  const first = await client.request({ method: 'GET', path: '' });
  assert.equal(first.status, 200);
  const { client: other } = await withEmulator(t, {
    faults: ['wrong-hash@upload-part', 'wrong-hash@complete'],
  });
  const uploadId = await other.initiate(MIB);
  const part = await other.part(uploadId, 0, bytes);
  const isWrong = (answer: Answer) => {
    const hash = String(answer.headers['x-amz-sha256-tree-hash']);
    return /^[0-9a-f]{64}$/.test(hash) && hash !== treeHash(bytes);
  };
  assert.ok(part.status === 204 && isWrong(part));
  const done = await other.complete(uploadId, bytes);
  assert.ok(done.status === 201 && isWrong(done));
});

test('garbage answers with the status of success and without the data of a success', async (t) => {
  const faults = [
    'garbage@initiate:#2',
    'garbage@upload-part:1',
    'garbage@list-parts:1',
    'garbage@complete:1',
  ];
  const { client } = await withEmulator(t, { faults });
  const uploadId = await client.initiate(MIB);
  const initiate = { method: 'POST', path: '/multipart-uploads', headers: { 'x-amz-part-size': '1048576' } };
  const response = await client.request(initiate);
  assert.deepEqual([response.status, response.headers['x-amz-multipart-upload-id']], [201, undefined]);
  assert.match(response.text, /^<html>/);
  const part = await client.part(uploadId, 0, bytes);
  assert.deepEqual([part.status, part.headers['x-amz-sha256-tree-hash']], [204, undefined]);
  const list = await client.listParts(uploadId);
  assert.equal(list.status, 200);
  assert.throws(() => JSON.parse(list.text), SyntaxError);
  assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
  const done = await client.complete(uploadId, bytes);
  assert.deepEqual([done.status, done.headers['x-amz-archive-id']], [201, undefined]);
});

test('slow takes three seconds and then succeeds', async (t) => {
  const { client, emulator } = await withEmulator(t, { faults: ['slow@upload-part', 'slow@list-vaults'] });
  const uploadId = await client.initiate(MIB);
  const startedMs = performance.now();
  const [part, list] = await Promise.all([client.part(uploadId, 0, bytes), sendSigned(emulator.url, LIST)]);
  assert.deepEqual([part.status, list.status], [204, 200]);
  assert.ok(performance.now() - startedMs > 2_500);
});
