import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeLine, encodeLine } from '../../src/state/checked-line.js';

const lineBytes = (value: object) => Buffer.from(encodeLine(value)).subarray(0, -1);

const anyObject = fc
  .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { minKeys: 1 })
  .filter(
    (value) => !('check' in value) && !('__proto__' in value) && !Object.keys(value).includes('__proto__'),
  );

test('an encoded line is decoded to the same object, and any JSON reader can read it', () => {
  fc.assert(
    fc.property(anyObject, (value) => {
      const line = encodeLine(value);
      assert.equal(line.indexOf('\n'), line.length - 1);
      const plain = JSON.parse(JSON.stringify(value));
      assert.deepEqual({ ...decodeLine(lineBytes(value)) }, { ...plain });
      const { check, ...rest } = JSON.parse(line);
      assert.match(check, /^[0-9a-f]{16}$/);
      assert.deepEqual(rest, { ...plain });
    }),
  );
});

test('the check is the last key, and covers the text before it', () => {
  // The value that sha256sum of coreutils prints for {"a":1
  assert.equal(encodeLine({ a: 1 }), '{"a":1,"check":"8b0f0d75aabe01bb"}\n');
});

test('every single changed byte is detected', () => {
  const line = lineBytes({ type: 'part', name: 'caf\u00e9 \ufffd' });
  for (let at = 0; at < line.length; at++) {
    const right = line[at] ?? 0;
    for (let other = 0; other < 256; other++) {
      if (other === right) continue;
      line[at] = other;
      assert.equal(decodeLine(line), null, `byte ${at} as ${other}`);
    }
    line[at] = right;
  }
  assert.ok(decodeLine(line));
});

test('every cut and every added byte is detected', () => {
  const line = lineBytes({ type: 'part', index: 1 });
  for (let at = 0; at < line.length; at++) {
    assert.equal(decodeLine(line.subarray(0, at)), null);
    assert.equal(decodeLine(line.subarray(at + 1)), null);
  }
  assert.equal(decodeLine(Buffer.concat([line, Buffer.from(' ')])), null);
  assert.equal(decodeLine(Buffer.concat([line, Buffer.from('\r')])), null);
});

test('arbitrary bytes are not a line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeLine(Buffer.from(bytes)) === null),
  );
});

test('an object that a line cannot hold is refused', () => {
  for (const value of [{}, [], [1], { check: 'mine', a: 1 }]) {
    assert.throws(() => encodeLine(value), TypeError);
  }
});
