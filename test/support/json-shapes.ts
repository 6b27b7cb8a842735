/** The lines of `--json` in tests: each is compared with the schema. */
import assert from 'node:assert/strict';
import { checkJsonLine } from './json-schema.js';

/** A type of `schemas/calve.schema.json`. */
type Type =
  | ('archive' | 'plan' | 'summary' | 'unfinished' | 'upload' | 'page' | 'part' | 'aborted' | 'verified')
  | ('fleet' | 'share' | 'sent')
  | ('hash' | 'check' | 'audited' | 'audit-summary' | 'imported' | 'exported' | 'listening' | 'error');

export type Printed = Readonly<Record<string, unknown>>;

/** Every line of stdout, each checked to be exactly such an object. */
export function jsonOf(stdout: string, name: Type): Printed[] {
  assert.ok(stdout === '' || stdout.endsWith('\n'), 'the last line has its newline');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => checkObject(line, name));
}

/** The objects of a run over several files, and its summary, which is the last line. */
export function jsonOfFiles(
  stdout: string,
  name: Type,
): { readonly objects: Printed[]; readonly summary: Printed } {
  const lines = stdout.split('\n').slice(0, -1);
  const summary = checkObject(lines.pop() ?? '', 'summary');
  return { objects: lines.map((line) => checkObject(line, name)), summary };
}

/** The only line of stdout, so checked. */
export function oneJson(stdout: string, name: Type): Printed {
  const objects = jsonOf(stdout, name);
  assert.equal(objects.length, 1, `one line was wanted: ${stdout}`);
  return objects[0] as Printed;
}

/** One line, checked. */
export function checkObject(line: string, type: Type): Printed {
  const object = checkJsonLine('output', line.replace(/\n$/, ''));
  assert.equal(object['type'], type);
  return object;
}

/** A tab-separated table as objects by its header line. */
export function tableOf(stdout: string): Record<string, string>[] {
  const [header = '', ...rows] = stdout.replace(/\n$/, '').split('\n');
  const names = header.split('\t');
  return rows.map((row) => {
    const cells = row.split('\t');
    assert.equal(cells.length, names.length, `as many cells as the header has: ${row}`);
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}
