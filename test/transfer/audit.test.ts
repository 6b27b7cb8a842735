/** An audit of a bucket whose list does not show that its objects are right: it looks at them, several at once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TransferError } from '../../src/core/failures.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { type AuditedArchive, openAudit } from '../../src/transfer/audit.js';
import type { ArchiveLook, HeldFacts, ListedArchive } from '../../src/transfer/ports/archive-list.js';
import type { CatalogueEntry } from '../../src/transfer/ports/state.js';
import type { Target } from '../../src/transfer/ports/target.js';
import { sampleEntry } from '../state/samples.js';
import { writeEntries } from '../support/many-entries.js';
import { memoryTarget } from '../support/memory-target.js';
import { tempFolder } from '../support/temp.js';

const TARGET = { url: 's3://photos', region: 'eu-west-1', endpoint: null, account: null };
const HELD: HeldFacts = { sizeBytes: 7, hash: 'new', checksum: null, storageClass: null, restore: null };

function entryOf(index: number): CatalogueEntry {
  const archiveId = `s3://photos/${index}`;
  return sampleEntry({
    archiveId,
    identity: { source: { kind: 'file', path: `/data/${index}` }, target: { ...TARGET, url: archiveId } },
    plan: { sizeBytes: 7, partSizeBytes: 16_777_216, partCount: 1 },
    archivedAt: new Date(Date.parse('2026-01-02T03:04:05.678Z') + index).toISOString(),
    object: { etag: 'old', versionId: null, storageClass: 'STANDARD' },
  });
}

function listedOf({ archiveId }: CatalogueEntry, etag: string): ListedArchive {
  return {
    ...{ archiveId, sizeBytes: 7, treeHash: null, etag, description: null },
    ...{ createdAt: '2026-01-02T03:04:05.678Z', storageClass: 'STANDARD', restore: null },
  };
}

/** Audits a bucket with these entries. */
async function auditOf(
  t: TestContext,
  { entries, listed }: { entries: readonly CatalogueEntry[]; listed: readonly ListedArchive[] },
  lookAt: Target['lookAt'],
): Promise<AuditedArchive[]> {
  const folder = `${tempFolder(t)}/archives`;
  writeEntries(folder, entries);
  const memory = memoryTarget().target;
  const target: Target = {
    ...memory,
    capabilities: { ...memory.capabilities, storesObjects: true },
    at: () => target,
    listArchivesPage: async () => ({ archives: listed, marker: null }),
    lookAt,
  };
  const { signal } = new AbortController();
  const session = { target, targetIdentity: TARGET, catalogue: openCatalogue(folder), signal };
  const audit = await openAudit(session, false);
  const results: AuditedArchive[] = [];
  for await (const audited of audit.archives()) results.push(audited);
  return results;
}

test('objects with another ETag are looked at eight at once, and reported in the order of the catalogue', async (t) => {
  const entries = Array.from({ length: 60 }, (_, index) => entryOf(index));
  const listed = entries.map((entry, index) => listedOf(entry, index % 2 === 0 ? 'old' : 'new'));
  let [now, most, looks] = [0, 0, 0];
  const results = await auditOf(t, { entries, listed }, async (): Promise<ArchiveLook> => {
    looks += 1;
    now += 1;
    most = Math.max(most, now);
    // The first ones take longest.
    for (let turn = 0; turn < 40 - looks; turn += 1) await new Promise(setImmediate);
    now -= 1;
    return { state: 'same', held: HELD, proof: 'checksum' };
  });
  assert.deepEqual([looks, most], [30, 8]);
  assert.deepEqual(
    results.map(({ entry, result, proof }) => [entry?.archiveId, result, proof]),
    entries.map(({ archiveId }, index) => [archiveId, 'ok', index % 2 === 0 ? 'etag' : 'checksum']),
  );
});

test('credentials that may not look at objects leave what the list says, and any other failure ends the audit', async (t) => {
  const entries = [entryOf(0), entryOf(1), entryOf(2)];
  const [same, other] = entries as [CatalogueEntry, CatalogueEntry];
  const facts = { entries, listed: [listedOf(same, 'old'), listedOf(other, 'new')] };
  const failing = (why: 'denied' | 'rejected') => async (): Promise<ArchiveLook> => {
    throw new TransferError('refused', { why, operation: 'look at the archive', detail: null });
  };
  const results = await auditOf(t, facts, failing('denied'));
  assert.deepEqual(
    results.map(({ result, proof }) => [result, proof]),
    [
      ['ok', 'etag'],
      ['different', 'etag'],
      ['missing', null],
    ],
  );
  await assert.rejects(auditOf(t, facts, failing('rejected')), TransferError);
});
