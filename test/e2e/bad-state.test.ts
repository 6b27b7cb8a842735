/** A state folder or a catalogue that cannot be trusted or written: exit 13, before anything is sent. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { encodeLine } from '../../src/state/checked-line.js';
import { badDiskEnv } from '../support/bad-disk.js';
import { entryFiles } from '../support/entry-files.js';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isCreate } from '../support/requests.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

function stateFolder(home: VaultHome): string {
  return join(home.folder, 'home/.local/state/calve');
}

function journalOf(home: VaultHome): string {
  const uploads = join(stateFolder(home), 'v2/uploads');
  return join(uploads, readdirSync(uploads)[0] ?? '');
}

describe('State that cannot be used', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('exits 13 if its folder cannot be created or is not a folder, and creates no upload', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    for (const option of ['--state-dir=f', '--state-dir=f/below', '--catalogue=f', '--catalogue=f/below']) {
      const ended = await home.run(['upload', file, home.target, option]);
      assert.match(assertFailed(ended, 13), /\/f(\/below)?: calve needs a folder there: /, option);
    }
    assertFailedJson(await home.run(['upload', file, home.target, '--state-dir=f', '--json']), 13);
    assert.equal(home.passed().filter(isCreate).length, 0);
  });

  test('exits 13 where a file system has no room for folders at all', async (t) => {
    if (!existsSync('/proc/self')) return t.skip('there is no /proc here');
    const home = await service.home(t);
    const file = home.file('f', 9);
    for (const option of ['--state-dir', '--catalogue']) {
      const ended = await home.run(['upload', file, home.target, option, '/proc/calve/below']);
      assert.match(assertFailed(ended, 13), /\/proc\/calve(\/below)?: calve cannot write there: ENOENT/);
      assert.match(ended.stderr, /^hint: .* name another folder with --state-dir and --catalogue /m);
    }
    assert.equal(home.passed().filter(isCreate).length, 0);
  });

  test('exits 13 where others may write to it: state folder, uploads, a journal, the catalogue', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    await home.leaveUnfinished(file, 1);
    const begunBefore = home.passed().filter(isCreate).length;
    const catalogue = join(home.folder, 'home/.local/share/calve/archives');
    const places = [stateFolder(home), join(stateFolder(home), 'v2/uploads'), journalOf(home), catalogue];
    for (const place of places) {
      const mode = place === journalOf(home) ? 0o600 : 0o700;
      chmodSync(place, mode | 0o022);
      const ended = await home.run(['upload', file, home.target]);
      assert.match(assertFailed(ended, 13), /: other users may change it: its mode is 07?/);
      assert.ok(ended.stderr.includes(`chmod -R go-w ${place};`), ended.stderr);
      chmodSync(place, mode);
    }
    assert.equal(home.passed().filter(isCreate).length, begunBefore);
    assert.equal((await home.run(['upload', file, home.target])).code, 0);
  });

  test('accepts what its own group may write to if it is asked to, and never what everybody may write to', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    await home.leaveUnfinished(file, 1);
    const folders = [stateFolder(home), join(home.folder, 'home/.local/share/calve')];
    // A disk of Kubernetes with an fsGroup looks like this at each start.
    for (const folder of folders) execFileSync('chmod', ['-R', 'g+rwX', folder]);
    assertFailed(await home.run(['status']), 13);
    chmodSync(journalOf(home), 0o666);
    assertFailed(await home.run(['upload', file, home.target, '--trust-group']), 13);
    chmodSync(journalOf(home), 0o660);
    const sent = await home.run(['upload', file, home.target, '--json'], { CALVE_TRUST_GROUP: '1' });
    assert.equal(oneJson(sent.stdout, 'archive')['partsReused'], 1, sent.stderr);
    assert.equal((await home.run(['archives', '--trust-group'])).code, 0);
  });

  test('exits 13 where it belongs to another user; the hint names the options, and no chmod', async (t) => {
    if (process.geteuid?.() !== 0) return t.skip('only the superuser can give a folder away');
    const home = await service.home(t);
    const theirs = join(home.folder, 'theirs');
    mkdirSync(theirs, { mode: 0o700 });
    chownSync(theirs, 65_534, 65_534);
    const ended = await home.run(['status', '--state-dir=theirs']);
    assert.match(assertFailed(ended, 13), /only what belongs to its own user: it belongs to user 65534/);
    assert.match(ended.stderr, /^hint: name a folder of your own with --state-dir or --catalogue, /m);
    assert.doesNotMatch(ended.stderr, /chmod/);
  });

  for (const code of ['EMFILE', 'EIO', 'ENOMEM']) {
    test(`exits 13 and is not called damaged when the system cannot open it now: ${code}`, async (t) => {
      const home = await service.home(t);
      const file = home.file('f', 2 * MIB_BYTES);
      await home.leaveUnfinished(file, 1);
      const fails = badDiskEnv({ openFails: { ending: '.jsonl', code } });
      const ended = await home.run(['upload', file, home.target], fails);
      const line = assertFailed(ended, 13);
      assert.match(line, new RegExp(`\\.jsonl: the system could not access it, .*: ${code}: `));
      assert.doesNotMatch(ended.stderr, /damaged|move it away/);
      assert.match(ended.stderr, /^hint: .*again/m);
      const { code: exit, stdout } = await home.run(['upload', file, home.target, '--json']);
      assert.deepEqual([exit, oneJson(stdout, 'archive')['partsReused']], [0, 1]);
    });
  }

  test('exits 13 where a newer calve wrote it, in every command that reads it', async (t) => {
    const home = await service.home(t);
    mkdirSync(join(stateFolder(home), 'v3/uploads/something'), { recursive: true, mode: 0o700 });
    chmodSync(stateFolder(home), 0o700);
    const file = home.file('f', 9);
    const lines = [['status'], ['resume'], ['upload', file, home.target], ['list-uploads', home.target]];
    for (const words of lines) {
      const ended = await home.run(words);
      assert.equal(ended.code, 13, ended.stderr);
      assert.match(ended.stderr, /^calve: .*\/v3: a newer version of calve wrote it/m);
      assert.match(ended.stderr, /^hint: use that newer version$/m);
    }
    assert.equal(home.passed().filter(isCreate).length, 0);
  });

  test('exits 13 where calve 0.1 left uploads, in every command that reads them, and says how to end them', async (t) => {
    const home = await service.home(t);
    mkdirSync(join(stateFolder(home), 'v1/uploads/something'), { recursive: true, mode: 0o700 });
    chmodSync(stateFolder(home), 0o700);
    const file = home.file('f', 9);
    const lines = [['status'], ['resume'], ['upload', file, home.target], ['list-uploads', home.target]];
    for (const words of lines) {
      const ended = await home.run(words);
      assert.equal(ended.code, 13, ended.stderr);
      assert.match(ended.stderr, /^calve: .*\/v1: /m);
      assert.match(
        ended.stderr,
        /^hint: complete or abort those uploads with calve 0\.1, .*: rm -r \S+\/v1$/m,
      );
    }
    assert.equal(home.passed().filter(isCreate).length, 0);
  });

  test('exits 13 where a journal’s head is damaged or newer; the hint’s line goes on without it', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const uploadId = await home.leaveUnfinished(file, 2);
    const path = journalOf(home);
    const whole = readFileSync(path, 'utf8');
    const [head = '', ...parts] = whole.split('\n');
    const { check, ...fields } = JSON.parse(head) as Record<string, unknown>;
    assert.equal(typeof check, 'string');
    const newer = encodeLine({ ...fields, version: 3 });
    for (const [first, told] of [
      [head.replace('"version":2', '"version":7'), /calve's record there is damaged/],
      [head.slice(0, 100), /calve's record there is damaged/],
      [newer.trimEnd(), /a newer calve wrote it/],
    ] as const) {
      writeFileSync(path, [first, ...parts].join('\n'));
      assert.match(assertFailed(await home.run(['status']), 13), told);
    }
    assert.match(assertFailed(await home.run(['upload', file, home.target]), 13), /a newer calve wrote it/);
    writeFileSync(path, `${'x'.repeat(500)}\n`);
    const ended = await home.run(['upload', file, home.target]);
    assertFailed(ended, 13);
    assert.match(ended.stderr, /^hint: move it away, .*: calve resume \S+ \S+ --upload-id=ID$/m);
    const elsewhere = { CALVE_STATE_DIR: join(home.folder, 'moved') };
    const adopted = await home.run(
      ['resume', file, home.target, `--upload-id=${uploadId}`, '--json'],
      elsewhere,
    );
    assert.equal(oneJson(adopted.stdout, 'archive')['partsReused'], 2);
  });

  test('passes over a torn tail and a damaged part line: the service’s own list stands in', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES);
    await home.leaveUnfinished(file, 3);
    const path = journalOf(home);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, 4);
    writeFileSync(path, `${lines.slice(0, 3).join('\n')}\n`);
    appendFileSync(path, '{"type":"part","index":2,"treeH');
    const ended = await home.run(['upload', file, home.target, '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(
      ended.stderr,
      /^note: .*\.jsonl: 1 line could not be read; calve uses the service's list of parts instead$/m,
    );
    assert.equal(oneJson(ended.stdout, 'archive')['partsReused'], 3);
  });

  test('exits 13 where a catalogue entry is damaged, and sends nothing', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    assert.equal((await home.run(['upload', file, home.target])).code, 0);
    const [path = ''] = entryFiles(home.catalogueDir);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"size":9', '"size":8'));
    const begunBefore = home.passed().filter(isCreate).length;
    for (const words of [['archives'], ['upload', file, home.target], ['verify', file]]) {
      const ended = await home.run(words);
      assert.ok(assertFailed(ended, 13).includes(basename(path)), ended.stderr);
    }
    assert.equal(home.passed().filter(isCreate).length, begunBefore);
  });

  test('exits 13 where the data folder of local:// cannot be used', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    mkdirSync(join(home.folder, 'vaults'));
    writeFileSync(join(home.folder, 'vaults/v1'), '');
    // Node's own way of making folders never comes back from the last one (Linux).
    const options = ['--local-dir=f', '--local-dir=f/below', '--local-dir=vaults', '--local-dir=/proc/no/v'];
    for (const option of process.platform === 'linux' ? options : options.slice(0, -1)) {
      assert.match(
        assertFailed(await home.run(['upload', file, 'local://v', option]), 13),
        /calve cannot write there/,
      );
    }
  });

  test('exits 3 where the folder of a local:// vault cannot be read, and does not call the vault missing', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    mkdirSync(join(home.folder, 'vaults/v1/vaults'), { recursive: true, mode: 0o700 });
    // Calls that follow a link to itself fail with ELOOP, for root too. A bad disk fails with EIO in the same places.
    symlinkSync('v', join(home.folder, 'vaults/v1/vaults/v'));
    const options = ['--local-dir=vaults', '--max-attempts=2'];
    for (const words of [
      ['upload', file, 'local://v'],
      ['list-uploads', 'local://v'],
    ]) {
      assert.match(assertFailed(await home.run([...words, ...options]), 3), /ELOOP/);
    }
  });
});
