import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitNumbersHelp } from '../../../src/ui/text/help-text.js';

test('exit numbers have a column of their own, and long meanings wrap beside it', () => {
  const text = exitNumbersHelp([
    { code: 0, meaning: 'done' },
    {
      code: 3,
      meaning:
        'stopped before the end, state kept where there is any: running the same command again goes on',
    },
    { code: '129, 130, 143', meaning: 'stopped by SIGHUP, SIGINT, SIGTERM; state kept' },
  ]);
  assert.equal(
    text,
    [
      'Exit numbers:',
      '              0  done',
      '              3  stopped before the end, state kept where there is any: running',
      '                 the same command again goes on',
      '  129, 130, 143  stopped by SIGHUP, SIGINT, SIGTERM; state kept',
      '',
    ].join('\n'),
  );
  assert.ok(text.split('\n').every((line) => line.length <= 80));
});
