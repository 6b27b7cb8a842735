/** The schema, docs/json.md and the code name the same types, keys, kinds and notices. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Command } from 'commander';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import type { Io } from '../../src/cli/io.js';
import { buildProgram } from '../../src/cli/program.js';
import type { TransferError } from '../../src/core/failures.js';
import type { Notice, TransferEvent } from '../../src/transfer/events.js';
import { archiveJson } from '../../src/ui/archive-json.js';
import { auditSummaryJson, NO_COUNTS } from '../../src/ui/audit-json.js';
import { checkJson } from '../../src/ui/check-json.js';
import * as json from '../../src/ui/json.js';
import { planJson } from '../../src/ui/plan-output.js';
import { eventJson, filesJson, progressJson, readingJson, timed } from '../../src/ui/progress/event-json.js';
import { summaryJson } from '../../src/ui/summary-json.js';
import {
  checkJsonLine,
  type Definition,
  definitionNameOf,
  type JsonStream,
  readJsonSchema,
  readTypesOfCommands,
  STRICT,
  validatorOf,
} from '../support/json-schema.js';
import { FLEET_LINES } from '../ui/fleet-lines.js';
import { ENTRY, OPEN, UNFINISHED } from '../ui/listing-samples.js';
import { SAMPLES } from '../ui/wording/failure-samples.js';
import { NOTICE_LINES } from '../ui/wording/notice-samples.js';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/json.md'), 'utf8');
const SCHEMA = readJsonSchema();
const ENV = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: true };
const NOW_MS = Date.parse('2026-11-20T10:04:05.678Z');
const HASH = 'a'.repeat(64);

type Line = { readonly type: string };

/** The names that `#/$defs/NAME` lists. */
function listed(name: string): string[] {
  return (SCHEMA.$defs[name]?.oneOf ?? []).map(({ $ref = '' }) => $ref.replace('#/$defs/', ''));
}

const NO_FACTS = {
  ...{ accessKeyId: null, account: null, arn: null, expiresAt: null },
  ...{ clockOffsetMs: -5, path: '/tmp', freeBytes: 1, partSizeBytes: null },
};
const SUMMARY = { target: 'glacier://photos', sent: 1, skipped: 2, failed: 1, sentBytes: 9, durationMs: 3 };
const PLAN = {
  ...{ file: '-', target: 's3://photos/a', action: 'new' as const, size: null, partSize: 16, parts: null },
  ...{ partsDone: null, requests: null, storageClass: 'GLACIER', uploadId: null, archiveId: null },
  archivedAt: null,
};

const ERRORS = Object.values(SAMPLES).flatMap((samples) => samples as readonly TransferError[]);
const errors = ERRORS.map((error) => json.errorJson(error, exitCodeOf(error), ENV));

/** At least one line of each type on standard output. */
const OUTPUT: readonly Line[] = [
  archiveJson(ENTRY),
  planJson(PLAN),
  summaryJson({ ...SUMMARY, failedFiles: ['/data/a'] }),
  json.unfinishedJson(UNFINISHED, null),
  json.uploadJson(OPEN, 'glacier://photos', { file: '/data/a', partsDone: 1, parts: 2 }),
  json.uploadJson({ ...OPEN, createdAt: 'soon' }, 'glacier://photos', null),
  json.pageJson(null),
  json.partJson({ startByte: 0, endByte: 9, treeHash: null, etag: 'e' }, null),
  json.abortedJson({ uploadId: '-Xk3', target: 'glacier://photos', key: null }, null),
  ...FLEET_LINES,
  json.verifiedJson({ file: '/data/a', archiveId: 'arch-1', treeHash: HASH, expected: HASH }),
  json.hashJson('-', 0, HASH),
  checkJson(
    { ...NO_FACTS, check: 'clock', status: 'ok', why: 'clock-right', failure: null },
    'local://trial',
    0,
    ENV,
  ),
  auditSummaryJson('s3://photos', { counts: NO_COUNTS, imported: 0, takenAt: null, durationMs: 1 }),
  json.importedJson('-', { imported: 1, present: 0, deleted: 0, refused: 0 }),
  json.exportedJson('/tmp/list', 1, 0),
  json.listeningJson('http://127.0.0.1:4000', 'DEMO'),
  json.completionJson('bash', 'complete -F _calve calve\n'),
  ...errors,
];

const READING = {
  ...{ fileName: 'a', doneBytes: 5, totalBytes: null, bytesPerSecond: 1.5, leftMs: null },
  partsInFlight: 0,
};
const MOVING = {
  ...{ ...READING, partsDone: 0, partCount: null, partsInFlight: 1, sentBytes: 0, partsSent: 0 },
  ...{ partsReused: 0, elapsedMs: 5 },
};
const EVENTS: readonly Exclude<TransferEvent, { type: 'progress' | 'reading' | 'files' }>[] = [
  {
    ...{ type: 'started', file: '-', target: 'glacier://photos', uploadId: null, orphan: null },
    ...{ plan: { sizeBytes: null, partSizeBytes: 16, partCount: null }, reusedParts: 0, reusedBytes: 0 },
    resumed: false,
  },
  { type: 'part', index: 0, sizeBytes: 16, reused: true },
  { type: 'sending', index: 0 },
  { type: 'retry', operation: 'send part 0', attempt: 1, attemptsMax: null, delayMs: 9, why: 'HTTP 503' },
  { type: 'completing', uploadId: '-Xk3' },
  { type: 'archived', file: '/data/a', archiveId: 'arch-1', sizeBytes: 16, durationMs: 9 },
  { type: 'failed', file: '/data/a' },
  { type: 'waiting', what: '/data/a', holder: 'nas, process 1', sinceMs: null, waitMs: 9 },
  { type: 'summary', ...SUMMARY, failedFiles: [] },
];
const NOTICES = Object.entries(NOTICE_LINES).map(
  ([notice, [facts]]) => ({ type: 'notice', notice, ...facts }) as { type: 'notice' } & Notice,
);

/** At least one line of each type on standard error. */
const PROGRESS: readonly Line[] = [
  ...[...EVENTS, ...NOTICES].map((event) => eventJson(event, ENV)),
  progressJson('/data/a', MOVING),
  readingJson('/data/a', READING),
  filesJson({ sent: 1, skipped: 0, failed: 0, movedBytes: 5, bytesPerSecond: null, sentBytes: 0 }),
  ...errors,
  { type: 'debug', stack: 'Error: x', headers: { date: 'x' } } as Line,
].map((line) => timed(line, NOW_MS));

const LINES: readonly (readonly [JsonStream, Record<string, unknown>])[] = [
  ...OUTPUT.map((line) => ['output', line as unknown as Record<string, unknown>] as const),
  ...PROGRESS.map((line) => ['progress', line as unknown as Record<string, unknown>] as const),
];

/** The types that the modules of the user interface and of the commands give to objects. */
function typesInSource(): Set<string> {
  const types = new Set<string>();
  for (const folder of ['src/ui', 'src/cli', 'src/transfer/events.ts'].map((name) => join(ROOT, name))) {
    const files = folder.endsWith('.ts')
      ? [folder]
      : readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.ts'))
          .map((name) => join(folder, name));
    for (const file of files) {
      const matches = readFileSync(file, 'utf8').matchAll(/(?:^|[\s{(])type: '([a-z-]+)'/gm);
      for (const [, type = ''] of matches) types.add(type);
    }
  }
  return types;
}

function printedTypes(stream: JsonStream): Set<string> {
  return new Set(LINES.filter(([each]) => each === stream).map(([, { type }]) => String(type)));
}

describe('The schema of the lines of JSON', () => {
  test('has every type that the source has, and no other one', () => {
    const types = listed('output').concat(listed('progress').map((name) => name.replace('progress-', '')));
    assert.deepEqual([...typesInSource()].sort(), [...new Set(types)].sort());
  });

  test('has every key of every object as required, allows no other key, and begins with the type', () => {
    const objects = Object.entries(SCHEMA.$defs).filter(([, { properties }]) => properties !== undefined);
    assert.ok(objects.length > 60);
    for (const [name, { properties = {}, required, additionalProperties }] of objects) {
      assert.deepEqual(required, Object.keys(properties), name);
      assert.equal(additionalProperties, false, name);
      if (name === 'local-upload') continue;
      assert.equal(required?.[0], 'type', name);
      if (name.startsWith('progress-') || name.startsWith('notice-'))
        assert.equal(required?.[1], 'time', name);
    }
  });

  test('describes every type and every key', () => {
    const check = (name: string, { description = '' }: Definition): void =>
      assert.match(description, /^[A-Z`\d].*\.$/s, name);
    for (const [name, definition] of Object.entries(SCHEMA.$defs)) {
      check(name, definition);
      for (const [key, property] of Object.entries(definition.properties ?? {}))
        if (property.const === undefined) check(`${name}.${key}`, property);
    }
  });

  test('accepts a line of each type, in this order of keys, and in one way only', () => {
    const ajv = new Ajv2020(STRICT);
    ajv.addSchema(SCHEMA);
    const at = (fragment: string, object: object): unknown =>
      ajv.getSchema(`${SCHEMA.$id}#${fragment}`)?.(object);
    for (const [stream, object] of LINES) {
      checkJsonLine(stream, JSON.stringify(object));
      const other = stream === 'output' ? 'progress' : 'output';
      assert.equal(at(`/$defs/${stream}`, object), true, JSON.stringify(object));
      assert.equal(at(`/$defs/${other}`, object), false);
      assert.equal(at('', object), true);
    }
    assert.deepEqual([...printedTypes('output'), 'audited'].sort(), listed('output').sort());
    const progress = listed('progress').map((name) => name.replace('progress-', ''));
    assert.deepEqual([...printedTypes('progress')].sort(), progress.sort());
  });

  test('refuses a line that lacks a key, has one more, or has another form of a value', () => {
    const isRefused = (stream: JsonStream, object: Record<string, unknown>): boolean =>
      !validatorOf(definitionNameOf(stream, object))(object);
    for (const [stream, object] of LINES) {
      assert.ok(isRefused(stream, { ...object, more: null }));
      for (const key of Object.keys(object).filter((each) => !['type', 'notice'].includes(each))) {
        const { [key]: _, ...others } = object;
        assert.ok(isRefused(stream, others), `${object['type']} without ${key}`);
        // No value of any key has this form.
        assert.ok(isRefused(stream, { ...object, [key]: { wrong: 1 } }), `${object['type']}.${key}`);
      }
    }
  });

  test('has every notice, and no other one', () => {
    const names = listed('notice').map((name) => name.replace('notice-', ''));
    assert.deepEqual(names.sort(), Object.keys(NOTICE_LINES).sort());
  });

  test('has every kind of failure with its exit number, and no other one', () => {
    const kinds = SCHEMA.$defs['error-kind']?.oneOf ?? [];
    assert.deepEqual(kinds.map(({ const: kind }) => kind).sort(), Object.keys(SAMPLES).sort());
    for (const { const: kind, description = '' } of kinds) {
      const samples = SAMPLES[kind as keyof typeof SAMPLES] as readonly TransferError[];
      const numbers = new Set(
        [...(/Exit ([\d, or]+)\.$/.exec(description)?.[1] ?? '').matchAll(/\d+/g)].map(Number),
      );
      for (const sample of samples) assert.ok(numbers.has(exitCodeOf(sample)), `${kind}: ${description}`);
    }
  });

  test('marks a fact about objects as null for a vault, and the other way round', () => {
    const archive = archiveJson(ENTRY);
    const validate = validatorOf('archive');
    assert.equal(validate({ ...archive, bucket: 'photos' }), false);
    assert.equal(validate({ ...archive, target: 's3://photos/a' }), false);
    assert.equal(validate({ ...archive, target: 's3://photos/a', bucket: 'photos', key: 'a' }), true);
  });
});

describe('docs/json.md', () => {
  test('has the tables of the schema: npm run json-page writes them', async () => {
    const { renderPage } = (await import(join(ROOT, 'scripts/json-page.mjs'))) as {
      renderPage(page: string, schema: object): string;
    };
    assert.equal(PAGE, renderPage(PAGE, SCHEMA));
    for (const name of ['output', 'kinds', 'progress', 'notices'])
      assert.equal(PAGE.split(`<!-- schema: ${name} -->`).length, 2, name);
  });

  test('has a row for every command, and every type of standard output in one of them', () => {
    const { command } = buildProgram({} as Io, '0');
    const types = readTypesOfCommands();
    const names = (command as Command).commands.map((each) => each.name());
    assert.deepEqual([...types.keys()].sort(), names.sort());
    const printed = new Set([...types.values()].flatMap((each) => [...each]));
    assert.deepEqual([...printed].sort(), listed('output').sort());
  });

  test('has a part for every type, and a row for every notice', () => {
    const types = [...listed('output'), ...listed('progress').map((name) => name.replace('progress-', ''))];
    for (const type of types) assert.match(PAGE, new RegExp(`^### ${type}$`, 'm'), type);
    for (const name of Object.keys(NOTICE_LINES))
      assert.match(PAGE, new RegExp(`^\\| \`${name}\` `, 'm'), name);
  });
});
