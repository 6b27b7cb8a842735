import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Help } from 'commander';
import { exitNumbersHelp } from '../../src/cli/help.js';

test('exit numbers have a column of their own, and long meanings wrap beside it', () => {
  const rows = [
    { code: 0, meaning: 'done' },
    {
      code: 3,
      meaning:
        'stopped before the end, state kept where there is any: running the same command again goes on',
    },
    { code: 129, meaning: 'stopped by SIGHUP; state kept' },
  ];
  const text = exitNumbersHelp(rows, new Help());
  assert.equal(
    text,
    [
      'Exit numbers:',
      '    0  done',
      '    3  stopped before the end, state kept where there is any: running the same',
      '       command again goes on',
      '  129  stopped by SIGHUP; state kept',
      '',
    ].join('\n'),
  );
  assert.ok(text.split('\n').every((line) => line.length <= 80));
});
