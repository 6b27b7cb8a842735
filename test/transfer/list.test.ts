import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { everyPage, listAllParts, listAllUploads } from '../../src/transfer/list.js';
import { memoryTarget } from '../support/memory-target.js';
import { preparedPart } from '../support/prepared-part.js';

const never = new AbortController().signal;

/** A service whose page `n` leads to page `next[n]`; null ends. */
async function walk(next: readonly (number | null)[], pagesMax = 10_000): Promise<number[]> {
  const seen: number[] = [];
  const entries = { count: () => 1, first: ({ page }: { page: number }) => String(page), max: Infinity };
  const fetchPage = async (marker: string | null) => {
    if (seen.length >= pagesMax) throw new Error(`still going after ${pagesMax} pages`);
    const page = marker === null ? 0 : Number(marker);
    const to = next[page];
    return { page, marker: to === null || to === undefined ? null : String(to) };
  };
  const pages = everyPage('list', fetchPage, entries);
  for await (const { page } of pages) seen.push(page);
  return seen;
}

test('all pages are read in order, and an empty marker ends the list', async () => {
  assert.deepEqual(await walk([1, 2, 3, null]), [0, 1, 2, 3]);
  const markers = ['x', ''];
  const seen: (string | null)[] = [];
  const fetchPage = async (marker: string | null) => ({ at: marker, marker: markers.shift() ?? '' });
  const entries = { count: () => 1, first: ({ at }: { at: string | null }) => String(at), max: Infinity };
  for await (const page of everyPage('list', fetchPage, entries)) seen.push(page.at);
  assert.deepEqual(seen, [null, 'x']);
});

test('markers that repeat end in a failure after a few rounds, wherever the cycle starts', async () => {
  const circle = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 40 }));
  await fc.assert(
    fc.asyncProperty(circle, async ([lead, length]) => {
      // Pages 0 … lead lead into a circle of `length` pages.
      const last = lead + length;
      const next = Array.from({ length: last + 1 }, (_, page) => (page === last ? lead + 1 : page + 1));
      const pagesMax = 4 * (last + 2);
      await assert.rejects(walk(next, pagesMax), (error) => isFailure(error, 'unreachable'));
    }),
  );
});

test('a very long list is not mistaken for one that repeats', async () => {
  const next = Array.from({ length: 5000 }, (_, page) => (page === 4999 ? null : page + 1));
  assert.equal((await walk(next)).length, 5000);
});

test('a list of more parts than an upload can have ends in a failure, even if each marker is new', async () => {
  const { target } = memoryTarget();
  const head = { partSizeBytes: MIB_BYTES, description: 'd', createdAt: null };
  let pages = 0;
  const listPartsPage = async () => {
    const parts = Array.from({ length: 1000 }, (_, i) => ({
      startByte: (pages * 1000 + i) * MIB_BYTES,
      endByte: (pages * 1000 + i + 1) * MIB_BYTES - 1,
      treeHash: null,
      etag: null,
    }));
    pages += 1;
    return { ...head, parts, marker: String(pages) };
  };
  await assert.rejects(listAllParts({ ...target, listPartsPage }, 'id', never), (error) => {
    assert.ok(isFailure(error, 'unreachable'));
    return error.facts.why === 'the service lists more than the 10000 parts that an upload can have';
  });
  assert.equal(pages, 11);
});

test('uploads that are the same or none on each page end in a failure, even if each marker is new', async () => {
  const { target } = memoryTarget();
  const open = { key: 'a', description: null, partSizeBytes: null, vaultArn: null, storageClass: null };
  const upload = { ...open, uploadId: 'u', createdAt: '2026-01-01T00:00:00Z' };
  for (const uploads of [[], [upload]]) {
    let pages = 0;
    const listUploadsPage = async () => {
      pages += 1;
      return { uploads, marker: String(pages) };
    };
    const read = async (): Promise<void> => {
      for await (const _ of listAllUploads({ ...target, listUploadsPage }, never));
    };
    await assert.rejects(read(), (error) => isFailure(error, 'unreachable'));
    assert.ok(pages <= 102, `${pages} pages`);
  }
});

test('pages that have only uploads of other keys do not end the list', async () => {
  const { target } = memoryTarget();
  let pages = 0;
  const listUploadsPage = async () => {
    pages += 1;
    return { uploads: [], otherUploads: 1000, marker: pages < 300 ? String(pages) : null };
  };
  for await (const _ of listAllUploads({ ...target, listUploadsPage }, never));
  assert.equal(pages, 300);
});

test('a page without entries but with a marker does not end the list', async () => {
  const { target } = memoryTarget();
  const pages = [
    { parts: [], marker: 'a' },
    { parts: [{ startByte: 0, endByte: 3, treeHash: null, etag: null }], marker: 'b' },
    { parts: [], marker: null },
  ];
  const head = { partSizeBytes: MIB_BYTES, description: 'd', createdAt: null };
  const sparse = {
    ...target,
    listPartsPage: async (_id: string, { marker }: { marker: string | null }) => {
      const page = pages[marker === null ? 0 : marker === 'a' ? 1 : 2];
      return { ...head, parts: [], marker: null, ...page };
    },
  };
  const { upload, parts } = await listAllParts(sparse, 'id', never);
  assert.deepEqual([upload.partSizeBytes, parts.length], [MIB_BYTES, 1]);
});

test('all parts and all uploads are collected from pages of three', async () => {
  const { target, calls } = memoryTarget();
  const plan = { sizeBytes: 7 * MIB_BYTES, partSizeBytes: MIB_BYTES, partCount: 7 };
  const ids = new Set<string>();
  for (let n = 0; n < 7; n += 1)
    ids.add((await target.createUpload({ plan, description: '' }, never)).uploadId);
  const [uploadId = ''] = ids;
  const bytes = Buffer.alloc(MIB_BYTES);
  for (let n = 0; n < 6; n += 1) await target.sendPart(uploadId, preparedPart(bytes, n, MIB_BYTES), never);
  const { parts } = await listAllParts(target, uploadId, never);
  assert.equal(parts.length, 6);
  assert.equal(calls.listPartsPage, 2, 'the second page is just full, and the last');
  const listed = new Set<string>();
  for await (const upload of listAllUploads(target, never)) listed.add(upload.uploadId);
  assert.deepEqual(listed, ids);
  assert.equal(calls.listUploadsPage, 3);
});
