import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { writeSeededFile } from '../support/bytes.js';
import { CALVE_BIN, cleanEnv, type Ended, runCalve } from '../support/calve.js';
import { DEMO_ENV, startEmulatorCommand } from '../support/emulator-command.js';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { checkObject, jsonOf, oneJson } from '../support/json-shapes.js';
import { type Cleanup, tempFolder } from '../support/temp.js';

const MIB_BYTES = 1024 * 1024;

function bench(t: Cleanup) {
  const folder = tempFolder(t);
  const tmp = join(folder, 'tmp');
  mkdirSync(tmp);
  const spawned = { env: cleanEnv(folder, { TMPDIR: tmp, CALVE_RETRY_DELAY: '10ms' }), cwd: folder };
  const run = (words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    runCalve(words, { ...spawned, env: { ...spawned.env, ...more } });
  return {
    folder,
    tmp,
    spawned,
    run,
    start: (words: readonly string[]) => startEmulatorCommand(t, words, spawned),
  };
}

test('calve emulator tells where it listens, serves, ends with 0 on SIGTERM, and leaves nothing behind', async (t) => {
  const { folder, tmp, run, start } = bench(t);
  const emulator = await start(['--vault', 'photos', '--vault=more']);
  assert.match(emulator.firstLine, /^listening on http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(readdirSync(tmp).length, 1, 'its data lie in a temporary folder');
  writeFileSync(join(folder, 'f'), 'bytes');
  const uploaded = await run(['upload', 'f', 'glacier://more'], emulator.env);
  assert.equal(uploaded.code, 0, uploaded.stderr);
  const { code, signal, stdout, stderr } = await emulator.stop('SIGTERM');
  assert.deepEqual([code, signal, stderr], [0, null, '']);
  assert.equal(
    stdout,
    [
      emulator.firstLine,
      `access key id: ${DEMO_ENV.AWS_ACCESS_KEY_ID}`,
      `secret access key: ${DEMO_ENV.AWS_SECRET_ACCESS_KEY}\n`,
    ].join('\n'),
  );
  assert.deepEqual(readdirSync(tmp), []);
});

test('calve emulator --json tells it as an object; SIGINT ends it with 0 in the middle of a request', async (t) => {
  const { start } = bench(t);
  const emulator = await start(['--json', '--latency', '1h', '--access-key-id=AK', '--secret-access-key=SK']);
  const listening = checkObject(emulator.firstLine, 'listening');
  assert.deepEqual(listening, {
    type: 'listening',
    url: emulator.env['AWS_ENDPOINT_URL_GLACIER'],
    accessKeyId: 'AK',
  });
  // Never answered, and never waited for: it only has to be under way.
  const asked = get(`${listening['url']}/-/vaults`).on('error', () => undefined);
  const { code, stdout } = await emulator.stop('SIGINT');
  asked.destroy();
  assert.equal(code, 0);
  assert.equal(stdout, `${emulator.firstLine}\n`);
});

test('calve emulator --stop-on-eof ends with 0 when its standard input ends, or at a signal before', async (t) => {
  const { tmp, spawned } = bench(t);
  const words = ['emulator', '--stop-on-eof', '--json'];
  for (const how of ['end', 'signal'] as const) {
    const child = spawn(process.execPath, [CALVE_BIN, ...words], spawned);
    t.after(() => child.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    assert.equal((await fetch(`${checkObject(line, 'listening')['url']}/-/vaults`)).status, 400);
    const ended = once(child, 'exit');
    if (how === 'end') child.stdin.end();
    else child.kill('SIGTERM');
    assert.deepEqual([...(await ended), readdirSync(tmp)], [0, null, []], how);
  }
});

test('calve emulator refuses what it cannot read with 2, in one line that names it', async (t) => {
  const { folder, run } = bench(t);
  const wrong: [string[], RegExp][] = [
    [['--port', '65536'], /^calve: --port 65536: /],
    [['--port=x'], /^calve: --port x: /],
    [['--vault', 'a/b'], /^calve: --vault.*a\/b/],
    [['--fault', 'sulk'], /^calve: --fault.*sulk/],
    [['--fault', 'reset@nothing'], /nothing/],
    [['--signature', 'maybe'], /^calve: --signature maybe: it is one of verify, lenient/],
    [['--access-key-id', 'AK'], /^calve: --secret-access-key: /],
    [['--secret-access-key', 'SECRET-HALF'], /^calve: --access-key-id: /],
    [['--upload-ttl', '5'], /^calve: --upload-ttl 5: /],
    [['--signature-window', '0s'], /^calve: --signature-window 0s: /],
    [['--latency', 'long'], /^calve: --latency long: /],
    [['--bandwidth', '5MB'], /^calve: --bandwidth 5MB: /],
    [['stray'], /^calve: emulator: /],
  ];
  for (const [words, told] of wrong) {
    const ended = await run(['emulator', ...words]);
    assert.match(assertFailed(ended, 2), told);
    assert.doesNotMatch(ended.stderr, /SECRET-HALF/, 'half a key is a secret all the same');
  }
  assertFailedJson(await run(['emulator', '--port=-1', '--json']), 2);
  assert.deepEqual(readdirSync(join(folder, 'tmp')), [], 'a refused start leaves no folder');
});

test('calve emulator with a port that is in use exits 2, and with a folder that cannot be made 13', async (t) => {
  const { folder, run, start } = bench(t);
  const { firstLine } = await start([]);
  const port = firstLine.split(':').at(-1) ?? '';
  const busy = await run(['emulator', '--port', port]);
  assert.match(
    assertFailed(busy, 2),
    new RegExp(`^calve: --port ${port}: another program listens on this port$`),
  );
  writeFileSync(join(folder, 'file'), '');
  for (const dataDir of ['file/below', ...(process.platform === 'linux' ? ['/proc/no/data'] : [])]) {
    const ended = await run(['emulator', '--data-dir', dataDir, '--json']);
    assert.equal(assertFailedJson(ended, 13)['kind'], 'state');
  }
  const env = { ...cleanEnv(folder, { TMPDIR: join(folder, 'file') }) };
  const noRoom = await runCalve(['emulator', '--json'], { env, cwd: folder });
  assert.match(String(assertFailedJson(noRoom, 13)['hint']), /--data-dir/);
});

test('Two emulators over one --data-dir serve the same vault: parts by one, complete by the other', async (t) => {
  const { folder, run, start } = bench(t);
  const file = join(folder, 'f');
  writeSeededFile(file, 6 * MIB_BYTES + 1, 4);
  const first = await start(['--data-dir', 'shared', '--vault', 'photos', '--fault', 'denied@complete']);
  const second = await start(['--data-dir=shared']);
  const words = ['glacier://photos', '--part-size=1M', '--json'];
  const refused = await run(['upload', file, ...words], first.env);
  assert.equal(refused.code, 12, refused.stderr);
  const [listed] = jsonOf(
    (await run(['list-uploads', 'glacier://photos', '--json'], second.env)).stdout,
    'upload',
  );
  const id = `--upload-id=${listed?.['uploadId']}`;
  const more = { ...second.env, CALVE_STATE_DIR: join(folder, 'other') };
  const done = await run(['resume', file, 'glacier://photos', id, '--json'], more);
  assert.equal(done.code, 0, done.stderr);
  const archive = oneJson(done.stdout, 'archive');
  assert.deepEqual([archive['partsReused'], archive['partsSent']], [7, 0]);
  await first.stop('SIGTERM');
  await second.stop('SIGTERM');
  assert.equal(existsSync(join(folder, 'shared')), true, 'a folder that was given is kept');
  assert.equal(statSync(join(folder, 'shared')).mode & 0o777, 0o700);
  const third = await start(['--data-dir=shared']);
  const kept = readdirSync(join(folder, 'shared'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  assert.ok(
    kept.some((bytes) => bytes.equals(readFileSync(file))),
    'the archive is one plain file',
  );
  assert.equal((await run(['list-uploads', 'glacier://photos', '--json'], third.env)).stdout, '');
});
