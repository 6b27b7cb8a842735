/** A service that sends hostile text: it is printed escaped and cut, and JSON has the same text. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { checkObject, jsonOf } from '../support/json-shapes.js';
import { missingTerminal, runOnTerminal } from '../support/terminal.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
/** Clears the screen, sets the title, changes the reading order, hides text, ends lines. */
const EVIL = 'x\x1b[2J\x1b]0;owned\x07\u202etxt.exe\u2066\r\n\t\0\x9b31m\u2028\ufeff\u{e0041}<b>"\\\u0008';
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\u{e0000}-\u{e007f}]/u;
const ARN = 'arn:aws:glacier:eu-west-1:111122223333:vaults/v';

type Script = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a service that answers DescribeVault correctly, and all other requests by the script. Returns its URL. */
async function hostileService(t: TestContext, script: Script): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'GET' && /\/vaults\/[^/]+$/.test(request.url ?? ''))
        json(response, 200, { VaultARN: ARN, VaultName: 'v' });
      else script(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function json(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': 'r-1', ...headers })
    .end(JSON.stringify(value));
}

function upload(id: string, description: string): object {
  const rest = { CreationDate: '2026-01-02T03:04:05.678Z', PartSizeInBytes: MIB_BYTES, VaultARN: EVIL };
  return { MultipartUploadId: id, ArchiveDescription: description, ...rest };
}

function assertPlain(text: string, where: string): void {
  for (const line of text.split('\n')) assert.doesNotMatch(line.replaceAll('\t', ''), CONTROL, where);
}

const LINE_MAX = 3000;

describe('A service that sends hostile text', { concurrency: 2 }, () => {
  const service = sharedVaults();

  function at(home: VaultHome, url: string) {
    const options = [`--endpoint-url=${url}`, '--max-attempts=2'];
    return (...words: string[]) => home.run([...words, ...options]);
  }

  test('in a list of uploads: each upload is one row, its text is escaped, and JSON has all of it', async (t) => {
    const home = await service.home(t);
    const long = `${EVIL}${'é\x1b'.repeat(500_000)}`;
    const uploads = [upload(`-${EVIL}`, EVIL), upload('second', long)];
    const url = await hostileService(t, (_, response) =>
      json(response, 200, { UploadsList: uploads, Marker: null }),
    );
    const run = at(home, url);
    const table = await run('list-uploads', home.target);
    assert.equal(table.code, 0, table.stderr);
    const lines = table.stdout.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) {
      assert.equal(line.split('\t').length, 7, 'a tab in a text starts no column');
      assert.ok(line.length < 20_000, `a row of ${line.length} characters`);
    }
    assertPlain(table.stdout, 'the table');
    const listed = await run('list-uploads', home.target, '--json');
    assertPlain(listed.stdout, 'JSON');
    const objects = jsonOf(listed.stdout, 'upload');
    assert.deepEqual(
      objects.map(({ uploadId, description }) => [uploadId, description]),
      [
        [`-${EVIL}`, EVIL],
        ['second', long],
      ],
    );
    const dry = await run('abort', home.target, '--all', '--dry-run');
    assertPlain(dry.stdout + dry.stderr, 'abort');
    const marked = await hostileService(t, (_, response) =>
      json(response, 200, { UploadsList: uploads.slice(0, 1), Marker: EVIL }),
    );
    const page = await at(home, marked)('list-uploads', home.target, '--limit=1');
    assert.match(page.stderr, /the next page: --marker=/);
    assertPlain(page.stderr, 'the marker');
  });

  test('on a terminal: its tables stay tables', { skip: missingTerminal() }, async (t) => {
    const home = await service.home(t);
    const url = await hostileService(t, (_, response) =>
      json(response, 200, { UploadsList: [upload('id', `${EVIL}${'é\x1b'.repeat(50_000)}`)], Marker: null }),
    );
    const words = ['list-uploads', home.target, `--endpoint-url=${url}`];
    const spawned = { env: home.env, cwd: home.folder };
    const { code, shown } = await runOnTerminal(words, spawned, { columns: 200 });
    assert.equal(code, 0, shown);
    assertPlain(shown, 'the table');
    assert.equal(shown.trimEnd().split('\n').length, 2, shown);
  });

  test('in the ids of an upload and an archive: each is one line without control characters', async (t) => {
    const home = await service.home(t);
    const id = `x\x9b31m\x85y`;
    const url = await hostileService(t, (request, response) => {
      const hash = { 'x-amz-sha256-tree-hash': String(request.headers['x-amz-sha256-tree-hash']) };
      const isCreate = request.url?.endsWith('/multipart-uploads');
      if (request.method === 'PUT') response.writeHead(204, hash).end();
      else if (request.method === 'DELETE') response.writeHead(204).end();
      else if (request.method === 'GET') json(response, 200, { Parts: [], Marker: null });
      else if (isCreate) json(response, 201, {}, { 'x-amz-multipart-upload-id': id });
      else json(response, 201, {}, { ...hash, 'x-amz-archive-id': id, location: '/archives/x' });
    });
    const run = at(home, url);
    const sent = await run('upload', home.file('f', 9), home.target);
    assert.deepEqual([sent.code, sent.stdout], [0, 'x\\x9b31m\\x85y\n'], sent.stderr);
    const aborted = await run('abort', home.target, `--upload-id=${id}`);
    assert.match(aborted.stdout, /\\x9b31m/);
    const objects = await run('upload', home.file('g', 9), home.target, '--json');
    assert.deepEqual(
      jsonOf(objects.stdout, 'archive').map(({ archiveId }) => archiveId),
      [id],
    );
    for (const { stdout, stderr } of [sent, aborted, objects]) assertPlain(stdout + stderr, stderr);
  });

  const ANSWERS: [string, Script][] = [
    [
      'a refusal',
      (_, response) => json(response, 400, { code: EVIL, message: EVIL.repeat(50_000), type: EVIL }),
    ],
    [
      'a missing upload',
      (_, response) => json(response, 404, { code: 'ResourceNotFoundException', message: EVIL }),
    ],
    ...['constructor', '__proto__', 'toString'].map((code): [string, Script] => [
      `the code ${code}`,
      (_, response) => json(response, 400, { code, message: code, type: code }),
    ]),
    [
      'a server error',
      (_, response) => json(response, 500, { code: 'ServiceUnavailableException', message: EVIL }),
    ],
    ['an endless page', (_, response) => response.writeHead(503).end(`<html>${EVIL.repeat(100_000)}`)],
    ['a reason', (_, response) => response.writeHead(403, 'no\x80way').end(EVIL)],
    ['no JSON', (_, response) => response.writeHead(200).end(EVIL)],
  ];
  for (const [title, script] of ANSWERS) {
    test(`in an answer (${title}): a short line and a hint, without control characters`, async (t) => {
      const home = await service.home(t);
      const run = at(home, await hostileService(t, script));
      const file = home.file('f', 9);
      const id = `--upload-id=${EVIL.replaceAll('\0', '')}`;
      for (const words of [
        ['upload', file, home.target, '--debug'],
        ['upload', file, home.target, '--json', '--progress=json'],
        ['list-parts', home.target, id, '--debug'],
        ['abort', home.target, id, '--json'],
      ]) {
        const ended = await run(...words);
        assert.ok([3, 10, 12].includes(ended.code ?? -1), `${words[0]}: ${ended.code} ${ended.stderr}`);
        assertPlain(ended.stdout + ended.stderr, `${words}: ${ended.stderr}`);
        for (const line of ended.stderr.split('\n'))
          assert.ok(line.length < LINE_MAX, `${line.length} characters`);
        if (words.includes('--json')) checkObject(ended.stdout, 'error');
      }
    });
  }

  test('with an upload id that is a path to another folder: it stays an id, in requests and on the disk', async (t) => {
    const home = await service.home(t);
    const pathLike = '../../../../../../../tmp/owned?x=1#y';
    const paths: string[] = [];
    const url = await hostileService(t, (request, response) => {
      paths.push(request.url ?? '');
      if (request.url?.endsWith('/multipart-uploads'))
        json(response, 201, {}, { 'x-amz-multipart-upload-id': pathLike, location: EVIL.slice(0, 1) });
      else json(response, 500, { code: 'ServiceUnavailableException', message: 'x' });
    });
    const ended = await at(home, url)('upload', home.file('f', 9), home.target);
    assert.equal(ended.code, 3, ended.stderr);
    assert.deepEqual(
      paths.slice(1).map((path) => path.split('/').length),
      [6, 6],
      paths.join(),
    );
    const uploads = join(home.folder, 'home/.local/state/calve/v2/uploads');
    for (const name of readdirSync(uploads)) assert.match(name, /^[0-9a-f]{16}-[0-9a-f]{16}\.jsonl$/);
    assert.deepEqual(
      readdirSync(home.folder)
        .toSorted()
        .filter((name) => name !== 'home'),
      ['f'],
    );
  });
});
