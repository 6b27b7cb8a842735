/** `upload -`: bytes that come once through standard input, by the built program. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { jsonLines } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { jsonOf, jsonOfFiles, oneJson } from '../support/json-shapes.js';
import { isCreate } from '../support/requests.js';
import {
  assertArchived,
  assertNothingLeft,
  MIB_BYTES,
  pipeInto,
  SEED,
  SMALL_PARTS,
  spooled,
} from '../support/streams.js';
import { missingTerminal, runOnTerminal } from '../support/terminal.js';
import { openVault, sharedVaults } from '../support/vault-service.js';

describe('a stream', { concurrency: 2 }, () => {
  const service = sharedVaults();

  const sizes = {
    'less than a part': 5,
    'parts and nothing over': 3 * MIB_BYTES,
    'parts and a rest': 3 * MIB_BYTES + 7,
  };
  for (const [name, sizeBytes] of Object.entries(sizes)) {
    test(`of ${name} becomes one archive of its bytes`, async (t) => {
      const vault = await service.home(t);
      const bytes = seededBytes(sizeBytes, SEED);
      const ended = await pipeInto(vault, ['upload', '-', vault.target, ...SMALL_PARTS], bytes);
      const archiveId = await assertArchived(vault, ended, bytes);
      const [entry] = jsonOf((await vault.run(['archives', '--json'])).stdout, 'archive');
      const { file, description, size, parts } = entry ?? {};
      assert.deepEqual([entry?.['archiveId'], file, description], [archiveId, '-', 'standard input']);
      assert.deepEqual([size, parts], [sizeBytes, Math.ceil(sizeBytes / MIB_BYTES)]);
      assert.deepEqual(await vault.unfinishedIds(), []);
    });
  }

  test('is sent again each time: the same bytes twice are two archives', async (t) => {
    const vault = await service.home(t);
    const send = () => pipeInto(vault, ['upload', '-', vault.target, '--json'], Buffer.from('hello'));
    const [one, two] = await Promise.all([send(), send()]);
    const ids = [one, two].map(({ stdout }) => oneJson(stdout, 'archive')['archiveId']);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(new Set((await vault.archives()).map(({ archiveId }) => archiveId)), new Set(ids));
  });

  test('goes with files of the same run, and keeps its place among them', async (t) => {
    const vault = await service.home(t);
    writeFileSync(join(vault.folder, 'a'), 'of a file');
    const ended = await pipeInto(
      vault,
      ['upload', 'a', '-', vault.target, '--json'],
      Buffer.from('of a pipe'),
    );
    const files = jsonOfFiles(ended.stdout, 'archive').objects.map(({ file, size }) => [file, size]);
    assert.deepEqual(files, [
      [join(vault.folder, 'a'), 9],
      ['-', 9],
    ]);
  });

  test('without any byte exits 13, and creates no upload', async (t) => {
    const vault = await service.home(t);
    const ended = await vault.run(['upload', '-', vault.target], {}, '');
    assert.match(assertFailed(ended, 13), /standard input: .* empty/);
    assert.equal(vault.passed().filter(isCreate).length, 0);
  });

  test('of parts above 64 MiB waits in files without a name, and arrives whole', async (t) => {
    const vault = await service.home(t);
    const bytes = seededBytes(65 * MIB_BYTES, SEED);
    const ended = await pipeInto(
      vault,
      ['upload', '-', vault.target, '--part-size', '128M', '--json'],
      bytes,
    );
    const { parts, treeHash } = oneJson(ended.stdout, 'archive');
    const hashed = await pipeInto(vault, ['hash', '-'], bytes);
    assert.deepEqual([parts, `${treeHash}  -\n`], [1, hashed.stdout]);
    assert.deepEqual(spooled(vault), []);
  });

  test('of parts that the service damages or refuses at first arrives whole', async (t) => {
    const faults = [
      'wrong-hash@upload-part:2',
      'throttle@upload-part:3',
      'reset@upload-part:5',
      'lost-answer@complete:1',
    ];
    const vault = await openVault(t, { faults });
    const bytes = seededBytes(4 * MIB_BYTES + 1, SEED);
    await assertArchived(
      vault,
      await pipeInto(vault, ['upload', '-', vault.target, ...SMALL_PARTS], bytes),
      bytes,
    );
  });

  test('tells its progress without a whole that nobody knows', async (t) => {
    const vault = await service.home(t);
    const words = ['upload', '-', vault.target, ...SMALL_PARTS, '--progress', 'json'];
    const { stderr } = await pipeInto(vault, words, seededBytes(2 * MIB_BYTES, SEED));
    const events = jsonLines(stderr);
    const { size, partSize, parts, file } = events.find(({ type }) => type === 'started') ?? {};
    assert.deepEqual([size, partSize, parts, file], [null, MIB_BYTES, null, '-']);
    const plain = await pipeInto(
      vault,
      ['upload', '-', vault.target, ...SMALL_PARTS],
      seededBytes(2 * MIB_BYTES, 2),
    );
    assert.match(plain.stderr, /^standard input: archived, 2 MiB in /m);
  });
});

describe('--expected-size', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('chooses the part size that the expected size needs, and 64 MiB without it', async (t) => {
    const vault = await service.home(t);
    const plan = async (more: readonly string[]) => {
      const { stdout } = await pipeInto(
        vault,
        ['upload', '-', vault.target, '--dry-run', '--json', ...more],
        Buffer.alloc(0),
      );
      const { size, partSize, parts, requests } = oneJson(stdout, 'plan');
      return [size, partSize, parts, requests];
    };
    assert.deepEqual(await plan([]), [null, 64 * MIB_BYTES, null, null]);
    assert.deepEqual(await plan(['--expected-size', '1G']), [1024 * MIB_BYTES, 16 * MIB_BYTES, 64, 66]);
    assert.deepEqual(await plan(['--expected-size', '1T']), [1024 ** 4, 128 * MIB_BYTES, 8192, 8194]);
  });

  test('of a stream that ends before it: exit 13, no archive, nothing left', async (t) => {
    const vault = await service.home(t);
    for (const size of ['4M', '100']) {
      const words = ['upload', '-', vault.target, ...SMALL_PARTS, '--expected-size', size];
      const input = size === '100' ? Buffer.alloc(99) : Buffer.alloc(3 * MIB_BYTES);
      assert.match(
        assertFailed(await pipeInto(vault, words, input), 13),
        /shorter than --expected-size.*: \d+ of \d+ bytes/,
      );
    }
    await assertNothingLeft(vault);
  });

  test('of a stream that is as long, or longer, is no bound', async (t) => {
    const vault = await service.home(t);
    for (const size of ['3M', '1M']) {
      const bytes = seededBytes(3 * MIB_BYTES, SEED);
      const words = ['upload', '-', vault.target, ...SMALL_PARTS, '--expected-size', size];
      await assertArchived(vault, await pipeInto(vault, words, bytes), bytes);
    }
  });

  test('of an expected size that is too large for the parts is refused before a byte is read', async (t) => {
    const vault = await service.home(t);
    const words = ['upload', '-', vault.target, ...SMALL_PARTS, '--expected-size', '1T'];
    assertFailed(await pipeInto(vault, words, Buffer.from('x')), 15);
    writeFileSync(join(vault.folder, 'a'), 'x');
    assertFailed(await vault.run(['upload', 'a', vault.target, '--expected-size', '1M']), 2);
  });
});

describe('a stream is refused with 2', { concurrency: 2 }, () => {
  const service = sharedVaults();

  /** These lines are refused before any vault is asked. */
  const target = 'glacier://photos';
  const lines: Record<string, readonly string[]> = {
    'twice in one run': ['upload', '-', '-', target],
    'to a key that ends in a slash': ['upload', '-', 's3://bucket/backups/'],
    'to a whole bucket': ['upload', 's3://bucket', '--from-command', '--', 'ls'],
    'with a name that no file can have': ['upload', '-', target, '--name', 'a/b'],
    'with the name of a stream for a file': ['upload', 'f', target, '--name', 'f'],
    'from no command': ['upload', target, '--from-command'],
    'from a command where the target is not first': ['upload', '--from-command', '--', 'ls', target],
  };
  for (const [name, line] of Object.entries(lines)) {
    test(name, async (t) => {
      const vault = await service.home(t);
      assertFailed(await pipeInto(vault, line, Buffer.from('x')), 2);
      await assertNothingLeft(vault);
    });
  }

  test('from a terminal, where nobody pipes anything in', { skip: missingTerminal() }, async (t) => {
    const vault = await service.home(t);
    const { code, shown } = await runOnTerminal(['upload', '-', vault.target], {
      env: vault.env,
      cwd: vault.folder,
    });
    assert.equal(code, 2);
    assert.match(shown, /standard input is a terminal/);
  });
});
