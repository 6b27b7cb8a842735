import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCreated, isRelativeName, parseJournalLine } from '../../src/core/mtglacier-journal.js';
import { hashOf } from '../state/samples.js';

const HASH = hashOf('bytes');
const archive = {
  createdSeconds: 1_700_000_000,
  archiveId: '-Xk3',
  sizeBytes: 77,
  mtimeSeconds: -5,
  treeHash: HASH,
  relativePath: 'photos/ü x.tar',
};

test('a written line is read as the same archive', () => {
  const line = formatCreated(archive);
  assert.equal(line, `B\t1700000000\tCREATED\t-Xk3\t77\t-5\t${HASH}\tphotos/ü x.tar\n`);
  const unknown = { ...archive, mtimeSeconds: null, relativePath: null };
  for (const each of [archive, unknown])
    assert.deepEqual(parseJournalLine(formatCreated(each).trimEnd()), { type: 'created', archive: each });
});

test('lines of every version are read', () => {
  const created = (line: string) => {
    const parsed = parseJournalLine(line);
    assert.equal(parsed.type, 'created', line);
    return parsed.type === 'created' ? parsed.archive : null;
  };
  const rest = `-Xk3\t77\t-5\t${HASH.toUpperCase()}\tphotos/ü x.tar`;
  for (const version of 'ABC') assert.deepEqual(created(`${version}\t1700000000\tCREATED\t${rest}`), archive);
  const withoutTime = { ...archive, mtimeSeconds: null };
  assert.deepEqual(created(`1700000000 CREATED -Xk3 77 ${HASH} photos/ü x.tar`), withoutTime);
  assert.deepEqual(created(`C\t1700000000\tCREATED\t-Xk3\t77\tNONE\t${HASH}\tphotos/ü x.tar`), withoutTime);
  // The inventory of mtglacier has the id in the place of a name that it does not know.
  const unnamed = { ...withoutTime, relativePath: null };
  assert.deepEqual(created(`A\t1700000000\tCREATED\t-Xk3\t77\t1\t${HASH}\t-Xk3`), unnamed);
  for (const line of ['B\t1\tDELETED\t-Xk3\tname', '1 DELETED -Xk3 name'])
    assert.deepEqual(parseJournalLine(line), { type: 'deleted', archiveId: '-Xk3' });
  for (const line of ['B\t1\tRETRIEVE_JOB\t-Xk3\tjob', '1 RETRIEVE_JOB -Xk3'])
    assert.equal(parseJournalLine(line).type, 'other');
});

test('a line that mtglacier would refuse, or that no vault can have, has no archive', () => {
  const types = (lines: readonly string[]) => new Set(lines.map((line) => parseJournalLine(line).type));
  const line = (size: string, hash: string, name = 'x', time = '1') =>
    `B\t${time}\tCREATED\tid\t${size}\t1\t${hash}\t${name}`;
  const damaged = [
    '',
    'B\t1',
    '1 CREATED',
    'hello',
    line('-1', HASH),
    line('1', 'abc'),
    line('1', HASH, 'x', '9'.repeat(20)),
  ];
  assert.deepEqual(types([...damaged, line('9'.repeat(16), HASH)]), new Set(['damaged']));
  assert.deepEqual(types(['D\t1\tCREATED']), new Set(['newer']));
  const names = ['/etc/passwd', '../x', 'a/../b', 'a//b', '.', ''];
  assert.deepEqual(types(names.map((name) => line('1', HASH, name))), new Set(['name']));
  assert.deepEqual(['a\tb', 'a\rb', 'a\nb', ...names].filter(isRelativeName), []);
  assert.ok(['.hidden', 'a..b/c', 'a b/ü'].every(isRelativeName));
});
