import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { pasteLine, resumeLine, type WordingEnvironment } from '../../../src/ui/wording/paste-line.js';

const AT_TERMINAL: WordingEnvironment = {
  stateDirectory: '/home/ann/.local/state/calve',
  stateDirectoryGiven: false,
  isTerminal: true,
};

/** Runs one shell for all lines. It prints each word with a NUL at its end, and an empty word after each line. */
function wordsByBash(lines: readonly string[]): string[][] {
  const script = lines.map((line) => `printf '%s\\0' ${line} ''`).join('\n');
  const out = execFileSync('bash', { input: script, encoding: 'utf8', env: { LC_ALL: 'C.UTF-8' } });
  const words = out.split('\0');
  const result: string[][] = [];
  let current: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (word === '') {
      result.push(current);
      current = [];
    } else {
      current.push(word);
    }
  }
  return result;
}

test('a shell reads every printed line back as exactly the same words', () => {
  const word = fc.string({
    unit: fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        '\\',
        '$',
        '`',
        ' ',
        '\n',
        '\t',
        '!',
        '*',
        '-',
        '=',
        '~',
        '\x1b',
        '\u202e',
        '\x80',
      ),
      fc.constantFrom('a', '7', 'é', '写', '👩'),
    ),
    minLength: 1,
    maxLength: 12,
  });
  const samples = fc.sample(fc.array(word, { minLength: 1, maxLength: 5 }), { numRuns: 200, seed: 7 });
  const lines = samples.map(pasteLine);
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\u202e]/u);
  assert.deepEqual(wordsByBash(lines), samples);
});

test('an upload is resumed by its file', () => {
  const context = { file: "/data/Ann's photos.tar", uploadId: '-abc', resumable: true };
  assert.equal(resumeLine(context, AT_TERMINAL), "calve resume '/data/Ann'\\''s photos.tar'");
});

test('standard input has no name, so its upload is resumed by id, and an id may begin with a hyphen', () => {
  assert.equal(
    resumeLine({ file: '-', uploadId: '-a_b', resumable: true }, AT_TERMINAL),
    'calve resume -- -a_b',
  );
  assert.equal(resumeLine({ uploadId: 'a_b', resumable: true }, AT_TERMINAL), 'calve resume a_b');
});

test('the state folder is named if an option set it, and always without a terminal', () => {
  const context = { file: '/data/a', resumable: true };
  const given = { ...AT_TERMINAL, stateDirectory: '/srv/my state', stateDirectoryGiven: true };
  assert.equal(resumeLine(context, given), "calve resume --state-dir '/srv/my state' /data/a");
  const cron = { ...AT_TERMINAL, isTerminal: false };
  assert.equal(resumeLine(context, cron), 'calve resume --state-dir /home/ann/.local/state/calve /data/a');
  const catalogued = { ...AT_TERMINAL, catalogueGiven: '/srv/archives' };
  assert.equal(resumeLine(context, catalogued), 'calve resume --catalogue /srv/archives /data/a');
  const none = { ...cron, stateDirectory: null };
  assert.equal(resumeLine(context, none), 'calve resume /data/a');
});

test('there is no line for an upload that cannot be resumed', () => {
  assert.equal(resumeLine({ file: '/data/a', resumable: false }, AT_TERMINAL), null);
  assert.equal(resumeLine({ file: '/data/a' }, AT_TERMINAL), null);
  assert.equal(resumeLine({ resumable: true }, AT_TERMINAL), null);
});
