import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sameness } from '../../src/core/fingerprint.js';
import { type Candidate, decide, type UploadAction, type UploadFacts } from '../../src/transfer/decide.js';
import type { CatalogueEntry, UnfinishedUpload } from '../../src/transfer/ports/state.js';
import { sampleEntry, sampleHead } from '../state/samples.js';

/** Times sort as text: day 1 is older than day 2. */
function day(n: number): string {
  return `2026-01-0${n}T00:00:00.000Z`;
}

function candidate(uploadId: string, startedOn: number, sameness: Sameness | null): Candidate {
  const head = sampleHead({ uploadId, startedAt: day(startedOn) });
  const upload: UnfinishedUpload = {
    head,
    fingerprint: head.fingerprint,
    parts: new Map(),
    completing: null,
    mismatch: null,
    hasAllRecords: true,
    damagedLines: 0,
    completingUncertain: false,
    lastActivityAt: day(startedOn),
    journalPath: '/state',
  };
  return { upload, sameness };
}

function archive(archiveId: string, archivedOn: number): CatalogueEntry {
  return sampleEntry({ archiveId, archivedAt: day(archivedOn) });
}

const NOTHING: UploadFacts = { fresh: false, candidates: [], archived: null, settled: [], billsParts: false };

/** An action in short: `resume b, leftovers a`. */
function inShort(action: UploadAction): string {
  const ids = (uploads: readonly UnfinishedUpload[]): string =>
    uploads.map(({ head }) => head.uploadId).join(' ');
  switch (action.action) {
    case 'settled':
      return `settled ${action.entry.archiveId}`;
    case 'skip':
      return `skip ${action.entry.archiveId}, leftovers ${ids(action.leftovers)}`;
    case 'resume':
      return `resume ${action.upload.head.uploadId}, leftovers ${ids(action.leftovers)}`;
    case 'create':
      return `create, older ${ids(action.olderVersions)}, leftovers ${ids(action.leftovers)}`;
  }
}

const same = candidate('same', 3, 'same');
const touched = candidate('touched', 3, 'touched');
const changed = candidate('changed', 2, 'changed');
const older = candidate('older', 1, null);

const TABLE: readonly [title: string, facts: Partial<UploadFacts>, action: string][] = [
  ['a file that nothing is known of is created', {}, 'create, older , leftovers '],
  ['an unfinished upload of the same file is resumed', { candidates: [same] }, 'resume same, leftovers '],
  ['a touched file whose bytes agree is resumed', { candidates: [touched] }, 'resume touched, leftovers '],
  [
    'an upload of a changed file is reported, and a new one is created',
    { candidates: [changed] },
    'create, older changed, leftovers ',
  ],
  [
    'if parts are billed, the upload of a changed file is also a leftover',
    { candidates: [changed], billsParts: true },
    'create, older changed, leftovers changed',
  ],
  [
    'the newest upload that fits is resumed, and the others are leftovers',
    { candidates: [changed, same, older] },
    'resume same, leftovers changed older',
  ],
  ['a file that is archived is skipped', { archived: archive('a', 2) }, 'skip a, leftovers '],
  [
    'an archive wins over an upload that started before it',
    { archived: archive('a', 4), candidates: [same] },
    'skip a, leftovers same',
  ],
  [
    'an upload that started after the archive is resumed',
    { archived: archive('a', 2), candidates: [same] },
    'resume same, leftovers ',
  ],
  [
    'an archive wins over an upload of another version',
    { archived: archive('a', 1), candidates: [changed] },
    'skip a, leftovers changed',
  ],
  [
    'an archive that this run completed is a result of this run',
    { archived: archive('a', 4), settled: [archive('a', 4)], candidates: [same] },
    'settled a',
  ],
  [
    'a settled archive of another version of the file does not count',
    { archived: archive('b', 4), settled: [archive('a', 4)] },
    'skip b, leftovers ',
  ],
  [
    '--fresh creates an upload, whatever is archived or unfinished',
    { fresh: true, archived: archive('a', 4), candidates: [older] },
    'create, older , leftovers older',
  ],
];

describe('What upload does next', () => {
  for (const [title, facts, action] of TABLE) {
    test(title, () => {
      assert.equal(inShort(decide({ ...NOTHING, ...facts })), action);
    });
  }
});
