import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../../src/transfer/events.js';
import { describeNotice } from '../../../src/ui/wording/notices.js';
import { NOTICE_LINES } from './notice-samples.js';

const env = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: true };

for (const [notice, [facts, line]] of Object.entries(NOTICE_LINES)) {
  test(`the notice ${notice} is one line`, () => {
    assert.equal(describeNotice({ notice, ...facts } as Notice, env), line);
  });
}

test('a notice about a file starts with its name, once', () => {
  const file = '/data/b\x1bc';
  assert.match(
    describeNotice({ notice: 'gone-created-again', uploadId: '-X', file } as Notice, env),
    /^b\\x1bc: upload -X is no longer on the service/,
  );
  const busy = { notice: 'busy-skipped', file: '/data/a', holder: 'nas' } as const;
  assert.match(describeNotice(busy, env), /^\/data\/a: another calve/);
});

test('a single part has the singular', () => {
  assert.match(describeNotice({ notice: 'comparing-again', parts: 1 }, env), /: 1 part is read again/);
});

test('an invalid time is printed as a question mark', () => {
  assert.match(
    describeNotice({ notice: 'already-archived', archiveId: 'a', archivedAt: 'yesterday' }, env),
    /archived to this target on \?: nothing/,
  );
});

test('a notice about a stream names standard input', () => {
  const line = describeNotice({ notice: 'default-class', storageClass: 'STANDARD', file: '-' }, env);
  assert.match(line, /^standard input: the storage class is STANDARD;/);
});
