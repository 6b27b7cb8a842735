import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import { seededBytes } from '../support/bytes.js';
import { cleanEnv, jsonLines, runCalve } from '../support/calve.js';
import { startEmulatorCommand } from '../support/emulator-command.js';
import { tempFolder } from '../support/temp.js';
import { missingOpenssl, startTlsFront } from '../support/tls-front.js';
import { openVault, TARGET } from '../support/vault-service.js';

/** A vault behind a line of `bandwidth`, whose signatures hold for `window`; and a file to send there. */
async function slowVault(t: TestContext, line: { window: string; bandwidth: string }, sizeBytes: number) {
  const folder = tempFolder(t);
  const env = cleanEnv(folder, { CALVE_RETRY_DELAY: '10ms' });
  const pace = ['--signature-window', line.window, '--bandwidth', line.bandwidth];
  const emulator = await startEmulatorCommand(t, ['--vault', 'photos', ...pace], { env, cwd: folder });
  const file = join(folder, 'backup.bin');
  writeFileSync(file, seededBytes(sizeBytes, 11));
  const run = (...words: string[]) =>
    runCalve(['upload', file, 'glacier://photos', ...words], {
      env: { ...env, ...emulator.env },
      cwd: folder,
    });
  return { file, run };
}

describe('On a slow line', { concurrency: 2 }, () => {
  // Peers: large parts, many at once, on a slow line (mt-aws-glacier#55, #85, #89), signatures that expire (#8).
  test('fewer parts are sent at once, one notice reports that, and all parts arrive', async (t) => {
    // Sixteen at once take 4 s, one alone a quarter of a second.
    const { run } = await slowVault(t, { window: '3s', bandwidth: '4M' }, 20 * MIB_BYTES);
    const options = ['--part-size', '1M', '--concurrency', '16', '--json', '--progress', 'json'];
    const { code, stdout, stderr } = await run(...options);
    assert.equal(code, 0, stderr);
    assert.equal(jsonLines(stdout)[0]?.['parts'], 20);
    const lowered = jsonLines(stderr).filter(({ notice }) => notice === 'fewer-at-once');
    const [{ partTimeMs, bytesPerSecond } = {}] = lowered;
    assert.equal(partTimeMs, 2700);
    assert.ok(Number(bytesPerSecond) > 2 * MIB_BYTES && Number(bytesPerSecond) < 8 * MIB_BYTES, stderr);
    // Once for each change, of which a machine under load may need a second.
    const chain = [16, ...lowered.map(({ to }) => Number(to))];
    assert.deepEqual(
      lowered.map(({ from }) => from),
      chain.slice(0, -1),
    );
    assert.ok(lowered.length <= 2 && (chain[1] ?? 0) <= 8, stderr);
  });

  test('progress moves within a part, and has the numbers of the whole file', async (t) => {
    const sizeBytes = 24 * MIB_BYTES;
    const { run } = await slowVault(t, { window: '5m', bandwidth: '4M' }, sizeBytes);
    const { code, stderr } = await run('--concurrency', '1', '--part-size', '32M', '--progress', 'json');
    assert.equal(code, 0, stderr);
    const lines = jsonLines(stderr).filter(({ type }) => type === 'progress');
    assert.ok(lines.every(({ size, parts }) => size === sizeBytes && parts === 1));
    const within = new Set(lines.map(({ bytesDone }) => Number(bytesDone)).filter((done) => done > 0));
    assert.ok(within.size >= 3, stderr);
    assert.deepEqual(
      [...within],
      [...within].sort((a, b) => a - b),
    );
    assert.ok([...within].every((done) => done <= sizeBytes));
  });

  test('the plain output has one line for that', async (t) => {
    const { run } = await slowVault(t, { window: '3s', bandwidth: '2M' }, 8 * MIB_BYTES);
    const { code, stderr } = await run('--part-size', '1M', '--concurrency', '8');
    assert.equal(code, 0, stderr);
    const told = stderr.split('\n').filter((line) => line.startsWith('note: '));
    assert.ok(told.length === 1 || told.length === 2, stderr);
    assert.match(
      told[0] ?? '',
      /^note: (backup\.bin: )?the connection is slow \([\d.]+ MiB\/s\), and a part must arrive within 2\.7 s: \d parts? (is|are) sent at a time instead of 8$/,
    );
  });

  test('a part that cannot arrive while its signature holds ends in 3 and names the part size that can, which then does', async (t) => {
    // 8 MiB take 8 s of 4; 2 MiB take 2 s.
    const { run } = await slowVault(t, { window: '4s', bandwidth: '1M' }, 8 * MIB_BYTES);
    const { code, stdout, stderr } = await run('--concurrency', '1', '--part-size', '8M', '--json');
    assert.equal(code, 3, stderr);
    const [error] = jsonLines(stdout);
    assert.equal(error?.['kind'], 'too-slow');
    assert.equal(error?.['resumable'], true);
    const hint = String(error?.['hint']);
    assert.match(hint, /^--fresh --part-size [12]M creates a new upload/);
    assert.match(hint, /on a faster connection: calve resume .*backup\.bin/);
    const options = /--fresh --part-size \w+/.exec(hint)?.[0].split(' ') ?? [];
    const again = await run('--concurrency', '1', ...options);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /^[\w-]{138}\n$/);
  });

  test('with --limit-rate all parts together take no more of it, and none is taken for stalled', async (t) => {
    const vault = await openVault(t);
    const file = join(vault.folder, 'backup.bin');
    writeFileSync(file, seededBytes(3 * MIB_BYTES, 5));
    const startedMs = performance.now();
    const ended = await vault.run(
      ['upload', file, TARGET, '--part-size', '1M', '--limit-rate', '1M', '--read-timeout', '1s'],
      { CALVE_MAX_ATTEMPTS: '1', CALVE_LIMIT_RATE: '1T' },
    );
    const tookMs = performance.now() - startedMs;
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(tookMs >= 2700, `${Math.round(tookMs)} ms`);
    assert.deepEqual(Buffer.from(await vault.readBack(ended.stdout.trim())), readFileSync(file));
  });

  test('a part over TLS is not taken for stalled while it moves', { skip: missingOpenssl() }, async (t) => {
    const vault = await openVault(t);
    // More than 6 s for the part; Node gives a write that shows no progress twice the read time-out.
    const front = await startTlsFront(t, vault.folder, vault.emulator.url, {
      bytesPerSecond: 5 * MIB_BYTES,
    });
    const file = join(vault.folder, 'backup.bin');
    writeFileSync(file, seededBytes(32 * MIB_BYTES, 5));
    const { code, stderr } = await vault.run(
      ['upload', file, TARGET, '--part-size', '32M', '--read-timeout', '2s', '--max-attempts', '1'],
      { AWS_ENDPOINT_URL_GLACIER: front.url, NODE_EXTRA_CA_CERTS: front.certificatePath },
    );
    assert.equal(code, 0, stderr);
  });
});
