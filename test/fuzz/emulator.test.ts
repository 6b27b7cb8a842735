import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Emulator, startEmulator } from '../../src/emulator/server.js';
import { tempFolder } from '../support/temp.js';
import { fuzz, hostileText } from './fuzz.js';

const ANSWER_WITHIN_MS = 10_000;
const END_AFTER_MS = 100;
const UPLOAD_ID = /x-amz-multipart-upload-id: (\S+)/i;

interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** The announced length minus the length of the body. */
  readonly lengthShift: number;
}

/** Sends bytes as they are on a new connection. @returns the response; '' if the server closed the connection */
async function sendBytes(port: number, bytes: Buffer, endAfterMs = END_AFTER_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    // Ends the connection for a server that still waits for more. If it ended at once, the server would not answer.
    const over = setTimeout(() => socket.end(), endAfterMs);
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${bytes.toString('latin1').slice(0, 500)}`));
    }, ANSWER_WITHIN_MS);
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      clearTimeout(over);
      resolve(text);
    });
  });
}

/** Sends a well-formed request. The server closes its connection, which must not end before a slow response. */
function sendRequest(port: number, request: RawRequest): Promise<string> {
  return sendBytes(port, bytesOf(request), 2 * ANSWER_WITHIN_MS);
}

function bytesOf({ method, path, headers, body, lengthShift }: RawRequest): Buffer {
  const length = Math.max(0, body.length + lengthShift);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'connection: close',
    ...headers.map(([name, given]) => `${name}: ${given}`),
    `content-length: ${length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

/** Segments of a path: encoded or raw, long, empty, or leading to a parent folder. */
const segment = fc.oneof(
  hostileText.map((text) => encodeURIComponent(Buffer.from(text).toString())),
  hostileText.map((text) => text.replaceAll(/[\s#?]/g, '')),
  fc.constantFrom(
    'v',
    '-',
    '111122223333',
    '..',
    '%2e%2e',
    '..%2f..',
    '%00',
    '%',
    '%ff',
    'a'.repeat(300),
    '~',
  ),
);

const headerValue = fc.oneof(
  hostileText.map((text) => text.replaceAll(/[\r\n]/g, '')),
  fc.constantFrom(
    '2012-06-01',
    '1048576',
    '0',
    '-1',
    '1e6',
    '9'.repeat(400),
    'bytes 0-1048575/*',
    'bytes 5-1/*',
  ),
  fc.constantFrom(
    'bytes 0-9/*',
    'bytes=0-',
    'bytes=5-2',
    'bytes=-0',
    'bytes 0-99999999999999999999/*',
    'a'.repeat(64),
  ),
  fc.constantFrom(
    'AWS4-HMAC-SHA256 Credential=x/20261121/r/glacier/aws4_request, SignedHeaders=host, Signature=0',
  ),
);
const headerName = fc.constantFrom(
  ...[
    'x-amz-glacier-version',
    'x-amz-part-size',
    'x-amz-archive-size',
    'x-amz-sha256-tree-hash',
    'content-range',
  ],
  ...['x-amz-content-sha256', 'x-amz-archive-description', 'authorization', 'x-amz-date', 'range', 'expect'],
  ...['transfer-encoding', 'content-type', 'content-encoding', 'x-anything', 'date'],
);

const request = (uploadId: string): fc.Arbitrary<RawRequest> => {
  const names = ['vaults', 'multipart-uploads', 'archives', 'jobs', 'output', uploadId, 'v', '-'];
  const known = fc.constantFrom(
    ...[
      '/-/vaults',
      '/-/vaults/v',
      '/-/vaults/v/archives',
      '/-/vaults/v/multipart-uploads',
      '/-/vaults/v/jobs',
    ],
    `/-/vaults/v/multipart-uploads/${uploadId}`,
  );
  const free = fc
    .array(fc.oneof(segment, fc.constantFrom(...names)), { maxLength: 6 })
    .map((segments) => `/${segments.join('/')}`);
  const grown = fc.tuple(known, segment).map(([path, more]) => `${path}/${more}`);
  const query = fc.oneof(
    fc.constant(''),
    fc
      .tuple(fc.constantFrom('limit', 'marker', 'completed', 'statuscode', 'x'), segment)
      .map(([name, given]) => `?${name}=${given}`),
  );
  return fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'BREW'),
    path: fc.tuple(fc.oneof(known, free, grown), query).map((each) => each.join('')),
    headers: fc
      .array(fc.tuple(headerName, headerValue), { maxLength: 7 })
      // Half of the requests have the API version, so that they pass the first checks.
      .chain((headers) =>
        fc.constantFrom(headers, [...headers, ['x-amz-glacier-version', '2012-06-01'] as [string, string]]),
      ),
    body: fc
      .oneof(fc.uint8Array({ maxLength: 200 }), hostileText, fc.json())
      .map((body) => Buffer.from(body as string)),
    lengthShift: fc.constantFrom(0, 0, 0, 0, -1, 5),
  });
};

async function initiateUpload(emulator: Emulator): Promise<string> {
  const headers = [
    ['x-amz-glacier-version', '2012-06-01'],
    ['x-amz-part-size', '1048576'],
  ] as const;
  const path = '/-/vaults/v/multipart-uploads';
  const request = { method: 'POST', path, headers, body: Buffer.alloc(0), lengthShift: 0 };
  const text = await sendRequest(emulator.port, request);
  const uploadId = UPLOAD_ID.exec(text)?.[1];
  assert.ok(uploadId, text);
  return uploadId;
}

function assertNo500(answer: string, sent: string): void {
  for (const [status] of answer.matchAll(/^HTTP\/1\.1 5\d\d.*$/gm))
    assert.fail(`${status.trim()}: ${sent}\n${answer}`);
}

for (const signature of ['lenient', 'verify'] as const) {
  test(`No request crashes the emulator (${signature}): whatever is asked, never a 500`, async (t) => {
    const folder = tempFolder(t);
    const emulator = await startEmulator({ dataDir: join(folder, 'data'), vaults: ['v'], signature });
    t.after(() => emulator.close());
    const uploadId = signature === 'lenient' ? await initiateUpload(emulator) : 'A'.repeat(92);
    const seen = new Set<string>();
    await fuzz(t, 600, request(uploadId), async (wanted) => {
      const bytes = bytesOf(wanted);
      const answer = await sendBytes(emulator.port, bytes);
      seen.add(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'none');
      assertNo500(answer, bytes.toString('latin1').slice(0, 2000));
    });
    const expected = signature === 'lenient' ? ['400', '404'] : ['400', '403'];
    for (const status of expected) assert.ok(seen.has(status), `${status} among ${[...seen]}`);
    assert.deepEqual(readdirSync(folder), ['data'], 'nothing is written outside its folder');
    assert.deepEqual(readdirSync(join(folder, 'data')), ['v1']);
    const vaults: RawRequest = {
      method: 'GET',
      path: '/-/vaults',
      headers: [['x-amz-glacier-version', '2012-06-01']],
      body: Buffer.alloc(0),
      lengthShift: 0,
    };
    const alive = await sendRequest(emulator.port, vaults);
    assert.match(
      alive,
      signature === 'lenient' ? /^HTTP\/1\.1 200 / : /MissingAuthenticationToken/,
      'it still serves',
    );
  });
}

test('Bytes that are not a request are refused, and the emulator continues to serve', async (t) => {
  const emulator = await startEmulator({ dataDir: tempFolder(t), vaults: ['v'] });
  t.after(() => emulator.close());
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(fc.constantFrom('GET ', '/', ' HTTP/1.1', '\r\n', '\n', ':', 'host', '\0', 'chunked', '0\r\n'), {
        maxLength: 20,
      })
      .map((pieces) => Buffer.from(pieces.join(''))),
  );
  await fuzz(t, 100, noise, async (bytes) =>
    assertNo500(await sendBytes(emulator.port, bytes), bytes.toString('hex')),
  );
});
