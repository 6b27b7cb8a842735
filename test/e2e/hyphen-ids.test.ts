import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertFailed } from '../support/failed.js';
import { jsonOf, oneJson } from '../support/json-shapes.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

/** The service chooses ids at random: uploads are created until an id begins with a hyphen. */
async function hyphenUpload(home: VaultHome): Promise<string> {
  for (;;) {
    const uploadId = await home.createUpload();
    if (uploadId.startsWith('-')) return uploadId;
  }
}

/** One that the state folder knows, with a part sent. */
async function hyphenUnfinished(home: VaultHome, file: string): Promise<string> {
  const uploadId = await hyphenUpload(home);
  await home.killAtPart(['resume', file, home.target, `--upload-id=${uploadId}`], 1);
  return uploadId;
}

describe('An id that begins with a hyphen', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('is taken by list-parts and abort as a word of its own and joined to its option', async (t) => {
    const home = await service.home(t);
    const ids = [await hyphenUpload(home), await hyphenUpload(home)];
    const [one = '', two = ''] = ids;
    for (const words of [['--upload-id', one], [`--upload-id=${one}`]]) {
      for (const line of [
        ['list-parts', home.target, ...words],
        ['list-parts', ...words, home.target],
      ]) {
        const { code, stderr } = await home.run(line);
        assert.equal(code, 0, `${line.join(' ')}: ${stderr}`);
      }
    }
    const dry = await home.run(['abort', '--upload-id', one, home.target, '--dry-run', '--json']);
    assert.equal(oneJson(dry.stdout, 'upload')['uploadId'], one);
    const aborted = await home.run([
      'abort',
      '--upload-id',
      one,
      `--upload-id=${two}`,
      home.target,
      '--json',
    ]);
    assert.deepEqual(
      jsonOf(aborted.stdout, 'aborted').map(({ uploadId }) => uploadId),
      ids,
    );
  });

  test('is taken by resume bare after --, and refused in words where the -- is missing', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    const uploadId = await hyphenUnfinished(home, file);
    const without = await home.run(['resume', uploadId]);
    assertFailed(without, 2);
    assert.ok(without.stderr.endsWith(`for example: calve resume -- ${uploadId}\n`), without.stderr);
    const done = await home.run(['resume', '--json', '--', uploadId]);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(oneJson(done.stdout, 'archive')['uploadId'], uploadId);
  });

  test('is never taken for an option with something behind it', async (t) => {
    const home = await service.home(t);
    for (const id of ['-VQ4r1', '-hQ4r1', '-qQ4r1']) assertFailed(await home.run(['resume', id]), 2);
    const { code, stdout } = await home.run(['-V']);
    assert.deepEqual([code, stdout], [0, (await home.run(['--version'])).stdout]);
  });

  test('is taken by resume to adopt an upload, in both ways', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    const words = [['--upload-id', await hyphenUpload(home)], [`--upload-id=${await hyphenUpload(home)}`]];
    for (const [i, id] of words.entries()) {
      const elsewhere = { CALVE_STATE_DIR: join(home.folder, `elsewhere-${i}`) };
      const { code, stderr } = await home.run(['resume', file, home.target, ...id], elsewhere);
      assert.equal(code, 0, stderr);
    }
  });

  test('is taken where it is unknown, too: by every command that takes an id', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 5);
    const id = `-${'x'.repeat(91)}`;
    const lines = [
      ['list-parts', home.target, '--upload-id', id],
      ['abort', home.target, '--upload-id', id],
      ['resume', file, home.target, '--upload-id', id],
      ['resume', '--', id],
      ['archives', '--forget', id],
      ['verify', file, '--archive-id', id],
    ];
    for (const words of lines) assert.ok(assertFailed(await home.run(words), 10).includes(id));
  });

  test('stands in hints so that the line can be pasted as it is', async (t) => {
    const home = await service.home(t);
    const file = home.file("it's a file", 2 * MIB_BYTES);
    const uploadId = await hyphenUnfinished(home, file);
    writeFileSync(file, 'another version');
    const { stderr } = await home.run(['upload', file, home.target]);
    const line = /abort it with: calve (.*)$/m.exec(stderr)?.[1] ?? '';
    assert.ok(line.includes(`--upload-id=${uploadId}`), stderr);
    const aborted = await home.run([...line.split(' '), '--json']);
    assert.equal(oneJson(aborted.stdout, 'aborted')['uploadId'], uploadId);
  });
});
