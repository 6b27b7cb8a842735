/** The catalogue as a file: exported and imported, in its own form and as the journal of mtglacier. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import { encodeEntry } from '../../src/state/catalogue-record.js';
import type { CatalogueEntry } from '../../src/transfer/ports/state.js';
import { hashOf, sampleEntry, sampleIdentity } from '../state/samples.js';
import { allEntries } from '../support/all-entries.js';
import { objectEntry } from '../support/audits.js';
import { assertFailed, assertWords } from '../support/failed.js';
import { type Home, openHome } from '../support/home.js';
import { jsonOf, oneJson } from '../support/json-shapes.js';
import { writeEntries } from '../support/many-entries.js';

const entriesOf = (home: Home): Promise<CatalogueEntry[]> => allEntries(openCatalogue(home.catalogueDir));

function manyEntries(count: number): CatalogueEntry[] {
  return Array.from({ length: count }, (_, i) =>
    sampleEntry({
      archiveId: `archive-${i}`,
      identity: sampleIdentity(`/data/${i}.tar`),
      archivedAt: new Date(Date.UTC(2026, 0, 1 + i)).toISOString(),
      plan: { sizeBytes: 10 - i, partSizeBytes: 16_777_216, partCount: 1 },
    }),
  );
}

describe('calve archives', { concurrency: 2 }, () => {
  test('lists what the options choose, in the order that they name', async (t) => {
    const home = openHome(t);
    const [first, ...others] = manyEntries(4);
    assert.ok(first);
    const target = { ...first.identity.target, url: 's3://bkt/k/x' };
    writeEntries(home.catalogueDir, [{ ...first, identity: { ...first.identity, target } }, ...others]);
    const chosen = async (...words: string[]) => {
      const ended = await home.run(['archives', '--format=csv', ...words]);
      assert.deepEqual([ended.code, ended.stderr], [0, '']);
      const [header, ...rows] = ended.stdout.split('\r\n').slice(0, -1);
      assert.match(header ?? '', /^archivedAt,size,target,.*,archiveId$/);
      return rows.map((row) => Number(row.slice(-1)));
    };
    assert.deepEqual(await chosen('--since=2026-01-02', '--until=2026-01-03', '--path=*.tar'), [1, 2]);
    assert.deepEqual(await chosen('--sort=size', '--path=/data/{0,3}.tar', '--until=1w'), [3, 0]);
    assert.deepEqual(await chosen('--target=s3://bkt', '--description=photo'), [0]);
    assert.deepEqual(await chosen('--sort=path', '--reverse', '--target=glacier://photos'), [3, 2, 1]);
  });

  test('refuses options that do not belong together', async (t) => {
    const home = openHome(t);
    const lines: [words: string[], why: RegExp][] = [
      [['--export=x', '--import=y'], /^calve: --import y: it cannot be used together with --export/],
      [['--import=x', '--path=*'], /^calve: --path \*: it is not for this import/],
      [['--base=/'], /^calve: --base \/: it is not for the list/],
      [['--format=mtglacier'], /^calve: --format mtglacier: it is for --export and --import/],
      [['--export=x', '--format=mtglacier'], /: the journal of mtglacier has the archives of one vault/],
      [['--since=yesterday'], /^calve: --since yesterday: it takes a date /],
    ];
    for (const [words, why] of lines)
      assert.match(assertFailed(await home.run(['archives', ...words]), 2), why);
  });

  test('exported on one machine and imported on another is the same, and again adds nothing', async (t) => {
    const [from, to] = [openHome(t), openHome(t)];
    const entries = manyEntries(3);
    writeEntries(from.catalogueDir, [...entries, objectEntry(from, 's3://bkt/k', { etag: 'e-2', size: 5 })]);
    const exported = await from.run(['archives', '--export=list', '--json']);
    const path = join(from.folder, 'list');
    assert.deepEqual(oneJson(exported.stdout, 'exported'), {
      type: 'exported',
      file: path,
      exported: 4,
      leftOut: 0,
    });
    assert.equal(exported.stderr, `note: ${path}: 4 archives exported\n`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(from.folder).sort(), ['home', 'list'], 'no temporary file is left');
    const streamed = await from.run(['archives', '--export=-']);
    assert.equal(streamed.stdout, readFileSync(path, 'utf8'));

    const imported = await to.run(['archives', '--import=-'], {}, streamed.stdout);
    assert.deepEqual([imported.code, imported.stdout], [0, '']);
    assert.equal(imported.stderr, 'note: standard input: 4 archives imported\n');
    assert.deepEqual(await entriesOf(to), await entriesOf(from));
    const again = await to.run(['archives', '--import', path, '--json']);
    const { present, ...counts } = oneJson(again.stdout, 'imported');
    assert.deepEqual([present, counts['imported'], counts['refused']], [4, 0, 0]);
  });

  test('an import names the lines that it refuses, adds the others, and ends with 13', async (t) => {
    const home = openHome(t);
    const [a, b, c] = manyEntries(3).map(encodeEntry) as [string, string, string];
    const { check: _, ...edited } = JSON.parse(b) as Record<string, unknown>;
    const moved = JSON.stringify({ ...edited, file: '/moved.tar' });
    const lost = JSON.stringify({ ...edited, target: 'nowhere' });
    const path = join(home.folder, 'list');
    writeFileSync(
      path,
      `${a}${b.replace('"size":9', '"size":8')}${moved}\n${lost}\n[]\n{"type":"archive"}\n${c.trimEnd()}`,
    );
    const ended = await home.run(['archives', '--import=list', '--json']);
    assert.equal(ended.code, 13);
    assert.equal(
      assertWords(ended.stderr),
      `calve: ${path}: 5 lines could not be imported (the first is line 2: it is damaged, or no record of an archive)`,
    );
    assert.match(ended.stderr, /list, line 7: its end is missing/);
    assert.match(ended.stderr, /list: 2 archives imported, 5 refused/);
    const [summary = ''] = ended.stdout.split('\n');
    assert.equal(oneJson(`${summary}\n`, 'imported')['refused'], 5);
    const paths = (await entriesOf(home)).map(({ identity }) => identity.source);
    assert.deepEqual(
      paths,
      ['/data/0.tar', '/moved.tar'].map((each) => ({ kind: 'file', path: each })),
    );
  });

  test('a file that cannot be read or written ends with 13, and leaves the old one', async (t) => {
    const home = openHome(t);
    assert.match(assertFailed(await home.run(['archives', '--import=none']), 13), /there is no such file/);
    const failed = assertFailed(await home.run(['archives', '--export=no-folder/list']), 13);
    assert.match(failed, /no-folder\/list: calve cannot write it: ENOENT/);
    writeEntries(home.catalogueDir, manyEntries(1));
    const folder = join(home.catalogueDir, 'v2/00');
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(folder, 'not a folder');
    writeFileSync(join(home.folder, 'list'), 'old');
    assertFailed(await home.run(['archives', '--export=list']), 13);
    assert.equal(readFileSync(join(home.folder, 'list'), 'utf8'), 'old');
    assert.deepEqual(readdirSync(home.folder).sort(), ['home', 'list']);
  });

  test('a journal of mtglacier is imported without what was deleted, and exported again as it was', async (t) => {
    const home = openHome(t);
    const file = home.file('a.tar', 5);
    const vault = ['--target=local://photos', '--format=mtglacier'];
    await home.run(['upload', file, 'local://photos']);
    const [made] = await entriesOf(home);
    assert.ok(made?.treeHash);
    const created = Math.floor(Date.parse(made.archivedAt) / 1000);
    const mtime = Math.floor(statSync(file).mtimeMs / 1000);
    const line = `B\t${created}\tCREATED\t${made.archiveId}\t5\t${mtime}\t${made.treeHash}\ta.tar\n`;
    const other = `B\t1\tCREATED\tid-2\t7\tNONE\t${hashOf(2)}\tlost/ü.tar\n`;
    const deleted = `B\t1\tCREATED\tid-3\t7\t1\t${hashOf(3)}\tx\nB\t2\tDELETED\tid-3\tx\n`;
    const journal = join(home.folder, 'journal');
    writeFileSync(journal, `${line}${deleted}B\t3\tRETRIEVE_JOB\tid-2\tjob\n${other}`);

    const catalogue = join(home.folder, 'second');
    const second = (...words: string[]) => home.run([...words, `--catalogue=${catalogue}`]);
    const imported = await second('archives', '--import=journal', ...vault, '--json');
    assert.deepEqual(jsonOf(imported.stdout, 'imported')[0], {
      type: 'imported',
      file: journal,
      imported: 2,
      present: 0,
      deleted: 1,
      refused: 0,
    });
    const exported = await second('archives', '--export=-', ...vault);
    assert.equal(exported.stdout, `${other.replace('NONE', '1')}${line}`);

    const sent = await second('upload', file, 'local://photos');
    assert.deepEqual(
      [sent.code, sent.stdout],
      [0, `${made.archiveId}\n`],
      'the file is compared, and not sent again',
    );
    const verified = await second('verify', file, `--archive-id=${made.archiveId}`);
    assert.equal(verified.stdout, `${file}: OK\n`);
    const audited = await second('audit', 'local://photos');
    assert.match(audited.stderr, /audited, .*: 1 ok, 1 missing/);
  });

  test('what the journal of mtglacier has no place for is left out with a notice', async (t) => {
    const home = openHome(t);
    const [a, b, c, d, e] = manyEntries(5) as [
      CatalogueEntry,
      CatalogueEntry,
      CatalogueEntry,
      CatalogueEntry,
      CatalogueEntry,
    ];
    const at = (entry: CatalogueEntry, path: string, url = 'glacier://photos') => ({
      ...entry,
      identity: { source: { kind: 'file' as const, path }, target: { ...entry.identity.target, url } },
    });
    writeEntries(home.catalogueDir, [
      a,
      at(b, '/elsewhere/b'),
      at(c, '/data/a\tb'),
      at(d, '/data/d', 'glacier://other'),
      { ...at(e, '/data/e', 's3://bkt/k'), treeHash: null },
    ]);
    const words = ['--export=-', '--format=mtglacier', '--target=glacier://photos', '--base=/data'];
    const ended = await home.run(['archives', ...words]);
    assert.equal(ended.code, 0);
    assert.deepEqual(ended.stdout.match(/archive-\d/g), ['archive-0']);
    const why = ['outside|not below', 'no such file name', 'another vault', 'vaults only'];
    for (const [i, each] of why.entries())
      assert.match(ended.stderr, new RegExp(`archive-${i + 1} is left out: .*(${each})`));
    assert.match(ended.stderr, /standard output: 1 archive exported, 4 left out/);
  });

  test('a journal from a stream is refused, because it is read twice', async (t) => {
    const home = openHome(t);
    const words = ['archives', '--import=-', '--format=mtglacier', '--target=local://v'];
    assert.match(
      assertFailed(await home.run(words, {}, ''), 2),
      /^calve: --import -: a journal is read twice/,
    );
    const bucket = await home.run(['archives', '--import=x', '--format=mtglacier', '--target=s3://bkt/k']);
    assert.match(assertFailed(bucket, 2), /mtglacier knows vaults only/);
  });
});
