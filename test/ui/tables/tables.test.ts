import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFile } from '../../../src/core/description.js';
import { type ArchiveJson, archiveJson } from '../../../src/ui/archive-json.js';
import { partJson, unfinishedJson, uploadJson } from '../../../src/ui/json.js';
import { renderTable, type TableStream } from '../../../src/ui/tables/table-layout.js';
import { archivesTable, partsTable, unfinishedTable, uploadsTable } from '../../../src/ui/tables/tables.js';
import { ENTRY, OPEN, UNFINISHED } from '../listing-samples.js';

const MIB_BYTES = 1024 ** 2;
const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-20T12:04:05.678Z');
const PIPE = { isTerminal: false };
const LONG_ID = `-${'k'.repeat(91)}`;

const own = uploadJson(OPEN, 'glacier://photos', { file: '/data/backup.tar', partsDone: 1, parts: 3 });
const unknownHere = uploadJson(
  { ...OPEN, uploadId: LONG_ID, description: 'a\nb', partSizeBytes: null },
  'glacier://photos',
  null,
);

test('without a terminal, uploads are tab-separated with exact values, and a tab in a value is escaped', () => {
  const table = uploadsTable(PIPE);
  assert.equal(
    table.push(own),
    [
      'createdAt\tpartSize\tpartsDone\tparts\tfile\tdescription\tuploadId',
      '2026-11-20T10:04:05.000Z\t16777216\t1\t3\t/data/backup.tar\tbackup\\t.tar\t-Xk3',
      '',
    ].join('\n'),
  );
  assert.equal(table.push(unknownHere), `2026-11-20T10:04:05.000Z\t\t\t\t\ta\\nb\t${LONG_ID}\n`);
  assert.equal(table.end(), '');
});

test('a table without uploads is only its header', () => {
  assert.equal(
    uploadsTable(PIPE).end(),
    'createdAt\tpartSize\tpartsDone\tparts\tfile\tdescription\tuploadId\n',
  );
  assert.equal(
    uploadsTable({ isTerminal: true }).end(),
    'CREATED  PART SIZE  PARTS  LOCAL FILE  DESCRIPTION  UPLOAD ID\n',
  );
});

test('on a terminal, uploads are aligned, in human units, with the id last', () => {
  const table = uploadsTable({ isTerminal: true, columns: 200 });
  assert.equal(
    table.push(own) + table.push(unknownHere) + table.end(),
    [
      'CREATED               PART SIZE  PARTS  LOCAL FILE        DESCRIPTION   UPLOAD ID',
      '2026-11-20 10:04 UTC     16 MiB    1/3  /data/backup.tar  backup\\t.tar  -Xk3',
      `2026-11-20 10:04 UTC          -      -  -                 a\\nb          ${LONG_ID}`,
      '',
    ].join('\n'),
  );
});

test('an id that does not fit beside its row gets a line of its own, uncut', () => {
  const table = uploadsTable({ isTerminal: true, columns: 100 });
  assert.equal(
    table.push(unknownHere) + table.end(),
    [
      'CREATED               PART SIZE  PARTS  LOCAL FILE  DESCRIPTION',
      '  UPLOAD ID',
      '2026-11-20 10:04 UTC          -      -  -           a\\nb',
      `  ${LONG_ID}`,
      '',
    ].join('\n'),
  );
});

test('a list of 100,000 uploads is printed while it is read, and nothing accumulates', () => {
  const table = uploadsTable({ isTerminal: true, columns: 100 });
  let silent = 0;
  let lines = 0;
  for (let i = 0; i < 100_000; i += 1) {
    const text = table.push(own);
    if (text === '') silent += 1;
    lines += text.split('\n').length - 1;
  }
  assert.equal(silent, 49, 'only the first rows are held back, to measure them');
  assert.equal(lines + table.end().split('\n').length - 1, 100_001);
});

test('parts have their exact byte range in both forms', () => {
  const part = partJson(
    { startByte: 16 * MIB_BYTES, endByte: 32 * MIB_BYTES - 1, treeHash: 'ab', etag: null },
    16 * MIB_BYTES,
  );
  const piped = partsTable(PIPE);
  assert.equal(
    piped.push(part) + piped.end(),
    'index\tstart\tend\tsize\tetag\ttreeHash\n1\t16777216\t33554431\t16777216\t\tab\n',
  );
  const shown = partsTable({ isTerminal: true });
  assert.equal(
    shown.push(part) + shown.end(),
    'INDEX     START       END    SIZE  TREE HASH\n    1  16777216  33554431  16 MiB  ab\n',
  );
});

test('parts of different sizes have no range: a dash on a terminal, and nothing in a pipe', () => {
  const part = partJson({ index: 3, startByte: 0, endByte: MIB_BYTES - 1, treeHash: null, etag: 'ab' }, null);
  const piped = partsTable(PIPE);
  assert.equal(
    piped.push(part) + piped.end(),
    'index\tstart\tend\tsize\tetag\ttreeHash\n3\t\t\t1048576\tab\t\n',
  );
  const shown = partsTable({ isTerminal: true });
  assert.match(shown.push(part) + shown.end(), /^ +3 +- +- +1 MiB/m);
});

test('status shows the progress, a map, and the time until the upload expires', () => {
  const row = { ...unfinishedJson(UNFINISHED, DAY_MS), description: 'backup.tar', map: '.#.' };
  assert.equal(
    unfinishedTable([row], { isTerminal: true, nowMs: NOW_MS }),
    [
      'FILE              TARGET              SIZE  PARTS  MAP  EXPIRES        UPLOAD ID',
      '/data/backup.tar  glacier://photos  40 MiB    1/3  .#.  in 22 h 0 min  -Xk3',
      '',
    ].join('\n'),
  );
  assert.match(unfinishedTable([row], { isTerminal: true, nowMs: NOW_MS + DAY_MS }), /overdue/);
  assert.match(unfinishedTable([{ ...row, expiresAt: null }], { isTerminal: true, nowMs: NOW_MS }), /never/);
  assert.equal(
    unfinishedTable([row], { ...PIPE, nowMs: NOW_MS }),
    [
      'file\ttarget\tsize\tpartSize\tpartsDone\tparts\tstartedAt\tlastActivityAt\texpiresAt\tuploadId',
      '/data/backup.tar\tglacier://photos\t41943040\t16777216\t1\t3\t2026-11-20T10:00:00.000Z\t2026-11-20T10:04:05.678Z\t2026-11-21T10:04:05.678Z\t-Xk3',
      '',
    ].join('\n'),
  );
});

test('the catalogue is listed with the archive ids last', () => {
  const whole = (table: TableStream<ArchiveJson>) => table.push(archiveJson(ENTRY)) + table.end();
  assert.equal(
    whole(archivesTable({ isTerminal: true })),
    [
      'ARCHIVED                SIZE  TARGET            FILE              DESCRIPTION  ARCHIVE ID',
      '2026-11-20 10:04 UTC  40 MiB  glacier://photos  /data/backup.tar  backup.tar   arch-1',
      '',
    ].join('\n'),
  );
  assert.equal(
    whole(archivesTable(PIPE)),
    [
      'archivedAt\tsize\ttarget\tregion\taccount\tfile\tmtime\tdescription\ttreeHash\tarchiveId',
      `2026-11-20T10:04:05.678Z\t41943040\tglacier://photos\teu-west-1\t123456789012\t/data/backup.tar\t2025-11-20T10:00:45.678Z\tbackup.tar\t${'a'.repeat(64)}\tarch-1`,
      '',
    ].join('\n'),
  );
});

test('a stream is listed with its description, and a description of the mt2 form as its file name', () => {
  const encoded = describeFile('写真.tar', Date.UTC(2026, 0, 2));
  const row = {
    ...{ ...unfinishedJson(UNFINISHED, DAY_MS), file: '-', map: '' },
    description: 'nightly database',
  };
  const at = { isTerminal: true, nowMs: NOW_MS };
  assert.match(unfinishedTable([row], at), /\n- \(nightly database\) {2}glacier/);
  assert.match(unfinishedTable([{ ...row, description: null }], at), /\n- \(standard input\) /);
  const archive = archiveJson({ ...ENTRY, description: encoded });
  const whole = (table: TableStream<ArchiveJson>) => table.push(archive) + table.end();
  assert.match(whole(archivesTable({ isTerminal: true })), / {2}写真\.tar {2}/);
  assert.ok(whole(archivesTable(PIPE)).includes(`\t${encoded}\t`), 'exact values are as in JSON');
  const uploads = uploadsTable({ isTerminal: true });
  assert.match(uploads.push({ ...unknownHere, description: encoded }) + uploads.end(), / {2}写真\.tar {2}/);
});

test('long paths lose their start on a terminal, and only there', () => {
  const columns = [
    { name: 'file', title: 'FILE', widthMax: 8, human: (s: string) => s, exact: (s: string) => s },
    { name: 'id', title: 'ID', human: () => LONG_ID, exact: () => LONG_ID },
  ];
  const path = '/long/写真.tar';
  assert.equal(
    renderTable(columns, [path, 'b'], { isTerminal: true }),
    `FILE     ID\n....tar  ${LONG_ID}\nb        ${LONG_ID}\n`,
  );
  assert.equal(renderTable(columns, [path], PIPE), `file\tid\n${path}\t${LONG_ID}\n`);
});
