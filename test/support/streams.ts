/** Helpers for the tests of streams, whose bytes can be read only once. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import process from 'node:process';
import type { Ended } from './calve.js';
import type { Home } from './home.js';
import type { VaultHome } from './vault-home.js';

export const MIB_BYTES = 1024 * 1024;
export const SEED = 20261121;
export const SMALL_PARTS = ['--part-size', '1M'];

/** Writes 3 MiB and 7 bytes, and then waits until it is ended. */
export const FEED = [
  process.execPath,
  '-e',
  'process.stdout.write(Buffer.alloc(3145735, 7)); setInterval(() => {}, 1e6)',
];

export function pipeInto(home: Home, words: readonly string[], input: Buffer): Promise<Ended> {
  return home.run(words, {}, input);
}

/** Asserts that the archive whose id was printed has these bytes. @returns the id */
export async function assertArchived(vault: VaultHome, ended: Ended, bytes: Buffer): Promise<string> {
  assert.equal(ended.code, 0, ended.stderr);
  const archiveId = ended.stdout.trimEnd();
  assert.ok(bytes.equals(await vault.readBack(archiveId)), 'the archive has other bytes');
  return archiveId;
}

/** Asserts that a failed stream left no archive, no upload, no journal and no file. */
export async function assertNothingLeft(vault: VaultHome): Promise<void> {
  assert.deepEqual(await vault.openIds(), []);
  assert.deepEqual(await vault.unfinishedIds(), []);
  assert.deepEqual(await vault.cataloguedIds(), []);
  assert.deepEqual(spooled(vault), []);
}

/** Returns the names of the files in which parts wait. */
export function spooled(home: Home): string[] {
  return readdirSync(String(home.env['TMPDIR'])).filter((name) => name.includes('spool'));
}
