import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFile } from '../../src/core/description.js';
import { type ArchiveFilter, entryTest } from '../../src/transfer/archive-filter.js';
import { sampleEntry, sampleIdentity } from '../state/samples.js';

const ALL: ArchiveFilter = {
  target: null,
  isPathWanted: null,
  sinceMs: null,
  untilMs: null,
  archiveId: null,
  description: null,
};

function isWanted(filter: Partial<ArchiveFilter>, changes: Parameters<typeof sampleEntry>[0] = {}): boolean {
  return entryTest({ ...ALL, ...filter })(sampleEntry(changes));
}

test('a target is that object or vault alone, and with a slash every key that begins with it', () => {
  const under = (target: string, url: string) => {
    const { source, target: sample } = sampleIdentity();
    return isWanted({ target }, { identity: { source, target: { ...sample, url } } });
  };
  assert.ok(under('glacier://photos', 'glacier://photos'));
  assert.ok(!under('glacier://photos', 'glacier://photos2'));
  assert.ok(under('s3://b/', 's3://b/a/x'));
  assert.ok(under('s3://b/a/', 's3://b/a/x'));
  assert.ok(!under('s3://b/a/', 's3://b/ab'));
  assert.ok(!under('s3://b/a', 's3://b/a/x'));
});

test('both limits of the time belong to it', () => {
  const atMs = Date.parse(sampleEntry().archivedAt);
  assert.ok(isWanted({ sinceMs: atMs, untilMs: atMs }));
  assert.ok(!isWanted({ sinceMs: atMs + 1 }));
  assert.ok(!isWanted({ untilMs: atMs - 1 }));
});

test('a description is found by any part of it, also by the file name that is encoded in it', () => {
  const description = describeFile('grüße.tar', 0);
  assert.match(description, /^mt2 /);
  assert.ok(isWanted({ description: 'üße' }, { description }));
  assert.ok(isWanted({ description: 'mt2 ' }, { description }));
  assert.ok(!isWanted({ description: 'tar.gz' }, { description }));
});

test('an archive must fit every condition', () => {
  const { archiveId } = sampleEntry();
  assert.ok(isWanted({ archiveId, isPathWanted: (path) => path === '/data/photos.tar' }));
  assert.ok(!isWanted({ archiveId: 'other' }));
  assert.ok(!isWanted({ archiveId, isPathWanted: () => false }));
});
