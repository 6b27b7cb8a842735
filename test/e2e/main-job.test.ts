import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededBytes, writeSeededFile } from '../support/bytes.js';
import { jsonLines } from '../support/calve.js';
import { isPart } from '../support/requests.js';
import { openVault, TARGET } from '../support/vault-service.js';

const MIB = 1024 * 1024;

test('A killed upload of 40 parts resumes to one right archive and sends at most the lanes twice', async (t) => {
  const vault = await openVault(t);
  const file = join(vault.folder, 'forty');
  writeSeededFile(file, 40 * MIB, 7);
  let partsSeen = 0;
  vault.hook({
    before: (passing) => {
      if (isPart(passing) && ++partsSeen === 20) running.child.kill('SIGKILL');
      return 'pass';
    },
  });
  const running = vault.start(['upload', file, TARGET, '--part-size', '1M', '--concurrency', '4']);
  const killed = await running.ended;
  assert.equal(killed.signal, 'SIGKILL');

  const resumed = await vault.run(['resume', '--json']);
  assert.equal(resumed.code, 0, resumed.stderr);
  const [archive] = jsonLines(resumed.stdout);
  assert.equal(archive?.['resumed'], true);
  assert.ok(Number(archive?.['partsReused']) >= 15, `${archive?.['partsReused']} parts were reused`);
  const sent = vault.passed().filter(isPart).length;
  assert.ok(sent <= 44, `${sent} parts were sent for 40`);
  assert.deepEqual(Buffer.from(await vault.readBack(String(archive?.['archiveId']))), readFileSync(file));
  assert.equal((await vault.run(['list-uploads', TARGET, '--json'])).stdout, '');
});

test('The same line sends nothing after success, and prints the same id; --fresh sends again', async (t) => {
  const vault = await openVault(t);
  const file = join(vault.folder, 'three');
  writeFileSync(file, seededBytes(3 * MIB, 3));
  const line = ['upload', file, TARGET, '--part-size', '1M'];
  const first = await vault.run(line);
  const second = await vault.run(line);
  const sentBefore = vault.passed().filter(isPart).length;
  const third = await vault.run(line);
  assert.deepEqual([first.code, second.code, third.code], [0, 0, 0]);
  assert.equal(second.stdout, first.stdout);
  assert.equal(third.stdout, first.stdout);
  assert.match(third.stderr, /archived to this target on/);
  assert.equal(vault.passed().filter(isPart).length, sentBefore);
  assert.equal(sentBefore, 3);

  const fresh = await vault.run([...line, '--fresh']);
  assert.equal(fresh.code, 0, fresh.stderr);
  assert.notEqual(fresh.stdout, first.stdout);
  assert.equal(vault.passed().filter(isPart).length, 6);
});

test('230 open uploads list completely, and abort --all --yes leaves none', async (t) => {
  const vault = await openVault(t);
  await Promise.all(Array.from({ length: 230 }, (_, i) => vault.createUpload(`n${i}`)));
  const listed = await vault.run(['list-uploads', TARGET, '--json']);
  assert.equal(new Set(jsonLines(listed.stdout).map((upload) => upload['uploadId'])).size, 230);
  const table = await vault.run(['list-uploads', TARGET]);
  assert.equal(table.stdout.trimEnd().split('\n').length, 231, 'a header and 230 lines');

  const aborted = await vault.run(['abort', TARGET, '--all', '--yes', '--json']);
  assert.equal(aborted.code, 0, aborted.stderr);
  assert.equal(jsonLines(aborted.stdout).filter((line) => line['type'] === 'aborted').length, 230);
  assert.equal((await vault.run(['list-uploads', TARGET, '--json'])).stdout, '');
});

test('Aborting an upload that was completed exits 10 and names its archive', async (t) => {
  const vault = await openVault(t);
  const file = join(vault.folder, 'small');
  writeFileSync(file, 'a few bytes');
  const uploaded = await vault.run(['upload', file, TARGET, '--json']);
  const [archive] = jsonLines(uploaded.stdout);
  const aborted = await vault.run(['abort', TARGET, `--upload-id=${archive?.['uploadId']}`]);
  assert.equal(aborted.code, 10);
  assert.ok(aborted.stderr.includes(String(archive?.['archiveId'])), aborted.stderr);
});

test('An upload is adopted by its id alone, and what the service holds is not sent again', async (t) => {
  const vault = await openVault(t);
  const file = join(vault.folder, 'adopted');
  writeFileSync(file, seededBytes(8 * MIB + 5, 11));
  let partsSeen = 0;
  vault.hook({
    before: (passing) => {
      if (isPart(passing) && ++partsSeen === 5) running.child.kill('SIGKILL');
      return 'pass';
    },
  });
  const running = vault.start(['upload', file, TARGET, '--part-size', '1M', '--concurrency', '1']);
  await running.ended;
  const [open] = jsonLines((await vault.run(['list-uploads', TARGET, '--json'])).stdout);
  const elsewhere = { CALVE_STATE_DIR: join(vault.folder, 'other-state') };
  const words = ['resume', file, TARGET, '--upload-id', String(open?.['uploadId']), '--json'];
  const adopted = await vault.run(words, elsewhere);
  assert.equal(adopted.code, 0, adopted.stderr);
  const [archive] = jsonLines(adopted.stdout);
  assert.ok(Number(archive?.['partsReused']) >= 4);
  assert.equal(Number(archive?.['partsReused']) + Number(archive?.['partsSent']), 9);
  assert.deepEqual(Buffer.from(await vault.readBack(String(archive?.['archiveId']))), readFileSync(file));
});
