import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { decodeEntry, encodeEntry } from '../../src/state/catalogue-record.js';
import { parseJournal } from '../../src/state/journal-reader.js';
import { encodeHead, encodeRecord, type JournalRecord } from '../../src/state/journal-records.js';
import { openStateStore } from '../../src/state/state-store.js';
import { hashOf, sampleEntry, sampleHead } from '../state/samples.js';
import { allEntries } from '../support/all-entries.js';
import { tempFolder } from '../support/temp.js';
import { fuzz, hostileText } from './fuzz.js';

const head = sampleHead();
const now = { lastActivityAt: '2026-01-02T03:04:05.678Z', boot: 'boot-1' };
const whole = { sizeBytes: head.plan.sizeBytes, treeHash: hashOf('whole') };

const anyRecord: fc.Arbitrary<JournalRecord> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }).map(partRecord) },
  { weight: 1, arbitrary: fc.constant<JournalRecord>({ type: 'completing', ...whole }) },
  { weight: 1, arbitrary: fc.constant<JournalRecord>({ type: 'reopened' }) },
  { weight: 1, arbitrary: hostileText.map((boot): JournalRecord => ({ type: 'listed', boot })) },
);

function partRecord(index: number): JournalRecord {
  return { type: 'part', index, treeHash: hashOf(index), linearHash: hashOf(`l${index}`) };
}

type Edit = (bytes: Buffer) => Buffer;

function splice(at: number, count: number, put: Buffer): Edit {
  return (bytes) => {
    const start = bytes.length === 0 ? 0 : at % bytes.length;
    return Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + count)]);
  };
}

/** Bytes put in, taken out, and overwritten anywhere. */
const anyEdit: fc.Arbitrary<Edit> = fc
  .tuple(fc.nat(10_000), fc.integer({ min: 0, max: 60 }), fc.uint8Array({ maxLength: 60 }))
  .map(([at, count, put]) => splice(at, count, Buffer.from(put)));

test('A journal of any records, edited anyhow, reads as the truth or less of it, or is refused', async (t) => {
  const inputs = fc.tuple(fc.array(anyRecord, { maxLength: 12 }), fc.array(anyEdit, { maxLength: 3 }));
  await fuzz(t, 1500, inputs, ([records, edits]) => {
    const written = Buffer.from(encodeHead(head, 'boot-1') + records.map(encodeRecord).join(''));
    const bytes = edits.reduce<Buffer>((edited, edit) => edit(edited), written);
    try {
      const { upload } = parseJournal(bytes, '/state/x.jsonl', now);
      assert.deepEqual(upload.head, head);
      for (const [index, { treeHash, linearHash }] of upload.parts) {
        assert.deepEqual(partRecord(index), { type: 'part', index, treeHash, linearHash });
      }
      if (upload.completing !== null) assert.deepEqual(upload.completing, whole);
      if (edits.length === 0) assert.equal(upload.damagedLines, 0);
    } catch (error) {
      assert.ok(isFailure(error, 'state') && error.facts.why === 'damaged', String(error));
    }
  });
});

test('A catalogue entry, edited anyhow, is what was written or nothing', async (t) => {
  const entry = sampleEntry({ description: 'größe \u202e' });
  const written = Buffer.from(encodeEntry(entry));
  await fuzz(t, 3000, fc.array(anyEdit, { minLength: 1, maxLength: 3 }), (edits) => {
    const bytes = edits.reduce<Buffer>((edited, edit) => edit(edited), written);
    const read = decodeEntry(bytes);
    if (bytes.equals(written)) assert.deepEqual(read, entry);
    else assert.equal(read, null);
  });
});

test('An entry of any text is read back as it was', async (t) => {
  // What UTF-8 can't hold comes back as something else: names from the system and JSON never have it.
  const text = hostileText.map((each) => Buffer.from(each).toString());
  await fuzz(t, 1000, fc.record({ description: text, archiveId: text, uploadId: text }), (change) => {
    const entry = sampleEntry(change);
    let encoded: string;
    try {
      encoded = encodeEntry(entry);
    } catch (error) {
      // Ids are names: an empty one is never written.
      assert.ok(isFailure(error, 'bug') && (entry.archiveId === '' || entry.uploadId === ''), String(error));
      return;
    }
    assert.equal(encoded.indexOf('\n'), encoded.length - 1, 'one line, whatever is in it');
    assert.deepEqual(decodeEntry(Buffer.from(encoded)), entry);
  });
});

const HEX16 = '0123456789abcdef';
const fileName = fc.oneof(
  fc.constantFrom(
    '.tmp-x',
    'notes.txt',
    `${HEX16}-${HEX16}.json`,
    `${HEX16}-${HEX16}.jsonl`,
    `${HEX16}.json`,
  ),
  fc.stringMatching(/^[\w.-]{1,40}$/).filter((name) => name !== '.' && name !== '..'),
);

test('A folder with any files in it is read, or refused as damaged, by catalogue and state alike', async (t) => {
  const folder = tempFolder(t);
  const [state, archives] = [join(folder, 'state'), join(folder, 'archives')];
  const uploads = join(state, 'v2/uploads');
  const files = fc.dictionary(fileName, fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), {
    maxKeys: 4,
  });
  await fuzz(t, 150, files, async (wanted) => {
    const entries = join(archives, 'v2/aa');
    for (const place of [uploads, archives, entries]) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place, { recursive: true, mode: 0o700 });
      for (const [name, bytes] of Object.entries(wanted))
        writeFileSync(join(place, name), bytes, { mode: 0o600 });
    }
    for (const each of [state, join(state, 'v2'), join(archives, 'v2')]) chmodSync(each, 0o700);
    for (const read of [() => openStateStore(state).all(), () => allEntries(openCatalogue(archives))]) {
      try {
        assert.deepEqual(await read(), []);
      } catch (error) {
        assert.ok(isFailure(error, 'state') && error.facts.why === 'damaged', String(error));
      }
    }
    for (const [name, bytes] of Object.entries(wanted))
      for (const place of [archives, entries])
        assert.deepEqual(readFileSync(join(place, name)), Buffer.from(bytes), 'left as it was');
  });
});
