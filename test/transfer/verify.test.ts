import assert from 'node:assert/strict';
import { appendFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verifyFile } from '../../src/transfer/verify.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { closeSources, failsAs, type Rig, rig } from './rig.js';

after(closeSources);

function verify(bench: Rig, file = bench.file, archiveId: string | null = null) {
  return verifyFile(bench.session(), file, archiveId);
}

test('a file that still has the archived bytes matches, and no request is sent', async (t) => {
  const bench = rig(t);
  const { entry } = await bench.upload();
  const asked = bench.log.length;
  const expected = entry.treeHash;
  assert.deepEqual(await verify(bench), {
    file: bench.file,
    archiveId: entry.archiveId,
    treeHash: expected,
    expected,
    match: true,
  });
  assert.equal(bench.log.length, asked);
});

test('a file that differs does not match, and both hashes are reported', async (t) => {
  const bench = rig(t);
  await bench.upload();
  appendFileSync(bench.file, 'x');
  const { match, treeHash, expected } = await verify(bench);
  assert.deepEqual(
    [match, treeHash, expected],
    [false, vaultTreeHash(Buffer.concat([bench.bytes, Buffer.from('x')])), vaultTreeHash(bench.bytes)],
  );
});

test('without an id the newest archive of the file is compared, and with an id that archive', async (t) => {
  const bench = rig(t);
  const first = await bench.upload();
  appendFileSync(bench.file, 'x');
  bench.clock.advance(1000);
  const second = await bench.upload();
  assert.equal((await verify(bench)).archiveId, second.entry.archiveId);
  assert.equal((await verify(bench)).match, true);
  assert.equal((await verify(bench, bench.file, first.entry.archiveId)).match, false);
});

test('a copy elsewhere is verified against an archive by its id, and a link is followed to its file', async (t) => {
  const bench = rig(t);
  const { entry } = await bench.upload();
  const copy = join(bench.folder, 'copy.tar');
  writeFileSync(copy, bench.bytes);
  assert.equal((await verify(bench, copy, entry.archiveId)).match, true);
  await assert.rejects(verify(bench, copy), failsAs('not-found', { what: 'catalogue entry', name: copy }));
  const link = join(bench.folder, 'link.tar');
  symlinkSync(bench.file, link);
  assert.equal((await verify(bench, link)).archiveId, entry.archiveId);
});

test('an id that the catalogue does not have is not found, and a missing file is missing', async (t) => {
  const bench = rig(t);
  await bench.upload();
  const expected = { what: 'catalogue entry', name: '-no-such' } as const;
  await assert.rejects(verify(bench, bench.file, '-no-such'), failsAs('not-found', expected));
  rmSync(bench.file);
  await assert.rejects(verify(bench), failsAs('source', { why: 'missing' }));
});
