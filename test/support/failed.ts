/** Checks the output of a run that failed, whatever failed. */
import assert from 'node:assert/strict';
import type { Ended } from './calve.js';
import { checkObject, type Printed } from './json-shapes.js';

/** Lines that are progress or notices; the rest of stderr belongs to failures. */
const ASIDE =
  /^(note: .|.+: (archived|stopped at|\d+%)|waiting up to |[\d,]+ files? sent, |failed: .)|; trying again (in|at once) /;

/**
 * Asserts a failure's face: its number, an empty stdout, and on stderr a line `calve: WHAT: WHY`, perhaps a line
 * `hint: …`, no stack, nothing raw.
 * @returns the first failure's line
 */
export function assertFailed(ended: Ended, code: number): string {
  const { stderr } = ended;
  assert.equal(ended.code, code, `${stderr}${ended.stdout}`);
  assert.equal(ended.stdout, '', 'stdout carries results alone');
  return assertWords(stderr);
}

/** The same of a --json run: the object on stdout says what stderr says. */
export function assertFailedJson(ended: Ended, code: number): Printed {
  assert.equal(ended.code, code, `${ended.stderr}${ended.stdout}`);
  const line = assertWords(ended.stderr);
  const object = checkObject(ended.stdout, 'error');
  assert.equal(object['exitCode'], code);
  assert.equal(`calve: ${object['message']}`, line, 'both faces say the same');
  const hint = /^hint: (.*)$/m.exec(ended.stderr)?.[1] ?? null;
  assert.equal(object['hint'], hint);
  return object;
}

/** @returns the first failure's line */
export function assertWords(stderr: string): string {
  const lines = stderr.split('\n').slice(0, -1);
  assert.ok(stderr.endsWith('\n'), `the last line has its newline: ${stderr}`);
  assert.doesNotMatch(stderr, /^\s+at .*:\d+/m, 'no stack without --debug');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  assert.doesNotMatch(stderr, /[\x00-\x08\x0b-\x1f\x7f]/, 'nothing raw');
  const failures = lines.filter((line) => line.startsWith('calve: '));
  assert.ok(failures.length > 0, `a failure is told: ${stderr}`);
  for (const line of lines) {
    const isTold = /^calve: [^\s:].*: [^\s:]/.test(line) || /^hint: \S/.test(line) || ASIDE.test(line);
    assert.ok(isTold, `a line of another form: ${line}`);
  }
  return failures[0] ?? '';
}

/** Returns standard error with the errors of --progress json in the words that are printed without it. */
export function errorsAsText(stderr: string): string {
  return stderr.replaceAll(/^\{"type":"error".*$/gm, (line) => {
    const { message, hint } = JSON.parse(line) as { message: string; hint: string | null };
    return `calve: ${message}${hint === null ? '' : `\nhint: ${hint}`}`;
  });
}
