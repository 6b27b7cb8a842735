/** The types of the results, as the package has them, name every key that the schema of the lines of JSON has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AUDIT_RESULTS } from '../../src/transfer/audit.js';

const ROOT = join(import.meta.dirname, '../../..');
const DECLARATIONS = readFileSync(join(ROOT, 'dist/calve/library.d.ts'), 'utf8');
const { $defs } = JSON.parse(readFileSync(join(ROOT, 'schemas/calve.schema.json'), 'utf8')) as {
  $defs: Record<string, { required: readonly string[] }>;
};

/** The name of each type in the schema. */
const NAMES: Readonly<Record<string, string>> = {
  Archive: 'archive',
  Upload: 'upload',
  Part: 'part',
  Aborted: 'aborted',
  Unfinished: 'unfinished',
  Hashed: 'hash',
  Verified: 'verified',
  Audited: 'audited',
  AuditSummary: 'audit-summary',
};

/** Returns the keys that an interface declares itself. */
function keysOf(name: string): string[] {
  const [, body = ''] = new RegExp(`^interface ${name} .*?\\{\\n(.*?)^\\}`, 'ms').exec(DECLARATIONS) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+):/gm)].map(([, key = '']) => key);
}

for (const [name, type] of Object.entries(NAMES)) {
  test(`the type ${name} has the keys of a line of type ${type}`, () => {
    // Its counts come from the type that it extends.
    const inherited = name === 'AuditSummary' ? AUDIT_RESULTS : [];
    assert.deepEqual([...keysOf(name), ...inherited].sort(), [...($defs[type]?.required ?? [])].sort());
  });
}
