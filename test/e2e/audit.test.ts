/** An audit finds each kind of loss and nothing else, on every kind of target. The stores have theirs in buckets and rgw. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { newArchiveId } from '../../src/emulator/ids.js';
import type { CatalogueEntry } from '../../src/transfer/ports/state.js';
import { hashOf, sampleEntry } from '../state/samples.js';
import { LONG_AGO, objectEntry, resultsOf } from '../support/audits.js';
import { jsonLines } from '../support/calve.js';
import { assertFailed, assertWords } from '../support/failed.js';
import { openHome } from '../support/home.js';
import { tableOf } from '../support/json-shapes.js';
import { writeEntries } from '../support/many-entries.js';
import { startSmallStore } from '../support/small-store.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, sharedVaults } from '../support/vault-service.js';

/** Returns an entry of an archive that is in the vault too. */
function heldEntry(home: VaultHome, index: number, changes: Partial<CatalogueEntry> = {}): CatalogueEntry {
  const { AWS_ENDPOINT_URL_GLACIER: endpoint = '' } = home.env;
  const target = { url: home.target, region: 'eu-west-1', endpoint, account: '111122223333' };
  const entry = sampleEntry({
    archiveId: newArchiveId(),
    identity: { source: { kind: 'file', path: `/data/${index}.tar` }, target },
    treeHash: hashOf(index),
    archivedAt: LONG_AGO,
    ...changes,
  });
  const { archiveId, plan, archivedAt: createdAt } = entry;
  // Quotes, braces and a backslash, which a reader that counts braces would take for the end of an archive.
  const description = `"}]{ ${index} \\`;
  home.putArchive({ archiveId, description, createdAt, sizeBytes: plan.sizeBytes, treeHash: hashOf(index) });
  return entry;
}

describe('calve audit of a vault', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('finds nothing wrong in 1,000 right archives, and nothing of another vault or target', async (t) => {
    const home = await service.home(t);
    const entries = Array.from({ length: 1000 }, (_, i) => heldEntry(home, i));
    const elsewhere = { ...entries[0]?.identity.target, url: 'glacier://other', region: 'eu-west-1' };
    const other = sampleEntry({
      identity: {
        source: { kind: 'file', path: '/x' },
        target: { endpoint: null, account: null, ...elsewhere },
      },
    });
    writeEntries(home.catalogueDir, [...entries, other]);
    const { code, stdout, stderr } = await home.run(['audit', home.target]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: audited, by the inventory of .* UTC: 1,000 ok\n$/);
    const rows = tableOf(stdout);
    assert.deepEqual([rows.length, new Set(rows.map(({ result }) => result))], [1000, new Set(['ok'])]);
    assert.equal(
      rows.every((row) => 'description' in row),
      true,
    );
  });

  test('finds an archive that is missing, one with other content and an unknown one, and ends with 16', async (t) => {
    const home = await service.home(t);
    const right = heldEntry(home, 1);
    const different = heldEntry(home, 2, { treeHash: hashOf('other') });
    const missing = { ...heldEntry(home, 3), archiveId: newArchiveId() };
    const newer = { ...missing, archiveId: newArchiveId(), archivedAt: new Date().toISOString() };
    writeEntries(home.catalogueDir, [right, different, missing, newer]);
    const ended = await home.run(['audit', home.target, '--json']);
    assert.equal(ended.code, 16, ended.stderr);
    const { results, objects, summary } = resultsOf(ended);
    const unknown = objects.find(({ result }) => result === 'unknown');
    assert.deepEqual(results, {
      [right.archiveId]: 'ok',
      [different.archiveId]: 'different',
      [missing.archiveId]: 'missing',
      [newer.archiveId]: 'newer',
      [String(unknown?.['archiveId'])]: 'unknown',
    });
    const { ok, missing: gone, different: changed, unknown: foreign, newer: late } = summary;
    assert.deepEqual([ok, gone, changed, foreign, late], [1, 1, 1, 1, 1]);
    assert.match(ended.stderr, /^calve: the audit misses 1 archive /m);
    assert.match(ended.stderr, /^calve: the audit found 1 archive with other content /m);
    assert.deepEqual(
      jsonLines(ended.stdout)
        .slice(-2)
        .map(({ exitCode }) => exitCode),
      [16, 14],
    );
  });

  test('with --import rebuilds a catalogue that is lost: the next audit finds all of it right', async (t) => {
    const home = await service.home(t);
    const held = [heldEntry(home, 1), heldEntry(home, 2)];
    const { objects, summary } = resultsOf(await home.run(['audit', home.target, '--import', '--json']));
    assert.deepEqual([summary['unknown'], summary['imported'], objects.length], [2, 2, 2]);
    assert.deepEqual((await home.cataloguedIds()).sort(), held.map(({ archiveId }) => archiveId).sort());
    const again = await home.run(['audit', home.target, '--json']);
    assert.deepEqual([again.code, resultsOf(again).summary['ok']], [0, 2]);
    const verified = await home.run(['archives']);
    assert.deepEqual(
      tableOf(verified.stdout)
        .map(({ treeHash }) => treeHash)
        .sort(),
      [hashOf(1), hashOf(2)].sort(),
    );
  });

  test('an archive that --import has found again can be compared with its file', async (t) => {
    const home = await service.home(t);
    const file = home.file('photos.tar', 1_500_000);
    const { stdout: id } = await home.run(['upload', file, home.target]);
    rmSync(home.catalogueDir, { recursive: true });
    const imported = await home.run(['audit', home.target, '--import']);
    assert.equal(imported.code, 0, imported.stderr);
    const verified = await home.run(['verify', file, '--archive-id', id.trim()]);
    assert.equal(verified.code, 0, verified.stderr);
  });

  test('of a vault that does not exist ends with 10', async (t) => {
    const home = await service.home(t);
    assertFailed(await home.run(['audit', 'glacier://missing']), 10);
  });
});

test('an audit starts one inventory job, says when to come back and ends with 3, and later reads its output, whole or not at all', async (t) => {
  const home = await openVault(t, { jobDelayMs: 3_600_000 });
  writeEntries(home.catalogueDir, [heldEntry(home, 1)]);
  const first = assertFailed(await home.run(['audit', home.target]), 3);
  assert.match(first, /the inventory of the vault is not ready .*calve has asked for it now/);
  const second = await home.run(['audit', home.target]);
  assert.match(assertFailed(second, 3), /it was asked for on 20/);
  assert.match(second.stderr, /^hint: run the same command again after 20.* UTC/m);
  const starts = home.passed().filter(({ method }) => method === 'POST');
  assert.equal(starts.length, 1);
  home.finishJobs();
  let outputs = 0;
  home.hook({
    after: ({ path }) => {
      if (path.endsWith('/output')) outputs += 1;
      return outputs === 2 ? 'cut' : 'pass';
    },
  });
  const third = await home.run(['audit', home.target, '--json']);
  assert.deepEqual(
    [third.code, resultsOf(third).summary['ok'], outputs],
    [0, 1, 3],
    'a cut piece is read again',
  );
  assert.equal(home.passed().filter(({ method }) => method === 'POST').length, 1);
  home.cutJobs();
  const cut = await home.run(['audit', home.target], { CALVE_MAX_ATTEMPTS: '2' });
  assert.equal(cut.code, 3, cut.stdout);
  assert.match(assertWords(cut.stderr), /the response has no end of the inventory/);
});

for (const scheme of ['s3', 'obs'] as const) {
  test(`calve audit of ${scheme}: 1,001 right objects, and one of each kind of loss below a prefix`, async (t) => {
    const store = await startSmallStore(t);
    const home = openHome(t, { ...store.env, AWS_ENDPOINT_URL_S3: store.url });
    const put = (key: string, etag: string) =>
      void store.objects.set(key, { etag, sizeBytes: 7, ownId: '', tagging: '' });
    const entryOf = (key: string, etag: string | null) =>
      objectEntry(home, `${scheme}://photos/${key}`, { etag, size: 7 });
    const names = Array.from({ length: 1000 }, (_, i) => `right/${i}.tar`);
    const entries = [...names, 'right/a b+ü\n.tar'].map((key) => {
      put(key, hashOf(key).slice(0, 32));
      return entryOf(key, hashOf(key).slice(0, 32));
    });
    put('lost/replaced', 'other-etag');
    put('lost/unknown', 'its-etag');
    put('lost/no-etag', 'any-etag');
    put('elsewhere/unknown', 'its-etag');
    const lost = [entryOf('lost/deleted', 'e'), entryOf('lost/replaced', 'e'), entryOf('lost/no-etag', null)];
    writeEntries(home.catalogueDir, [...entries, ...lost]);
    const right = await home.run(['audit', `${scheme}://photos/right/`, '--json']);
    assert.deepEqual([right.code, resultsOf(right).summary['ok']], [0, 1001], right.stderr);
    assert.equal(store.log.filter((operation) => operation === 'ListObjects').length, 2, 'two pages');
    assert.ok(!store.log.includes('HeadObject'), 'the list is enough');
    const ended = await home.run(['audit', `${scheme}://photos/lost/`, '--json']);
    const { results, objects } = resultsOf(ended);
    assert.deepEqual(results, {
      [`${scheme}://photos/lost/deleted`]: 'missing',
      [`${scheme}://photos/lost/replaced`]: 'different',
      [`${scheme}://photos/lost/no-etag`]: 'ok',
      [`${scheme}://photos/lost/unknown`]: 'unknown',
    });
    assert.equal(ended.code, 16);
    const proofs = Object.fromEntries(objects.map(({ archiveId, proof }) => [archiveId, proof]));
    assert.equal(proofs[`${scheme}://photos/lost/no-etag`], 'size');
    assert.equal(proofs[`${scheme}://photos/lost/replaced`], 'etag');
    const none = await home.run(['audit', `${scheme}://photos/lost`]);
    assert.match(assertFailed(none, 10), new RegExp(`name ${scheme}://photos/lost/`));
    const one = await home.run(['audit', `${scheme}://photos/lost/replaced`]);
    assert.equal(one.code, 14, one.stderr);
    assert.equal(tableOf(one.stdout).length, 1);
  });
}

test('an object with another ETag is right or wrong by its checksum, whatever the form of the ETag', async (t) => {
  const store = await startSmallStore(t);
  const home = openHome(t, { ...store.env, AWS_ENDPOINT_URL_S3: store.url });
  const multipart = `${'a'.repeat(32)}-3`;
  const [right, wrong] = ['AAAAAA==', 'AAAAAQ=='];
  const put = (key: string, etag: string, value: string) =>
    void store.objects.set(key, {
      ...{ etag, sizeBytes: 7, ownId: '', tagging: '' },
      checksum: { name: 'ChecksumCRC32', value },
    });
  put('same', multipart, right);
  put('copied', 'b'.repeat(32), right);
  put('replaced', 'c'.repeat(32), wrong);
  put('replaced-in-parts', `${'d'.repeat(32)}-3`, wrong);
  const entries = [...store.objects.keys(), 'deleted'].map((key) => {
    const entry = objectEntry(home, `s3://photos/${key}`, { etag: multipart, size: 7 });
    const facts = { etag: multipart, versionId: null, storageClass: 'STANDARD' };
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: right } as const;
    return { ...entry, object: { ...facts, checksum } };
  });
  writeEntries(home.catalogueDir, entries);
  const ended = await home.run(['audit', 's3://photos', '--json']);
  assert.equal(ended.code, 16, ended.stderr);
  const found = resultsOf(ended).objects.map((each) => [
    String(each['archiveId']).slice('s3://photos/'.length),
    ...[each['result'], each['proof'], each['checksum'], each['heldChecksum']],
  ]);
  assert.deepEqual(found.sort(), [
    ['copied', 'ok', 'checksum', `CRC32:${right}`, `CRC32:${right}`],
    ['deleted', 'missing', null, `CRC32:${right}`, null],
    ['replaced', 'different', 'checksum', `CRC32:${right}`, `CRC32:${wrong}`],
    ['replaced-in-parts', 'different', 'checksum', `CRC32:${right}`, `CRC32:${wrong}`],
    ['same', 'ok', 'etag', `CRC32:${right}`, null],
  ]);
  const heads = store.log.filter((operation) => operation === 'HeadObject').length;
  assert.equal(
    heads,
    7,
    'one for the deleted object, two for each with another ETag, none for the right one',
  );
});

test('an older archive of the same key is reported as replaced, and an object that the list does not show yet as right', async (t) => {
  const store = await startSmallStore(t);
  const home = openHome(t, { ...store.env, AWS_ENDPOINT_URL_S3: store.url });
  const entryOf = (name: string, etag: string, archivedAt: string) => ({
    ...objectEntry(home, 's3://photos/k', { etag, size: 7 }),
    identity: {
      ...objectEntry(home, 's3://photos/k', { etag, size: 7 }).identity,
      source: { kind: 'file', path: name } as const,
    },
    archivedAt,
  });
  writeEntries(home.catalogueDir, [
    entryOf('/old', 'e1', LONG_AGO),
    entryOf('/new', 'e2', '2026-02-02T03:04:05.678Z'),
  ]);
  store.objects.set('k', { etag: 'e2', sizeBytes: 7, ownId: '', tagging: '' });
  store.hidesObjects = true;
  const ended = await home.run(['audit', 's3://photos', '--json']);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(
    resultsOf(ended).objects.map(({ file, result }) => [file, result]),
    [
      ['/old', 'replaced'],
      ['/new', 'ok'],
    ],
  );
});

test('credentials that may not list a bucket end an audit with 12, and the hint names the right', async (t) => {
  const store = await startSmallStore(t);
  const home = openHome(t, { ...store.env, AWS_ENDPOINT_URL_S3: store.url });
  const denied = { status: 403, code: 'AccessDenied' };
  store.refuse = (operation) => (operation === 'ListObjects' ? denied : null);
  const ended = await home.run(['audit', 's3://photos']);
  assert.match(assertFailed(ended, 12), /^calve: could not list the objects \(s3:\/\/photos\): /);
  assert.match(ended.stderr, /^hint: .*\(s3:ListBucket\)$/m);
});

test('calve audit of local:// makes its inventory at once, and an archive that is younger than it is not missing', async (t) => {
  const home = openHome(t);
  await home.run(['upload', home.file('a', 5, 1), 'local://trial']);
  const first = await home.run(['audit', 'local://trial', '--json']);
  assert.deepEqual([first.code, resultsOf(first).summary['ok']], [0, 1], first.stderr);
  await home.run(['upload', home.file('b', 5, 2), 'local://trial']);
  const second = await home.run(['audit', 'local://trial']);
  assert.equal(second.code, 0, second.stderr);
  assert.deepEqual(
    tableOf(second.stdout).map(({ result }) => result),
    ['ok', 'newer'],
  );
  assert.match(second.stderr, /^note: audited, by the inventory of .*: 1 ok, 1 newer\n$/);
});
