import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { encodeLine } from '../../src/state/checked-line.js';
import { parseJournal } from '../../src/state/journal-reader.js';
import { encodeHead, encodeRecord, type JournalRecord } from '../../src/state/journal-records.js';
import type { UnfinishedUpload } from '../../src/transfer/ports/state.js';
import { hashOf, sampleHead, stateFailing } from './samples.js';

const head = sampleHead();
const whole = { sizeBytes: 100_000_000, treeHash: hashOf('whole') };
const touched = { ...head.fingerprint, inode: '99' };

function part(index: number): JournalRecord {
  return {
    type: 'part',
    index,
    treeHash: hashOf(index),
    linearHash: index === 1 ? null : hashOf(`l${index}`),
  };
}

const completing: JournalRecord = { type: 'completing', ...whole };
const records: JournalRecord[] = [
  part(3),
  part(1),
  { type: 'fingerprint', fingerprint: touched },
  part(0),
  completing,
];

function journal(...lines: JournalRecord[]): Buffer {
  return Buffer.from(encodeHead(head, 'boot-1') + lines.map(encodeRecord).join(''));
}

function parse(bytes: Buffer) {
  return parseJournal(bytes, '/state/x.jsonl', {
    lastActivityAt: '2026-01-02T03:04:05.678Z',
    boot: 'boot-1',
  });
}

/** Returns the upload, or null when the head was found damaged, as it should be. */
function parseOrDamaged(bytes: Buffer): UnfinishedUpload | null {
  try {
    return parse(bytes).upload;
  } catch (error) {
    stateFailing('damaged', 'x.jsonl')(error);
    return null;
  }
}

/** Checks that everything that was read is true, and that a `completing` record is found or reported as uncertain. */
function assertTruth(upload: UnfinishedUpload, wasCompleting: boolean, where: string): void {
  assert.deepEqual(upload.head, head, where);
  for (const [index, { treeHash, linearHash }] of upload.parts) {
    assert.deepEqual({ type: 'part', index, treeHash, linearHash }, part(index), where);
  }
  assert.ok(
    [head.fingerprint, touched].some(({ inode }) => inode === upload.fingerprint.inode),
    where,
  );
  if (upload.completing !== null) assert.deepEqual(upload.completing, whole, where);
  if (wasCompleting) assert.ok(upload.completing !== null || upload.completingUncertain, where);
}

test('a journal torn at any byte gives its complete lines, and reports the rest as damaged', () => {
  const bytes = journal(...records);
  const headEnd = encodeHead(head, 'boot-1').length;
  const ends = [headEnd];
  for (const record of records) ends.push((ends.at(-1) ?? 0) + Buffer.byteLength(encodeRecord(record)));
  const headBytes = Buffer.byteLength(encodeHead(head, 'boot-1'));
  const shift = headBytes - headEnd; // The head contains characters of several bytes.
  for (let at = 0; at < bytes.length; at++) {
    const upload = parseOrDamaged(bytes.subarray(0, at));
    if (at < headBytes) {
      assert.equal(upload, null, `torn at ${at}`);
      continue;
    }
    assert.ok(upload);
    const wholeLines = ends.filter((end) => end + shift <= at).length - 1;
    const expected = records.slice(0, wholeLines).filter(({ type }) => type === 'part').length;
    assert.equal(upload.parts.size, expected, `torn at ${at}`);
    const isTorn = !ends.some((end) => end + shift === at);
    assert.equal(upload.damagedLines, isTorn ? 1 : 0, `torn at ${at}`);
    const beganCompleting = at > (ends.at(-2) ?? 0) + shift;
    assertTruth(upload, beganCompleting, `torn at ${at}`);
    // The beginning of a part line proves that it was not a completing line.
    const inPart = isTorn && records[wholeLines]?.type === 'part';
    if (inPart && at - shift - (ends[wholeLines] ?? 0) >= 10) {
      assert.equal(upload.completingUncertain, false, `torn at ${at}`);
    }
  }
});

test('a journal with any changed byte gives its intact lines, or is reported as damaged', () => {
  const bytes = journal(...records);
  const headBytes = Buffer.byteLength(encodeHead(head, 'boot-1'));
  for (let at = 0; at < bytes.length; at++) {
    const right = bytes[at] ?? 0;
    for (const wrong of new Set([right ^ 1, right ^ 0x20, right ^ 0x80, 10, 0, 0x7d])) {
      if (wrong === right) continue;
      bytes[at] = wrong;
      const where = `byte ${at} as ${wrong}`;
      const upload = parseOrDamaged(bytes);
      assert.equal(upload === null, at < headBytes, where);
      if (upload === null) continue;
      assert.ok(upload.damagedLines > 0, where);
      assertTruth(upload, true, where);
    }
    bytes[at] = right;
  }
});

test('a range overwritten with zeros or random bytes never loses a completing line silently', () => {
  const bytes = journal(...records, part(2));
  const afterHead = Buffer.byteLength(encodeHead(head, 'boot-1'));
  const place = fc.integer({ min: afterHead, max: bytes.length - 1 });
  fc.assert(
    fc.property(place, fc.uint8Array({ maxLength: 300 }), (start, garbage) => {
      const changed = Buffer.from(bytes);
      changed.set(Buffer.from([0, ...garbage]).subarray(0, bytes.length - start), start);
      const upload = parseOrDamaged(changed);
      assert.ok(upload);
      assert.ok(upload.damagedLines > 0);
      assertTruth(upload, true, `from ${start}`);
    }),
  );
});

test('arbitrary bytes give a state failure and no other error', () => {
  const tail = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.boolean(), tail, (withHead, bytes) => {
      const whole = withHead ? Buffer.concat([journal(part(2)), bytes]) : Buffer.from(bytes);
      try {
        assert.deepEqual([...parse(whole).upload.parts.keys()], [2]);
      } catch (error) {
        assert.ok(isFailure(error, 'state'), String(error));
        assert.equal(withHead, false);
      }
    }),
  );
});

test('intact lines of a wrong shape count as damaged lines', () => {
  const wrong = [
    { type: 'part', index: 6, treeHash: hashOf(6), linearHash: null },
    { type: 'part', index: 1.5, treeHash: hashOf(1), linearHash: null },
    { type: 'part', index: 1, treeHash: hashOf(1).toUpperCase(), linearHash: null },
    { type: 'part', index: 1, treeHash: hashOf(1) },
    { type: 'part', index: 1, treeHash: hashOf(1), linearHash: null, etag: 'x y' },
    { type: 'part', index: 1, treeHash: hashOf(1), linearHash: null, etag: null },
    { type: 'part', index: 1, treeHash: hashOf(1), linearHash: null, crc32: 'AAAAAA==' },
    { type: 'part', index: 1, treeHash: hashOf(1), linearHash: null, size: 5 },
    { type: 'completing', sizeBytes: -1, treeHash: hashOf(1) },
    { type: 'surprise' },
  ];
  for (const value of wrong) {
    const { upload } = parse(Buffer.concat([journal(), Buffer.from(encodeLine(value))]));
    assert.deepEqual([upload.parts.size, upload.damagedLines, upload.completing], [0, 1, null]);
    assert.equal(upload.completingUncertain, true);
  }
});

test('an ETag is any text, survives the journal, and its torn line can only be that of a part', () => {
  const etags = [
    'x y',
    'd\u00e9j\u00e0',
    '\t',
    '=',
    '{"type":"completing"}',
    'e'.repeat(5000),
    '"',
    'a"b\\c',
  ];
  for (const etag of etags) {
    const record = { ...part(2), etag } as JournalRecord;
    const bytes = journal(record);
    assert.equal(parse(bytes).upload.parts.get(2)?.etag, etag);
    const { length } = journal();
    for (let end = length + 10; end < bytes.length; end += 1 + Math.floor(bytes.length / 500)) {
      const { upload } = parse(bytes.subarray(0, end));
      assert.deepEqual([upload.damagedLines, upload.completingUncertain], [1, false], `${etag} ${end}`);
    }
  }
});

test('a part has the hashes that its request had, and a line of a part can be torn anywhere in them', () => {
  const record: JournalRecord = {
    type: 'part',
    index: 2,
    treeHash: hashOf(2),
    linearHash: null,
    crc32: '00c0ffee',
  };
  const bytes = journal(record);
  const { type: _, index, ...recorded } = record;
  assert.deepEqual(parse(bytes).upload.parts.get(index), recorded);
  for (let end = journal().length + 10; end < bytes.length; end += 1) {
    const { upload } = parse(bytes.subarray(0, end));
    assert.deepEqual([upload.damagedLines, upload.completingUncertain], [1, false], `${end}`);
  }
});

test('an ETag that is hex digits or base64 is written as it is', () => {
  for (const etag of ['d41d8cd98f00b204e9800998ecf8427e-12', 'ab+/cd==']) {
    assert.ok(encodeRecord({ ...part(2), etag } as JournalRecord).includes(`"etag":"${etag}"`));
  }
});

test('a completing line that follows a part line without a newline is uncertain', () => {
  const glued = encodeRecord(part(2)).replace('\n', ' ') + encodeRecord(completing);
  for (const text of [glued, glued.slice(0, -1), glued.slice(0, -40)]) {
    const { upload } = parse(Buffer.concat([journal(), Buffer.from(text)]));
    assert.deepEqual([upload.damagedLines, upload.completingUncertain], [1, true]);
  }
});

test('a later reopened line cancels a completing line, even an unreadable one', () => {
  const damaged = Buffer.concat([
    journal(),
    Buffer.from('{"type":"compl\n'),
    Buffer.from(encodeRecord({ type: 'reopened' })),
  ]);
  const { upload } = parse(damaged);
  assert.deepEqual([upload.damagedLines, upload.completingUncertain, upload.completing], [1, false, null]);
  assert.deepEqual(parse(journal(completing, { type: 'reopened' }, completing)).upload.completing, whole);
});

test('the last of several lines for one part is used', () => {
  const newer: JournalRecord = { type: 'part', index: 3, treeHash: hashOf('newer'), linearHash: null };
  assert.equal(parse(journal(part(3), part(1), newer)).upload.parts.get(3)?.treeHash, hashOf('newer'));
});

test('a head of a newer version is reported as newer, and one without a version as damaged', () => {
  const withVersion = (version: unknown) =>
    Buffer.from(encodeLine({ type: 'head', version, boot: 'boot-1', ...head }));
  assert.deepEqual(parse(withVersion(2)).upload.head, head);
  assert.throws(() => parse(withVersion(3)), stateFailing('newer', 'x.jsonl'));
  for (const version of [0, 1, -1, '2', null, 1.5]) {
    assert.throws(() => parse(withVersion(version)), stateFailing('damaged', 'x.jsonl'));
  }
});

test('a head with an inconsistent plan is damaged', () => {
  const plan = { sizeBytes: 100_000_000, partSizeBytes: 16_777_216, partCount: 5 };
  const bytes = Buffer.from(encodeLine({ type: 'head', version: 2, boot: 'boot-1', ...head, plan }));
  assert.throws(() => parse(bytes), stateFailing('damaged'));
});

test('records are whole under the boot that wrote or last listed them, and never with a damaged line', () => {
  const wholeness = (boot: string, ...lines: JournalRecord[]): boolean =>
    parseJournal(journal(...lines), '/state/x.jsonl', { lastActivityAt: '2026-01-02T03:04:05.678Z', boot })
      .upload.hasAllRecords;
  assert.equal(wholeness('boot-1', part(1)), true);
  assert.equal(wholeness('boot-2', part(1)), false);
  assert.equal(wholeness('boot-2', part(1), { type: 'listed', boot: 'boot-2' }, part(2)), true);
  assert.equal(wholeness('boot-1', part(1), { type: 'listed', boot: 'boot-2' }), false);
  assert.equal(wholeness('', part(1), { type: 'listed', boot: '' }), false);
  const torn = journal(part(1), part(2)).subarray(0, -3);
  assert.equal(parse(torn).upload.hasAllRecords, false);
});
