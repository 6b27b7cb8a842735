/** Writes catalogues and state folders with many records, as years of nightly runs leave them. Nothing is synced. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEntry } from '../../src/state/catalogue-record.js';
import { identityDigits, recordName } from '../../src/state/names.js';
import type { CatalogueEntry } from '../../src/transfer/ports/state.js';
import { hashOf, sampleEntry, sampleIdentity } from '../state/samples.js';

const FIRST_MS = Date.parse('2020-01-01T00:00:00.000Z');

function manyEntries(count: number): CatalogueEntry[] {
  return Array.from({ length: count }, (_, i) =>
    sampleEntry({
      archiveId: `archive-${i}`,
      identity: sampleIdentity(`/data/${i}.tar`),
      treeHash: hashOf(i),
      archivedAt: new Date(FIRST_MS + i * 60_000).toISOString(),
    }),
  );
}

/** Writes `count` entries, one a minute, each of a file and with content of its own: `/data/0.tar`, `/data/1.tar`, … */
export function writeManyEntries(folder: string, count: number): void {
  writeEntries(folder, manyEntries(count));
}

/** Writes the same entries as calve 0.1 does: all in one folder. */
export function writeOldEntries(folder: string, count: number): void {
  for (const entry of manyEntries(count)) writeEntry(folder, entry);
}

/** Writes these entries. */
export function writeEntries(folder: string, entries: readonly CatalogueEntry[]): void {
  for (const entry of entries)
    writeEntry(join(folder, 'v2', identityDigits(entry.identity).slice(0, 2)), entry);
}

function writeEntry(folder: string, entry: CatalogueEntry): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${recordName(entry.identity, entry.archiveId)}.json`);
  writeFileSync(path, encodeEntry(entry), { mode: 0o600 });
}
