import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvTable } from '../../../src/ui/tables/csv-table.js';

const columns = [
  { name: 'file', title: 'FILE', exact: (row: readonly unknown[]) => row[0] as string },
  { name: 'shown', title: 'SHOWN', human: () => 'only on a terminal' },
  { name: 'size', title: 'SIZE', exact: (row: readonly unknown[]) => (row[1] ?? null) as number | null },
];

test('a cell is quoted where RFC 4180 needs it, and each row is one line', () => {
  const table = csvTable(columns);
  const rows = [
    ['a,b', 1],
    ['say "x"', null],
    ['two\nlines', 2],
    [' end ', 3],
    ['-Xk3', 4],
  ];
  const text = rows.map((row) => table.push(row)).join('') + table.end();
  const lines = ['file,size', '"a,b",1', '"say ""x""",', 'two\\nlines,2', '" end ",3', '-Xk3,4', ''];
  assert.equal(text, lines.join('\r\n'));
});

test('a table without rows has its header', () => {
  assert.equal(csvTable(columns).end(), 'file,size\r\n');
});
