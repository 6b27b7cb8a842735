/** The objects that `--json` prints, written down once more from the contract: every key, in order, with its type. */
import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const flag: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const hash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const time: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
/** An absolute path, or the name of a stream. */
const path: Check = (value) => typeof value === 'string' && (isAbsolute(value) || /^[^/]+$/.test(value));
const url: Check = (value) => typeof value === 'string' && /^(glacier|local):\/\/[\w.-]+$/.test(value);
const place: Check = (value) =>
  url(value) || (typeof value === 'string' && /^(s3|obs):\/\/[\w.-]+/.test(value));
const nothing: Check = (value) => value === null;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const local: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).join() === 'file,partsDone,parts' &&
  path((value as Record<string, unknown>)['file']);

const ARCHIVE = {
  file: path,
  target: url,
  uploadId: text,
  archiveId: text,
  location: text,
  bucket: nothing,
  key: nothing,
  etag: nothing,
  versionId: nothing,
  storageClass: nothing,
  size: count,
  treeHash: hash,
  partSize: count,
  parts: count,
};

const SHAPES = {
  archive: {
    ...ARCHIVE,
    partsSent: count,
    partsReused: count,
    resumed: flag,
    skipped: flag,
    durationMs: count,
  },
  /** The same type, as `archives` prints it. */
  catalogued: {
    ...ARCHIVE,
    partsSent: nothing,
    partsReused: nothing,
    resumed: nothing,
    skipped: nothing,
    durationMs: nothing,
    archivedAt: time,
    mtime: time,
    description: text,
    region: text,
    account: text,
  },
  upload: {
    uploadId: text,
    target: url,
    key: nothing,
    description: orNull(text),
    partSize: count,
    createdAt: time,
    vaultArn: text,
    storageClass: nothing,
    local: orNull(local),
  },
  part: {
    index: count,
    start: orNull(count),
    end: orNull(count),
    size: count,
    treeHash: hash,
    etag: nothing,
  },
  unfinished: {
    uploadId: text,
    file: path,
    target: url,
    size: count,
    partSize: count,
    parts: count,
    partsDone: count,
    startedAt: time,
    lastActivityAt: time,
    expiresAt: orNull(time),
  },
  aborted: {
    uploadId: text,
    target: url,
    key: nothing,
    httpStatus: orNull(count),
    requestId: orNull(text),
    hostId: nothing,
  },
  plan: {
    file: path,
    target: place,
    action: text,
    size: orNull(count),
    partSize: count,
    parts: orNull(count),
    partsDone: orNull(count),
    requests: orNull(count),
    storageClass: orNull(text),
    uploadId: orNull(text),
    archiveId: orNull(text),
    archivedAt: orNull(time),
  },
  summary: {
    target: url,
    files: count,
    sent: count,
    skipped: count,
    failed: count,
    bytes: count,
    durationMs: count,
    failedFiles: (value) => Array.isArray(value) && value.every(path),
  },
  verified: { file: path, archiveId: text, treeHash: hash, expected: hash, match: flag },
  check: {
    check: text,
    status: text,
    message: text,
    exitCode: count,
    target: place,
    accessKeyId: orNull(text),
    account: orNull(text),
    arn: orNull(text),
    expiresAt: orNull(time),
    clockOffsetMs: orNull((value) => Number.isSafeInteger(value)),
    path: orNull(path),
    freeBytes: orNull(count),
    partSize: orNull(count),
  },
  audited: {
    result: text,
    archiveId: text,
    file: orNull(text),
    description: orNull((value) => typeof value === 'string'),
    archivedAt: time,
    size: orNull(count),
    heldSize: orNull(count),
    treeHash: orNull(hash),
    etag: orNull(text),
    heldTreeHash: orNull(hash),
    heldEtag: orNull(text),
    checksum: orNull(text),
    heldChecksum: orNull(text),
    proof: orNull(text),
    storageClass: orNull(text),
    restore: orNull(text),
    imported: flag,
  },
  'audit-summary': {
    target: place,
    inventoryAt: orNull(time),
    ok: count,
    missing: count,
    different: count,
    unknown: count,
    newer: count,
    replaced: count,
    imported: count,
    durationMs: count,
  },
  imported: { file: path, imported: count, present: count, deleted: count, refused: count },
  exported: { file: path, exported: count, leftOut: count },
  hash: { file: path, size: count, treeHash: hash },
  listening: { url: text, accessKeyId: text },
  page: { marker: orNull(text) },
  error: {
    kind: text,
    exitCode: count,
    message: text,
    hint: orNull(text),
    file: orNull(path),
    target: orNull(place),
    uploadId: orNull(text),
    resumable: flag,
    httpStatus: orNull(count),
    code: orNull(text),
    requestId: orNull(text),
    hostId: orNull(text),
    resource: orNull(text),
    serviceMessage: orNull(text),
    reason: orNull(text),
    indicator: orNull(text),
  },
} as const satisfies Record<string, Record<string, Check>>;

export type Printed = Readonly<Record<string, unknown>>;

/** Every line of stdout, each checked to be exactly such an object. */
export function jsonOf(stdout: string, name: keyof typeof SHAPES): Printed[] {
  assert.ok(stdout === '' || stdout.endsWith('\n'), 'the last line has its newline');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => checkObject(line, name));
}

/** The objects of a run over several files, and its summary, which is the last line. */
export function jsonOfFiles(
  stdout: string,
  name: keyof typeof SHAPES,
): { readonly objects: Printed[]; readonly summary: Printed } {
  const lines = stdout.split('\n').slice(0, -1);
  const summary = checkObject(lines.pop() ?? '', 'summary');
  return { objects: lines.map((line) => checkObject(line, name)), summary };
}

/** The only line of stdout, so checked. */
export function oneJson(stdout: string, name: keyof typeof SHAPES): Printed {
  const objects = jsonOf(stdout, name);
  assert.equal(objects.length, 1, `one line was wanted: ${stdout}`);
  return objects[0] as Printed;
}

/** One line, checked. */
export function checkObject(line: string, name: keyof typeof SHAPES): Printed {
  const object = JSON.parse(line) as Record<string, unknown>;
  const checks: Readonly<Record<string, Check>> = SHAPES[name];
  assert.equal(object['type'], name === 'catalogued' ? 'archive' : name);
  assert.deepEqual(Object.keys(object), ['type', ...Object.keys(checks)]);
  for (const [key, check] of Object.entries(checks)) {
    assert.ok(check(object[key]), `${name}.${key} is ${JSON.stringify(object[key])}`);
  }
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
