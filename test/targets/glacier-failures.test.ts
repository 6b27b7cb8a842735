import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { type FailureKind, isFailure, type RetryClass, TransferError } from '../../src/core/failures.js';
import type { Target } from '../../src/transfer/ports/target.js';
import { json, refusal, type Script, scriptedServer, targetAt } from './scripted-server.js';

const never = new AbortController().signal;
const request = { plan: { sizeBytes: 5, partSizeBytes: 4_194_304, partCount: 1 }, description: 'a' };
const whole = { sizeBytes: 5, partSizeBytes: 4_194_304, treeHash: 'a'.repeat(64), parts: new Map() };
const page = { limit: null, marker: null };

const acts: Record<string, (target: Target) => Promise<unknown>> = {
  createUpload: (target) => target.createUpload(request, never),
  complete: (target) => target.complete('up-1', whole, never),
  'list uploads': (target) => target.listUploadsPage(page, never),
  'list parts': (target) => target.listPartsPage('up-1', page, never),
  abort: (target) => target.abort('up-1', never),
};

interface Row {
  readonly response: string;
  readonly script: Script;
  readonly act: keyof typeof acts;
  readonly kind: FailureKind;
  readonly facts: object;
  readonly retryClass: RetryClass | null;
}

const raw =
  (status: number, body: string, headers = {}): Script =>
  (response) =>
    response.writeHead(status, headers).end(body);

const unavailable = (response: string, script: Script): Row => ({
  response,
  script,
  act: 'createUpload',
  kind: 'unreachable',
  facts: { operation: 'InitiateMultipartUpload' },
  retryClass: 'unavailable',
});
const foreign = (response: string, script: Script, why = 'not-the-service'): Row => ({
  response,
  script,
  act: 'createUpload',
  kind: 'refused',
  facts: { operation: 'InitiateMultipartUpload', why },
  retryClass: null,
});
const refused = (code: string, status: number, why: string, retryClass: RetryClass | null = null): Row => ({
  response: `${status} ${code}`,
  script: refusal(code, 'because', status),
  act: 'createUpload',
  kind: 'refused',
  facts: { why, operation: 'InitiateMultipartUpload', detail: 'because' },
  retryClass,
});
const resign = (message: string, code = 'InvalidSignatureException', status = 403): Row => ({
  response: `${status} ${code}: ${message}`,
  script: refusal(code, message, status),
  act: 'createUpload',
  kind: 'unreachable',
  facts: { why: `${code}: ${message}` },
  retryClass: 'resign',
});

const rows: Row[] = [
  unavailable('408', refusal('RequestTimeoutException', 'Request timed out.', 408)),
  unavailable('500', refusal('ServiceUnavailableException', 'Try later.', 500)),
  unavailable('an empty 500', raw(500, '')),
  unavailable('an empty 502', raw(502, '')),
  unavailable(
    '503 in HTML',
    raw(503, '<html><h1>Service Unavailable</h1></html>', { 'content-type': 'text/html' }),
  ),
  unavailable('504', raw(504, 'upstream timed out')),
  foreign(
    '403 in HTML, which a proxy sends',
    raw(403, '<html>Blocked</html>', { 'content-type': 'text/html' }),
  ),
  foreign('404 in HTML, which another server sends', raw(404, '<html>Not found</html>')),
  foreign('an empty 403 without a request id', raw(403, '')),
  foreign('an empty 413 without a request id', raw(413, ''), 'too-large'),
  unavailable('an empty 425', raw(425, '')),
  unavailable('a redirect', raw(302, '', { location: 'http://login.example/' })),
  unavailable('a reset', (response) => response.socket?.resetAndDestroy()),
  unavailable('a connection closed without a response', (response) => response.socket?.destroy()),
  unavailable('something that is not HTTP', (response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')),
  {
    ...unavailable('throttling', refusal('ThrottlingException', 'Rate exceeded', 400)),
    retryClass: 'throttled',
  },
  { ...unavailable('429', raw(429, '')), retryClass: 'throttled' },
  resign(
    'Signature expired: 20121108T030749Z is now earlier than 20121108T031304Z (20121108T031804Z - 5 min.)',
  ),
  resign('Signature not yet current: 20121108T030749Z is still later than 20121108T031304Z'),
  resign(
    'Signature not yet current: 20121108T030749Z is still later than 20121108T031304Z',
    'InvalidSignatureException',
    400,
  ),
  ...[400, 403].map((status) =>
    resign('The difference between the request time and ours is too large.', 'RequestTimeTooSkewed', status),
  ),
  resign('Request has expired.', 'RequestExpired', 400),
  ...[
    {},
    [],
    null,
    7,
    'no',
    { code: {}, message: {} },
    { code: [7], message: [null] },
    { message: 'no' },
  ].map((body) =>
    unavailable(`500 with ${JSON.stringify(body)} as its body`, raw(500, JSON.stringify(body))),
  ),
  refused('InvalidSignatureException', 403, 'wrong-credentials'),
  refused('UnrecognizedClientException', 400, 'wrong-credentials'),
  refused('MissingAuthenticationTokenException', 400, 'wrong-credentials'),
  refused('ExpiredTokenException', 403, 'wrong-credentials'),
  refused('AccessDeniedException', 403, 'denied'),
  refused('NoLongerSupportedException', 400, 'no-longer-supported'),
  refused('LimitExceededException', 400, 'rejected'),
  refused('InvalidParameterValueException', 400, 'rejected'),
  refused('SomethingNew', 418, 'rejected'),
  {
    response: '404 for the vault',
    act: 'list uploads',
    kind: 'not-found',
    retryClass: null,
    script: refusal('ResourceNotFoundException', 'Vault not found for ARN: arn:x', 404),
    facts: { what: 'vault', name: 'photos', detail: 'Vault not found for ARN: arn:x' },
  },
  {
    response: '404 for the vault to a request about an upload',
    act: 'list parts',
    kind: 'not-found',
    retryClass: null,
    script: refusal('ResourceNotFoundException', 'Vault not found for ARN: arn:x', 404),
    facts: { what: 'vault', name: 'photos' },
  },
  {
    response: '404 for an upload',
    act: 'abort',
    kind: 'not-found',
    retryClass: null,
    script: refusal('ResourceNotFoundException', 'The upload ID was not found: up-1', 404),
    facts: { what: 'upload', name: 'up-1' },
  },
  {
    response: '404 with an unknown message',
    act: 'complete',
    kind: 'not-found',
    retryClass: null,
    script: refusal('ResourceNotFoundException', 'Gone.', 404),
    facts: { what: 'upload', name: 'up-1' },
  },
  {
    response: '400 to complete',
    act: 'complete',
    kind: 'checksum',
    retryClass: null,
    script: refusal(
      'InvalidParameterValueException',
      `Invalid x-amz-sha256-tree-hash: ${whole.treeHash}`,
      400,
    ),
    facts: { what: 'archive', index: null, expected: whole.treeHash, got: '' },
  },
];

function checkRow(row: Row): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TransferError, String(error));
    assert.equal(error.kind, row.kind);
    const facts: Record<string, unknown> = { ...error.facts };
    for (const [name, value] of Object.entries(row.facts)) assert.deepEqual(facts[name], value, name);
    assert.equal(error.retryClass, row.retryClass);
    return true;
  };
}

for (const row of rows) {
  test(`${row.response} is ${row.kind}, ${row.retryClass ?? 'not retried'}`, async (t) => {
    const server = await scriptedServer(t, row.script);
    await assert.rejects(
      (acts[row.act] as (target: Target) => Promise<unknown>)(targetAt(t, server.url)),
      checkRow(row),
    );
    assert.equal(server.requests.length, 1, 'the target itself does not retry');
  });
}

test('a refusal contains the response of the service', async (t) => {
  const server = await scriptedServer(t, refusal('AccessDeniedException', 'no', 403));
  await assert.rejects(targetAt(t, server.url).createUpload(request, never), (error) => {
    assert.ok(isFailure(error, 'refused'));
    assert.deepEqual(
      { ...error.service, headers: null },
      {
        httpStatus: 403,
        code: 'AccessDeniedException',
        message: 'no',
        requestId: 'request-1',
        hostId: null,
        resource: null,
        reason: 'Forbidden',
        indicator: null,
        headers: null,
      },
    );
    return true;
  });
});

test('the canonical request in a refusal, which contains the session token, is not passed on', async (t) => {
  const token = 'SESSION-TOKEN-THAT-NOBODY-MAY-SEE';
  const message = `The request signature we calculated does not match. The Canonical String for this request should have been 'POST x-amz-security-token:${token}'\n\nmore ${token}`;
  const server = await scriptedServer(t, refusal('InvalidSignatureException', message, 403));
  await assert.rejects(targetAt(t, server.url).createUpload(request, never), (error) => {
    assert.ok(isFailure(error, 'refused'));
    const all = `${error.stack} ${JSON.stringify(error.facts)} ${JSON.stringify(error.service)} ${String(error.cause)}`;
    assert.ok(!all.includes(token), all);
    assert.match(String(error.facts.detail), /signature we calculated does not match/);
    return true;
  });
});

test('after a signature that expired by the service’s clock, the next one uses that clock', async (t) => {
  const aheadMs = 20 * 60_000;
  const server = await scriptedServer(t, (response) => {
    const date = new Date(Date.now() + aheadMs).toUTCString();
    const message =
      'Signature expired: 20121108T030749Z is now earlier than 20121108T031304Z (20121108T031804Z - 5 min.)';
    json(response, 403, { message, code: 'InvalidSignatureException', type: 'Client' }, { date });
  });
  const target = targetAt(t, server.url);
  for (let round = 0; round < 2; round += 1) {
    await assert.rejects(target.createUpload(request, never), (error) => isFailure(error, 'unreachable'));
  }
  const signedMs = server.requests.map(({ headers }) =>
    Date.parse(
      String(headers['x-amz-date']).replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'),
    ),
  );
  assert.ok(Math.abs((signedMs[0] as number) - Date.now()) < 60_000);
  assert.ok(Math.abs((signedMs[1] as number) - Date.now() - aheadMs) < 60_000);
});

test('expired credentials are looked up again for the next request', async (t) => {
  let lookups = 0;
  const credentials = async () => {
    lookups += 1;
    return { accessKeyId: `KEY${lookups}`, secretAccessKey: 's', sessionToken: 't' };
  };
  const server = await scriptedServer(t, refusal('ExpiredTokenException', 'expired', 403));
  const target = targetAt(t, server.url, { credentials });
  for (let round = 0; round < 2; round += 1) await assert.rejects(target.createUpload(request, never));
  assert.match(String(server.requests[0]?.headers.authorization), /Credential=KEY1/);
  assert.match(String(server.requests[1]?.headers.authorization), /Credential=KEY2/);
});

test('a token that the service refuses may have a successor; a permanent key has none if it is still the same', async (t) => {
  for (const [identity, retryClass] of [
    [{ accessKeyId: 'KEY', secretAccessKey: 's', sessionToken: 't' }, 'renew'],
    [{ accessKeyId: 'KEY', secretAccessKey: 's' }, null],
  ] as const) {
    const server = await scriptedServer(t, refusal('UnrecognizedClientException', 'invalid', 400));
    const target = targetAt(t, server.url, { credentials: async () => identity });
    await assert.rejects(target.createUpload(request, never), { kind: 'refused', retryClass });
  }
});

test('credentials that were there and are missing now are looked up again later', async (t) => {
  let lookups = 0;
  const credentials = async () => {
    lookups += 1;
    if (lookups > 1) throw Object.assign(new Error('no'), { name: 'CredentialsProviderError' });
    return { accessKeyId: 'KEY', secretAccessKey: 's', sessionToken: 't' };
  };
  const server = await scriptedServer(t, refusal('ExpiredTokenException', 'expired', 403));
  const target = targetAt(t, server.url, { credentials });
  for (const why of ['wrong-credentials', 'no-credentials']) {
    await assert.rejects(target.createUpload(request, never), (error) => {
      assert.ok(isFailure(error, 'refused'), String(error));
      assert.deepEqual([error.facts.why, error.retryClass], [why, 'renew']);
      return true;
    });
  }
});

test('missing credentials are a refusal, and nothing is sent', async (t) => {
  const server = await scriptedServer(t, raw(200, ''));
  const credentials = async (): Promise<never> => {
    throw Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
  };
  await assert.rejects(targetAt(t, server.url, { credentials }).createUpload(request, never), (error) => {
    assert.ok(isFailure(error, 'refused'), String(error));
    assert.equal(error.facts.why, 'no-credentials');
    return true;
  });
  assert.equal(server.requests.length, 0);
});

test('the output of a credential process stays out of the failure', async (t) => {
  const credentials = async (): Promise<never> => {
    const message = 'Command failed: vault-helper --password hunter2\nsecret output';
    throw Object.assign(new Error(message), { name: 'CredentialsProviderError' });
  };
  await assert.rejects(
    targetAt(t, 'http://127.0.0.1:9', { credentials }).createUpload(request, never),
    (error) => {
      assert.ok(isFailure(error, 'refused'));
      assert.ok(!`${error.stack}${JSON.stringify(error.facts)}${String(error.cause)}`.includes('hunter2'));
      return true;
    },
  );
});

test('a signal ends the look-up of credentials', async (t) => {
  const stop = new AbortController();
  const credentials = (): Promise<never> => {
    setImmediate(() => stop.abort(new Error('stopped by hand')));
    return new Promise(() => undefined);
  };
  const target = targetAt(t, 'http://127.0.0.1:9', { credentials });
  await assert.rejects(target.createUpload(request, stop.signal), /stopped by hand/);
});

test('an aborted signal sends nothing', async (t) => {
  const server = await scriptedServer(t, raw(200, ''));
  const aborted = AbortSignal.abort(new Error('stopped before'));
  await assert.rejects(targetAt(t, server.url).listUploadsPage(page, aborted), /stopped before/);
  assert.equal(server.requests.length, 0);
});

async function isUnavailable(promise: Promise<unknown>, why: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isFailure(error, 'unreachable'), String(error));
    assert.equal(error.retryClass, 'unavailable');
    assert.match(error.facts.why, why);
    return true;
  });
}

test('a port without a listener is unreachable', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await isUnavailable(targetAt(t, `http://127.0.0.1:${port}`).createUpload(request, never), /ECONNREFUSED/);
});

test('a name that does not resolve is unreachable', async (t) => {
  await isUnavailable(
    targetAt(t, 'http://calve.invalid').createUpload(request, never),
    /ENOTFOUND|EAI_AGAIN/,
  );
});

/** Accepts connections and never sends a byte. */
async function silentPort(t: TestContext): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('a service that never responds is unreachable after the read time-out', async (t) => {
  const port = await silentPort(t);
  const startedMs = Date.now();
  await isUnavailable(
    targetAt(t, `http://127.0.0.1:${port}`, { readTimeoutMs: 150 }).createUpload(request, never),
    /^no byte moved for 0\.1 s \(--read-timeout\)$/,
  );
  assert.ok(Date.now() - startedMs < 1500);
});

test('a response that stops in the middle is unreachable after the read time-out', async (t) => {
  const server = await scriptedServer(t, (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write('{"Marker":');
  });
  await isUnavailable(
    targetAt(t, server.url, { readTimeoutMs: 150 }).listUploadsPage(page, never),
    /^no byte moved for/,
  );
});

test('a TLS handshake that never ends fails after the connect time-out', async (t) => {
  const port = await silentPort(t);
  const startedMs = Date.now();
  const target = targetAt(t, `https://127.0.0.1:${port}`, { connectTimeoutMs: 150, readTimeoutMs: 60_000 });
  await isUnavailable(
    target.createUpload(request, never),
    /^no connection within 0\.1 s \(--connect-timeout\)$/,
  );
  assert.ok(Date.now() - startedMs < 1500);
});

test('the SDK prints nothing on stderr with any version of Node', () => {
  const program = `
    const { glacierTarget } = await import(process.argv[1]);
    const target = glacierTarget({ vault: 'v', url: 'glacier://v', region: 'eu-west-1', endpoint: 'http://127.0.0.1:1',
      endpointForState: null, accountId: '-', credentials: null, profile: null, idleExpiryMs: null,
      mayCreateVault: false, connectTimeoutMs: 1000, readTimeoutMs: 1000, concurrency: 1, env: process.env,
      proxies: () => null, trust: { verify: true, authorities: null } });
    await target.locate(false, new AbortController().signal).catch((error) => console.log(error.kind));
    await target.close();`;
  const url = new URL('../../src/targets/glacier/target.js', import.meta.url).href;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, url], {
    encoding: 'utf8',
    env: {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_PROFILE: 'default',
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: '/nonexistent',
    },
  });
  assert.equal(stderr, '');
  assert.match(stdout, /^(unreachable|refused)\n$/);
});
