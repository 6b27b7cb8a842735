/** Compares lines of JSON that calve printed with `schemas/calve.schema.json`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js';

/** `output`: standard output with --json. `progress`: standard error with --progress json. */
export type JsonStream = 'output' | 'progress';

export interface Definition {
  readonly description?: string;
  readonly title?: string;
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly oneOf?: readonly Definition[];
  readonly items?: Definition;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly const?: string | null;
  readonly $ref?: string;
}

export interface JsonSchema {
  readonly $id: string;
  readonly $defs: Readonly<Record<string, Definition>>;
}

const ROOT = join(import.meta.dirname, '../../..');
const SCHEMA_PATH = join(ROOT, 'schemas/calve.schema.json');
const PAGE_PATH = join(ROOT, 'docs/json.md');

export function readJsonSchema(): JsonSchema {
  return JSON.parse(readFileSync(SCHEMA_PATH, 'utf8')) as JsonSchema;
}

/** A keyword that JSON Schema does not have is an error. A key may be required by an `if` that does not describe it. */
export const STRICT: Options = {
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  allErrors: true,
};

let schema: JsonSchema | null = null;
const validators = new Map<string, ValidateFunction>();

function openSchema(): JsonSchema {
  schema ??= readJsonSchema();
  return schema;
}

/** Compiles one definition with those of its values alone: the whole schema would take a second in each test file. */
export function validatorOf(name: string): ValidateFunction {
  const { $defs } = openSchema();
  const known = validators.get(name);
  if (known !== undefined) return known;
  const values = Object.entries($defs).filter(([, { title }]) => title !== undefined);
  const ajv = new Ajv2020({ ...STRICT, validateSchema: false, meta: false, code: { optimize: false } });
  const validate = ajv.compile({ ...$defs[name], $defs: Object.fromEntries(values) });
  validators.set(name, validate);
  return validate;
}

/** Returns the name of the definition of an object, so that a failure names the key and not all types. */
export function definitionNameOf(stream: JsonStream, object: Readonly<Record<string, unknown>>): string {
  const { type, notice } = object;
  if (stream === 'output') return String(type);
  return type === 'notice' ? `notice-${String(notice)}` : `progress-${String(type)}`;
}

/** Returns the object of a line that the schema accepts, with its keys in the order of the schema. */
export function checkJsonLine(stream: JsonStream, line: string): Record<string, unknown> {
  const object = JSON.parse(line) as Record<string, unknown>;
  const name = definitionNameOf(stream, object);
  const { $defs } = openSchema();
  const listed = $defs[stream]?.oneOf?.some(({ $ref }) => $ref === `#/$defs/${name}`);
  const isListed = listed === true || (stream === 'progress' && object['type'] === 'notice');
  assert.ok(isListed, `the schema has no such line of ${stream}: ${line}`);
  const validate = validatorOf(name);
  const isValid = validate(object);
  assert.ok(isValid, `${JSON.stringify(validate.errors)}: ${line}`);
  assert.deepEqual(Object.keys(object), Object.keys($defs[name]?.properties ?? {}), 'the order of the keys');
  return object;
}

/** The types that docs/json.md has for each command in its first table. Any command may print an `error`. */
export function readTypesOfCommands(): Map<string, Set<string>> {
  const types = new Map<string, Set<string>>();
  const [, table = ''] = readFileSync(PAGE_PATH, 'utf8').split(/^\| command .*\n.*\n/m);
  for (const row of table.split('\n\n', 1)[0]?.split('\n') ?? []) {
    const [, command = '', lines = ''] = /^\| `([a-z-]+)[^|]*\|(.*)\|$/.exec(row) ?? [];
    const known = types.get(command) ?? new Set(['error']);
    for (const [, type = ''] of lines.matchAll(/`([a-z][a-z-]*)`/g)) known.add(type);
    types.set(command, known);
  }
  return types;
}

let typesOfCommands: Map<string, Set<string>> | null = null;

/** Fails if docs/json.md does not say that the command of these words prints such a line. */
function checkCommand(words: readonly string[], { type }: Readonly<Record<string, unknown>>): void {
  typesOfCommands ??= readTypesOfCommands();
  const command = words.find((word) => typesOfCommands?.has(word));
  const types = (command === undefined ? undefined : typesOfCommands.get(command)) ?? new Set(['error']);
  assert.ok(types.has(String(type)), `docs/json.md has no ${type} for calve ${command}`);
}

interface Printed {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options with which standard output is something else than the lines of --json. */
const OTHER_OUTPUT = ['--help', '-h', '--version', '-V', '--export', 'csv', '--format=csv'];

/** Compiles the usual definitions while the program starts, so that a test that measures its end does not wait for that. */
export function prepareJsonCheck(words: readonly string[], env: Printed['env']): void {
  if (words.includes('--json') || env['CALVE_JSON'] !== undefined) ['archive', 'error'].forEach(validatorOf);
  if (progressOf(words, env) !== 'json') return;
  for (const name of ['started', 'sending', 'progress', 'part', 'completing', 'archived', 'failed', 'error'])
    validatorOf(`progress-${name}`);
}

/** Compares everything that a run of the program printed as JSON. A line that a kill has cut is left out. */
export function checkPrintedJson({ words, env, stdout, stderr }: Printed): void {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const isJson = own.includes('--json') || env['CALVE_JSON'] !== undefined;
  if (isJson && !own.some((word) => OTHER_OUTPUT.includes(word.replace(/^--export=.*/, '--export')))) {
    for (const line of wholeLines(stdout)) checkCommand(own, checkJsonLine('output', line));
  }
  if (progressOf(own, env) !== 'json') return;
  // The command of --from-command, and a module that a test loads into the program, write to the same stream.
  const isAlone = !own.includes('--from-command') && env['NODE_OPTIONS'] === undefined;
  for (const line of wholeLines(stderr)) {
    if (isAlone || line.startsWith('{"type":')) checkJsonLine('progress', line);
  }
}

function progressOf(words: readonly string[], env: Readonly<Record<string, string>>): string | undefined {
  const named = words.flatMap((word, i) => {
    if (word === '--progress') return [words[i + 1]];
    return word.startsWith('--progress=') ? [word.slice('--progress='.length)] : [];
  });
  return named.length > 0 ? named.at(-1) : env['CALVE_PROGRESS'];
}

function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
