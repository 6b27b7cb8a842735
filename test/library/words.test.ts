import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Io } from '../../src/cli/io.js';
import { buildProgram } from '../../src/cli/program.js';
import { TransferError } from '../../src/core/failures.js';
import { calveErrorOf } from '../../src/library/calve-error-of.js';
import { camelCase } from '../../src/library/given.js';
import { hash, resume, upload } from '../../src/library/index.js';
import { programWords } from '../../src/library/program-words.js';
import { SAMPLES } from '../ui/wording/failure-samples.js';
import { rejection, TARGET } from './support.js';

const FACTS = {
  wording: { stateDirectory: '/state', stateDirectoryGiven: true, isTerminal: false },
  nameOf: camelCase,
  lookUp: null,
};

const { command: program } = buildProgram({} as Io, '0');

const say = (text: string, verbatim: readonly string[] = []): string =>
  programWords(text, verbatim, camelCase);

/** Kinds of failures that only the command line has. */
const COMMAND_ALONE = new Set(['fleet-incomplete', 'fleet-differs', 'manifest', 'output', 'lines-refused']);
/** The same of the reasons: of folders and lists, and of commands. */
const REASONS_ALONE = new Set(['folder-unreadable', 'not-a-path', 'outside', 'command', 'no-command']);

test('no message and no hint of a program names a flag outside of a command line', () => {
  for (const error of Object.values(SAMPLES).flat() as TransferError[]) {
    const { why } = error.facts as { readonly why?: string };
    if (COMMAND_ALONE.has(error.kind) || REASONS_ALONE.has(why ?? '') || error.context.fleet) continue;
    const { message, hint } = calveErrorOf(error, FACTS);
    for (const text of [message, hint ?? '']) {
      const prose = text
        .split(/[;,] /)
        .map((clause) => clause.replace(/\bcalve [a-z-]+ .*$/s, ''))
        .join(' ');
      assert.doesNotMatch(
        prose.replace('split --bytes', ''),
        /(^|[\s(])--[a-z]/,
        `${error.kind} ${why}: ${text}`,
      );
      assert.doesNotMatch(
        text,
        /standard input|same (calve )?command|pipeline|run calve upload|service above/,
        `${error.kind} ${why}: ${text}`,
      );
    }
  }
});

test('options have their names in words, and a command line stays as it is', () => {
  const cases: readonly [string, string][] = [
    [
      'use --part-size 16M, or --part-size auto, which chooses it',
      'use partSize 16M, or partSize auto, which chooses it',
    ],
    ['--fresh --part-size 8M creates a new upload', 'fresh and partSize 8M creates a new upload'],
    ['add --archive-id=abc', 'add archiveId: abc'],
    ['upload --fresh sends the file again', 'upload with fresh sends the file again'],
    ['no connection within 10s (--connect-timeout)', 'no connection within 10s (connectTimeout)'],
    [
      "fix --state-dir, then: calve resume '/a; b --x' --state-dir /s",
      "fix stateDir, then: calve resume '/a; b --x' --state-dir /s",
    ],
    [
      "the machine's --region isn't right; calve abort --all",
      "the machine's region isn't right; calve abort --all",
    ],
    [
      'calve abort s3://b/k --upload-id=1; or use --fresh',
      'calve abort s3://b/k --upload-id=1; or use fresh',
    ],
    ['split it (split --bytes)', 'split it (split --bytes)'],
  ];
  for (const [text, words] of cases) assert.equal(say(text), words);
  for (const command of program.commands) {
    const line = `calve ${command.name()} --all`;
    assert.equal(say(line), line);
  }
  const path = '/data/a --fresh b';
  assert.equal(say(`${path}: add --fresh`, [path]), `${path}: add fresh`);
});

test('refusals of calls speak of the program', async () => {
  const region = 'eu-west-1';
  const name = await rejection(upload('package.json', TARGET, { region, name: 'a' }));
  assert.deepEqual([name.message, name.hint], ['name a: a file has a name', 'it is for a stream']);
  const size = await rejection(upload('package.json', TARGET, { region, partSize: '3M' }));
  assert.equal(size.hint, 'name one such as 16M, 64M or 1G, or let calve choose with partSize auto');
  const kms = await rejection(upload('package.json', 's3://b/', { region, sseKmsKeyId: 'k' }));
  assert.equal(kms.message, 'sseKmsKeyId k: a KMS key needs sse aws:kms or aws:kms:dsse');
  if (kms.kind !== 'usage') throw kms;
  assert.equal(kms.facts.why, 'a KMS key needs sse aws:kms or aws:kms:dsse');
  const missing = await rejection(hash('/nonexistent/a --fresh'));
  assert.match(missing.message, /^\/nonexistent\/a --fresh: there is no such file/);
  const stream = await rejection(resume(Buffer.from('x'), TARGET, { region, uploadId: 'a', name: '-' }));
  assert.match(stream.message, /^name -: - stands for a stream without a name/);
});

test('the error of a failed stream is its cause, and the words are about the stream', () => {
  const cause = new Error('boom');
  const facts = { path: '-', why: 'unreadable', detail: 'boom' } as const;
  const error = calveErrorOf(new TransferError('source', facts, { cause }), FACTS);
  assert.deepEqual(
    [error.message, error.hint, error.cause],
    ['the stream failed: boom', 'check why its writer failed', cause],
  );
});
