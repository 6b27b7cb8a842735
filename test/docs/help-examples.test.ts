/** Every example of --help and of the manual runs: most are lines of the documents, which have a test of their own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROGRAM_EXAMPLES } from '../../src/cli/help.js';
import { COMMANDS, GROUPS } from '../../src/cli/program.js';
import { startEmulatorCommand } from '../support/emulator-command.js';
import { pasteIntoShell } from '../support/shell.js';
import { sharedVaults } from '../support/vault-service.js';

const ROOT = join(import.meta.dirname, '../../..');
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];

/** The lines of the indented blocks, without the times of a crontab and without comments. */
const DOCUMENTED = new Set(
  DOCUMENTS.filter((name) => name.endsWith('.md')).flatMap((name) =>
    [
      ...readFileSync(join(ROOT, name), 'utf8').matchAll(
        /^ {4,}(?:[\d*]+(?: +[\d*]+){4} +)?(\S.*?)(?: +#.*)?$/gm,
      ),
    ].map(([, line = '']) => line),
  ),
);

const LINES = [...PROGRAM_EXAMPLES, ...[...GROUPS, ...COMMANDS].flatMap(({ examples }) => examples)].map(
  ({ line }) => line,
);
const OTHERS = LINES.filter((line) => !DOCUMENTED.has(line));

describe('The examples of --help', () => {
  const service = sharedVaults();

  test('run, also those that no document has', async (t) => {
    const home = await service.home(t);
    home.file('backup.tar', 2 * 1024 * 1024);
    const uploadId = await home.createUpload();
    const { stdout, code } = await home.run(['upload', 'backup.tar', home.target]);
    assert.equal(code, 0);
    const fleet = await home.run([
      'fleet',
      'create',
      'backup.tar',
      home.target,
      '--shards=1',
      '--manifest=disk.fleet',
    ]);
    assert.equal(fleet.code, 0, fleet.stderr);
    for (const line of OTHERS.filter((each) => !each.startsWith('calve emulator '))) {
      const id = line.includes('--archive-id') ? stdout.trim() : uploadId;
      const filled = line.replace('glacier://photos', home.target).replace('-id ID', `-id=${id}`);
      const ended = await pasteIntoShell(filled, home.folder, home.env);
      assert.equal(ended.code, 0, `${line}: ${ended.stderr}`);
      // Lists of objects are empty here.
      assert.ok(ended.stdout !== '' || line.endsWith('--json'), line);
    }
  });

  test('start an emulator that ends with 0', async (t) => {
    const home = await service.home(t);
    for (const line of OTHERS.filter((each) => each.startsWith('calve emulator '))) {
      const words = line.split(' ').slice(2);
      const emulator = await startEmulatorCommand(t, words, { env: home.env, cwd: home.folder });
      assert.equal((await emulator.stop('SIGTERM')).code, 0, line);
    }
  });

  test('are lines of the documents for the most part', () => {
    assert.ok(OTHERS.length < LINES.length / 2, OTHERS.join('\n'));
    assert.deepEqual(
      OTHERS.filter((line) => /s3:\/\/|obs:\/\//.test(line)),
      [],
      'there is no bucket here',
    );
  });
});
