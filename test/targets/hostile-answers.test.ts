/** No answer of a server may hold a call forever, fill the memory, or look like a bug of calve. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { CALLS, type RawAnswer, rawServer, TARGETS } from './hostile-calls.js';

const DRIP_MS = 5;
const HEAD = 'HTTP/1.1 200 OK\r\nx-amzn-requestid: r\r\nx-amz-request-id: r\r\n';

/** Writes the same text again and again. */
const drip =
  (start: string, text: string): RawAnswer =>
  (socket) => {
    socket.write(start);
    const timer = setInterval(() => socket.write(text), DRIP_MS);
    return () => clearInterval(timer);
  };

/** Writes as fast as the reader reads. */
const flood =
  (start: string, text: string): RawAnswer =>
  (socket) => {
    const piece = text.repeat(Math.ceil(65_536 / text.length));
    const write = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', write);
    socket.write(start);
    write();
    return undefined;
  };

const chunked = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const whole =
  (body: string | Buffer, head = HEAD): RawAnswer =>
  (socket, request) => {
    socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`);
    if (!request.startsWith('HEAD')) socket.write(body);
    return undefined;
  };

/** An answer with everything that any call reads. Each field is text that the server may choose. */
function everything(fields: Record<string, string>, list: string): string {
  const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<R><Bucket>photos</Bucket><IsTruncated>false</IsTruncated><UploadId>up-1</UploadId>${xml.join('')}${list}</R>`;
}

const part = '<Part><PartNumber>1</PartNumber><Size>1</Size></Part>';
const upload =
  '<Upload><UploadId>u</UploadId><Key>a</Key><Initiated>2026-01-01T00:00:00Z</Initiated></Upload>';
const jsonPart = '{"RangeInBytes":"0-1","SHA256TreeHash":"x"}';
const jsonUpload = '{"MultipartUploadId":"u","CreationDate":"2026-01-01T00:00:00Z"}';
const repeated = (text: string, bytes: number, between = ''): string =>
  Array.from({ length: Math.floor(bytes / (text.length + between.length)) }, () => text).join(between);
const WIDE = 7 * MIB_BYTES;

/** Answers that never end. */
const ENDLESS: Readonly<Record<string, RawAnswer>> = {
  'a body, byte by byte': drip(chunked, '1\r\n \r\n'),
  'the body of an error, byte by byte': drip(chunked.replace('200 OK', '403 No'), '1\r\n \r\n'),
  'the body of a redirect, byte by byte': drip(
    chunked.replace('200 OK', '307 Else\r\nlocation: /elsewhere'),
    '1\r\n \r\n',
  ),
  'a header, byte by byte': drip(`${HEAD}x-long: `, 'a'),
  'header lines': drip(HEAD, 'a: b\r\n'),
  '100 Continue, slowly': drip('', 'HTTP/1.1 100 Continue\r\n\r\n'),
  '100 Continue, fast': flood('', 'HTTP/1.1 100 Continue\r\n\r\n'),
  '103 Early Hints, fast': flood('', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'),
  'a body, fast': flood(chunked, '1000\r\n'.concat(' '.repeat(4096), '\r\n')),
  'the body of an error, fast': flood(
    chunked.replace('200 OK', '500 No'),
    '1000\r\n'.concat(' '.repeat(4096), '\r\n'),
  ),
  nothing: () => undefined,
};

/** Answers that end, but that no service sends. */
const ODD: Readonly<Record<string, RawAnswer>> = {
  'a list of 7 MiB of parts': whole(everything({}, repeated(part, WIDE))),
  'a list of 7 MiB of uploads': whole(everything({}, repeated(upload, WIDE))),
  'a list of 7 MiB of parts in JSON': whole(
    `{"PartSizeInBytes":1048576,"Parts":[${repeated(jsonPart, WIDE, ',')}]}`,
  ),
  'a list of 7 MiB of uploads in JSON': whole(`{"UploadsList":[${repeated(jsonUpload, WIDE, ',')}]}`),
  'XML that is nested 400,000 times': whole(`${repeated('<a>', 1_200_000)}${repeated('</a>', 1_600_000)}`),
  'XML of 2 MiB of attributes': whole(`<R ${repeated('a="b" ', 2 * MIB_BYTES)}/>`),
  'XML of 7 MiB of different names': whole(
    `<R>${Array.from({ length: 300_000 }, (_, i) => `<a${i}/>`).join('')}</R>`,
  ),
  'XML with entities of entities': whole(
    `<!DOCTYPE R [<!ENTITY a "${'b'.repeat(999)}"><!ENTITY c "${'&a;'.repeat(999)}"><!ENTITY d "${'&c;'.repeat(999)}">]><R><UploadId>&d;</UploadId></R>`,
  ),
  'JSON that is nested 1,000,000 times': whole(repeated('[', 1_000_000)),
  'JSON objects that are nested 100,000 times': whole(
    `${repeated('{"Parts":', 900_000)}1${repeated('}', 100_000)}`,
  ),
  'an upload id of half a character': whole(everything({}, '').replace('up-1', '&#xD800;')),
  'an upload id of 100,000 characters': whole(everything({}, '').replace('up-1', 'u'.repeat(100_000))),
  'uploads of half a character': whole(everything({}, upload.replaceAll(/>[ua]</g, '>&#xD800;<'))),
  'markers of half a character': whole(
    everything(
      { NextKeyMarker: '&#xD800;', NextUploadIdMarker: '&#xD800;', NextPartNumberMarker: '&#xD800;' },
      upload + part,
    ).replace('false', 'true'),
  ),
  'markers of half a character in JSON': whole(
    `{"PartSizeInBytes":1048576,"Parts":[],"UploadsList":[],"Marker":"\\ud800","uploadId":"\\ud800"}`,
  ),
  'dates that do not exist': whole(everything({}, upload.replace('2026-01-01T00:00:00Z', '+999999-99-99'))),
  'a date of the year 300,000': whole(
    everything({}, upload.replace('2026-01-01T00:00:00Z', '300000-01-01T00:00:00Z')),
  ),
  'numbers that are none': whole(everything({}, part.replaceAll('>1<', '>1e999<'))),
  'negative numbers': whole(everything({}, part.replaceAll('>1<', '>-1<'))),
  'elements twice': whole(everything({ UploadId: 'u', IsTruncated: 'true', Bucket: 'b' }, part + upload)),
  'elements inside text': whole(everything({}, '').replace('up-1', '<a>b</a>')),
  'names of every object': whole(everything({ constructor: 'a', toString: 'b', __proto__: 'c' }, '')),
  'names of every object in JSON': whole('{"__proto__":{"uploadId":"x"},"constructor":1,"toString":2}'),
  'null in JSON': whole('null'),
  'a number in JSON': whole('7'),
  'a list in JSON': whole('[1,2]'),
  'lists that are none': whole('{"Parts":{"length":1e9},"UploadsList":{"length":1e9},"PartSizeInBytes":1}'),
  'bytes that are no text': whole(Buffer.alloc(5000, 0xff)),
  'a body of NUL': whole(Buffer.alloc(5000)),
  'a body in gzip': whole(gzipSync(everything({}, '')), `${HEAD}content-encoding: gzip\r\n`),
  'an error in gzip': whole(
    gzipSync('<Error><Code>NoSuchUpload</Code></Error>'),
    `${HEAD.replace('200 OK', '404 No')}content-encoding: gzip\r\n`,
  ),
  'a status of 999': whole('', HEAD.replace('200', '999')),
  'a status of 600 with an error': whole('<Error><Code>a</Code></Error>', HEAD.replace('200', '600')),
  'no HTTP': (socket) => void socket.end('hello\r\n'),
  'a header of 100,000 characters': whole('', `${HEAD}x-long: ${'a'.repeat(100_000)}\r\n`),
  '3,000 headers': whole('', HEAD + 'a: b\r\n'.repeat(3000)),
  'a length that is too long': whole('', `${HEAD}content-length: 99\r\n`),
  'a redirect to itself': whole('', HEAD.replace('200 OK', '307 Else\r\nlocation: /')),
  'a redirect without a place': whole('', HEAD.replace('200 OK', '301 Else')),
  'an ETag of 5,000 characters': whole(
    everything({ ETag: 'e'.repeat(5000) }, ''),
    `${HEAD}etag: "\xe9\t ${'e'.repeat(5000)}"\r\n`,
  ),
  'a checksum that is no base64': whole(
    everything({}, ''),
    `${HEAD}etag: "e"\r\nx-amz-checksum-sha256: \xff\r\n`,
  ),
  'an error whose code is an object': whole(
    '{"code":{"a":1},"message":["b"]}',
    HEAD.replace('200 OK', '400 No'),
  ),
  'an error whose code is half a character': whole(
    '<Error><Code>&#xD800;</Code><Message>&#xD800;</Message></Error>',
    HEAD.replace('200 OK', '400 No'),
  ),
  'an error of 7 MiB': whole(
    `<Error><Code>a</Code><Message>${'m'.repeat(WIDE)}</Message></Error>`,
    HEAD.replace('200 OK', '400 No'),
  ),
  'an error that is nested 400,000 times': whole(
    repeated('<a>', 1_200_000),
    HEAD.replace('200 OK', '400 No'),
  ),
};

/** The longest time of a call: complete gets 60 times the read time-out, and may look at the object after it. */
const CALL_MAX_MS = 20_000;

async function outcome(call: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(new Error(`no end after ${CALL_MAX_MS} ms`)), CALL_MAX_MS);
  });
  try {
    return await Promise.race([call.catch((error: unknown) => error), late]);
  } finally {
    clearTimeout(timer);
  }
}

function assertNoBug(result: unknown, what: string): void {
  if (!(result instanceof Error)) return;
  assert.ok(result instanceof TransferError, `${what}: ${result.stack}`);
  assert.notEqual(result.kind, 'bug', what);
}

for (const [service, open] of Object.entries(TARGETS)) {
  // OBS reads answers with the client and the parser of S3.
  const isWorthIt = (_: unknown, index: number): boolean => service !== 'obs' || index % 5 === 0;
  describe(`A server in the place of ${service}`, { concurrency: 4 }, () => {
    for (const [title, answer] of Object.entries(ENDLESS)) {
      test(`that sends ${title} without an end: every call ends`, async (t) => {
        const target = open(t, await rawServer(t, answer));
        await Promise.all(
          Object.entries(CALLS).map(async ([name, call]) => {
            // An answer to HEAD ends with its headers, so that call may succeed.
            assertNoBug(await outcome(call(target)), name);
          }),
        );
      });
    }

    for (const [title, answer] of Object.entries(ODD).filter(isWorthIt)) {
      test(`that sends ${title}: no call fails as a bug`, async (t) => {
        const target = open(t, await rawServer(t, answer));
        const isList = title.startsWith('a list of 7 MiB');
        for (const [name, call] of Object.entries(CALLS)) {
          if (!isList || name.startsWith('list')) assertNoBug(await outcome(call(target)), name);
        }
      });
    }
  });
}
