/**
 * The manifest of a fleet: one JSON file that many machines read. Anybody may have copied or edited it, so every value is
 * checked. docs/fleet.md documents it.
 */
import { constants } from 'node:fs';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cleanUp } from '../../core/clean-up.js';
import { checkRegion } from '../../core/endpoint.js';
import { isFailure, TransferError } from '../../core/failures.js';
import { SHARDS_MAX } from '../../core/fleet.js';
import { systemCode, systemMessage } from '../../core/system-errors.js';
import { parseTargetUrl, storesObjects } from '../../core/target-url.js';
import type { FleetManifest } from '../../transfer/ports/fleet.js';
import { NEW_FILE, temporaryPath } from '../safe-file.js';
import { syncFolder } from '../safe-folder.js';
import {
  type Guard,
  isCount,
  isExactly,
  isFingerprint,
  isFlag,
  isHash,
  isName,
  isObjectUpload,
  isPlan,
  isTargetIdentity,
  isText,
  isTime,
  orNull,
  shape,
} from '../shapes.js';

const TYPE = 'calve-fleet';
const VERSION = 1;
/** A manifest has about a kilobyte; a larger file is another one. */
const MAX_BYTES = 256 * 1024;

type Why = 'missing' | 'unreadable' | 'damaged' | 'newer' | 'not-writable';

export function manifestFailure(path: string, why: Why, detail: string | null, cause?: unknown) {
  return new TransferError('manifest', { path, why, detail }, { cause });
}

const isPath: Guard<string> = (value): value is string => isName(value) && value.startsWith('/');
const isShards: Guard<number> = (value): value is number =>
  isCount(value) && value >= 1 && value <= SHARDS_MAX;

/** The guards by the names of the file, in its order. */
const GUARDS = {
  type: isExactly(TYPE),
  version: isExactly(VERSION),
  uploadId: isName,
  target: isTargetIdentity,
  connection: shape<FleetManifest['connection']>({ accountId: isName, pathStyle: isFlag }),
  path: isPath,
  fingerprint: isFingerprint,
  plan: isPlan,
  shards: isShards,
  interleave: isFlag,
  description: isText,
  treeHash: orNull(isHash),
  createdAt: isTime,
  object: orNull(isObjectUpload),
} as const;

/** @throws TransferError `manifest` (damaged, newer) */
export function decodeManifest(text: string, path: string): FleetManifest {
  const damaged = (detail: string): never => {
    throw manifestFailure(path, 'damaged', detail);
  };
  const value = parse(text) ?? damaged('it is not a JSON object');
  if (value['type'] !== TYPE) damaged(`its type is not ${TYPE}`);
  const { version } = value;
  if (isCount(version) && version > VERSION) {
    throw manifestFailure(path, 'newer', `its version is ${version}, and this calve knows ${VERSION}`);
  }
  for (const [key, guard] of Object.entries(GUARDS)) {
    if (!Object.hasOwn(value, key)) damaged(`it has no "${key}"`);
    if (!guard(value[key])) damaged(`the value of "${key}" is not one that calve writes`);
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(GUARDS, key));
  if (unknown !== undefined) damaged(`calve does not know "${unknown}"`);
  const { type, version: _, object, ...others } = value as Record<string, unknown>;
  const manifest = { ...others, ...(object !== null && { object }) } as unknown as FleetManifest;
  checkTogether(manifest, damaged);
  return manifest;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Checks the values that depend on each other. */
function checkTogether(manifest: FleetManifest, damaged: (detail: string) => never): void {
  const { target, plan, fingerprint, object } = manifest;
  if (plan.sizeBytes !== fingerprint.sizeBytes) damaged('the size of the plan is not that of the file');
  try {
    const url = parseTargetUrl(target.url);
    if (url.url !== target.url) damaged(`the target is spelled ${target.url}, and not ${url.url}`);
    if (url.scheme !== 'local') checkRegion(target.region ?? '', target.endpoint);
    if (url.scheme === 'local' && !isPath(target.endpoint))
      damaged('the data folder is not an absolute path');
    if (storesObjects(url.scheme) !== (object !== undefined)) damaged('"object" does not fit the target');
    if (storesObjects(url.scheme) && url.key === '') damaged('the target names no object');
  } catch (error) {
    if (!isFailure(error, 'usage')) throw error;
    damaged(`${error.facts.what}: ${error.facts.why}`);
  }
}

function encodeManifest(manifest: FleetManifest): string {
  const { object = null, ...others } = manifest;
  const all: Record<string, unknown> = { type: TYPE, version: VERSION, ...others, object };
  const ordered = Object.fromEntries(Object.keys(GUARDS).map((key) => [key, all[key]]));
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** @throws TransferError `manifest` */
export async function readManifest(path: string): Promise<FleetManifest> {
  return decodeManifest(await readText(path), path);
}

async function readText(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw manifestFailure(path, 'damaged', 'it is not a regular file');
      if (stats.size > MAX_BYTES) throw manifestFailure(path, 'damaged', `it has ${stats.size} bytes`);
      return await file.readFile('utf8');
    } finally {
      await cleanUp(() => file.close());
    }
  } catch (error) {
    if (systemCode(error) === null) throw error;
    const isMissing = systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR';
    const detail = isMissing ? null : systemMessage(error);
    throw manifestFailure(path, isMissing ? 'missing' : 'unreadable', detail, error);
  }
}

/** File systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/**
 * Writes a manifest that does not exist. It appears as a whole, and never replaces another one: of two runs at once, one
 * fails here. It has the mode of the user's other files, because other machines read it.
 * @returns false if a manifest exists already
 * @throws TransferError `manifest` (not-writable)
 */
export async function writeManifest(path: string, manifest: FleetManifest): Promise<boolean> {
  const text = encodeManifest(manifest);
  const temporary = temporaryPath(dirname(path));
  try {
    await writeNew(temporary, text);
    try {
      await link(temporary, path).catch((error: unknown) => {
        if (!NO_LINKS.has(systemCode(error) ?? '')) throw error;
        return writeNew(path, text);
      });
    } finally {
      await cleanUp(() => unlink(temporary));
    }
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw notWritable(path, error);
  }
}

function notWritable(path: string, error: unknown): unknown {
  return systemCode(error) === null
    ? error
    : manifestFailure(path, 'not-writable', systemMessage(error), error);
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, NEW_FILE, 0o666);
  try {
    await file.appendFile(text);
    await file.sync();
  } finally {
    await cleanUp(() => file.close());
  }
}

/** Proves that a manifest can be written, before its upload is created. @throws TransferError `manifest` (not-writable) */
export async function proveManifestWritable(path: string): Promise<void> {
  const temporary = temporaryPath(dirname(path));
  try {
    await writeNew(temporary, ' '.repeat(4096));
  } catch (error) {
    throw notWritable(path, error);
  } finally {
    await cleanUp(() => unlink(temporary));
  }
}

/** @returns false if there was none. @throws TransferError `manifest` (not-writable) */
export async function removeManifest(path: string): Promise<boolean> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw notWritable(path, error);
  }
}
