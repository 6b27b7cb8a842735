import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkDescription,
  describeFile,
  descriptionExcess,
  isLegalDescription,
  readableDescription,
} from '../../src/core/description.js';
import { isFailure } from '../../src/core/failures.js';

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 1024,
});

test('printable ASCII up to 1,024 characters is accepted, without its outer spaces', () => {
  fc.assert(
    fc.property(printable, (text) => {
      assert.ok(isLegalDescription(text));
      assert.equal(checkDescription(text), text.trim());
    }),
  );
  assert.ok(isLegalDescription('a'.repeat(1024)));
});

test('any other text is refused', () => {
  for (const text of ['é', 'a\tb', 'a\nb', 'a\n', '\x7f', '\x1f', '照片', '🦭', 'a'.repeat(1025)]) {
    assert.throws(
      () => checkDescription(text),
      (error) => isFailure(error, 'usage'),
      JSON.stringify(text.slice(0, 9)),
    );
  }
});

test('a plain file name is its own description', () => {
  assert.equal(describeFile('photos-2024.tar.zst', 0), 'photos-2024.tar.zst');
  assert.equal(describeFile('a  b', 0), 'a  b');
});

test('a name outside ASCII is encoded in the mt2 form, from which name and time can be decoded', () => {
  const description = describeFile('Fotos é.tar', Date.UTC(2024, 1, 29, 23, 59, 58, 999));
  assert.ok(description.startsWith('mt2 '));
  assert.deepEqual(JSON.parse(Buffer.from(description.slice(4), 'base64url').toString('utf8')), {
    mtime: '20240229T235958Z',
    filename: 'Fotos é.tar',
  });
});

test('a file time that has no four-digit year becomes the nearest time that has one', () => {
  const mtimeOf = (mtimeMs: number) =>
    JSON.parse(Buffer.from(describeFile('é', mtimeMs).slice(4), 'base64url').toString('utf8')).mtime;
  for (const mtimeMs of [Date.UTC(10_000, 0), 8.64e15 + 1, 2 ** 63 * 1000])
    assert.equal(mtimeOf(mtimeMs), '99991231T235959Z');
  for (const mtimeMs of [Date.UTC(-1, 0), -(2 ** 63) * 1000])
    assert.equal(mtimeOf(mtimeMs), '00000101T000000Z');
  assert.equal(mtimeOf(-1000), '19691231T235959Z');
});

/** A name that file systems allow: at most 255 bytes, without NUL and slash. */
const fileName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter(
    (name) => !/[\0/]/.test(name) && Buffer.byteLength(name) <= 255 && Buffer.from(name).toString() === name,
  );

test('every file name has a legal description, from which the name can be decoded', () => {
  fc.assert(
    fc.property(fileName, fc.integer({ min: 0, max: 4e12 }), (name, mtimeMs) => {
      const description = describeFile(name, mtimeMs);
      assert.equal(checkDescription(description), description);
      const back =
        description.startsWith('mt2 ') && description !== name
          ? JSON.parse(Buffer.from(description.slice(4), 'base64url').toString('utf8')).filename
          : description;
      assert.equal(back, name);
    }),
    { numRuns: 300 },
  );
});

test('a description of the mt2 form is read back as its file name, and any other text stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const text = describeFile(name, 0);
      if (text !== name) assert.equal(readableDescription(text), name);
    }),
  );
  const encode = (bytes: string | Buffer) => `mt2 ${Buffer.from(bytes as string).toString('base64url')}`;
  const others = ['{"filename":1}', '{}', 'null', 'x', Buffer.from([0xff])].map(encode);
  for (const text of [...others, 'backup.tar', 'mt2 backup.tar', 'mt2 ', '']) {
    assert.equal(readableDescription(text), text);
  }
});

test('a name whose description is too long for a vault is reported with its length', () => {
  assert.equal(descriptionExcess('x'.repeat(1024)), null);
  const excess = { thing: 'description', max: 1024, unit: 'characters' };
  assert.deepEqual(descriptionExcess('ü'.repeat(400)), { ...excess, length: 1127 });
  assert.deepEqual(descriptionExcess('x'.repeat(1025))?.unit, 'characters');
});
