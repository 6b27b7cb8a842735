/** What every target must do, the one in memory and the real ones alike: a fake that drifts is worse than none. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { listAllParts, listAllUploads } from '../../src/transfer/pages.js';
import type { HeldPart, OpenUpload, Target, UploadOrder } from '../../src/transfer/ports.js';
import { seededBytes } from '../support/bytes.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { preparedPart } from '../support/prepared-part.js';

interface ContractTargets {
  /** Of a vault that exists and is empty. */
  readonly target: Target;
  /** The same service, and a vault that is not there. */
  readonly elsewhere: Target;
}

type MakeTargets = (t: TestContext) => Promise<ContractTargets>;

const PART_BYTES = MIB_BYTES;
const SIZE_BYTES = 2.5 * MIB_BYTES;
const bytes = seededBytes(SIZE_BYTES, 42);
const whole = { sizeBytes: SIZE_BYTES, treeHash: vaultTreeHash(bytes) };
const UNKNOWN_ID = `-${'no_such-upload'.repeat(7)}`.slice(0, 92);

const never = new AbortController().signal;

function order(description = 'photos of 2026'): UploadOrder {
  const plan = { sizeBytes: SIZE_BYTES, partSizeBytes: PART_BYTES, partCount: 3 };
  return { plan, description };
}

function partOf(index: number, from: Buffer = bytes) {
  return preparedPart(from.subarray(index * PART_BYTES, (index + 1) * PART_BYTES), index, PART_BYTES);
}

async function beginWithParts(target: Target, indexes: readonly number[]): Promise<string> {
  const { uploadId } = await target.begin(order(), never);
  await Promise.all(indexes.map((index) => target.sendPart(uploadId, partOf(index), never)));
  return uploadId;
}

async function heldStarts(target: Target, uploadId: string): Promise<number[]> {
  const { parts } = await listAllParts(target, uploadId, never);
  return parts.map((part) => part.startByte / PART_BYTES);
}

async function openIds(target: Target): Promise<string[]> {
  const ids: string[] = [];
  for await (const upload of listAllUploads(target, never)) ids.push(upload.uploadId);
  return ids;
}

function missing(what: 'upload' | 'vault') {
  return (error: unknown): true => {
    assert.ok(isFailure(error, 'not-found'), `not a not-found: ${error}`);
    assert.equal(error.facts.what, what);
    assert.equal(error.service?.httpStatus, 404);
    assert.equal(error.transience, null, 'asking again would not help');
    return true;
  };
}

function refusedWhole(error: unknown): true {
  assert.ok(isFailure(error, 'checksum'), `not a checksum: ${error}`);
  assert.equal(error.facts.what, 'archive');
  assert.equal(error.service?.httpStatus, 400);
  assert.equal(error.transience, null, 'asking again would not help');
  return true;
}

export function targetContract(name: string, make: MakeTargets): void {
  const fact = (title: string, check: (targets: ContractTargets) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => {
      const targets = await make(t);
      t.after(async () => {
        await targets.target.close();
        await targets.elsewhere.close();
      });
      await check(targets);
    });
  };
  factsOfParts(fact);
  factsOfLists(fact);
  factsOfComplete(fact);
  factsOfAbort(fact);
  factsOfSignals(fact);
}

type Fact = (title: string, check: (targets: ContractTargets) => Promise<void>) => void;

function factsOfParts(fact: Fact): void {
  fact('it says which place it is, with the account that the service gave', async ({ target }) => {
    const place = await target.locate(false, never);
    assert.match(place.url, /^[a-z0-9]+:\/\/\S+$/);
    assert.match(place.account ?? '', /^\d{12}$/);
    assert.deepEqual(await target.locate(true, never), place);
  });

  fact(
    'parts arrive in any order and at once, and each receipt has the hash of its bytes',
    async (targets) => {
      const { target } = targets;
      const { uploadId } = await target.begin(order(), never);
      const receipts = await Promise.all(
        [2, 0, 1].map((index) => target.sendPart(uploadId, partOf(index), never)),
      );
      assert.deepEqual(
        receipts.map((receipt) => receipt.treeHash),
        [2, 0, 1].map((index) => partOf(index).treeHash),
      );
      const { upload, parts } = await listAllParts(target, uploadId, never);
      assert.equal(upload.partSizeBytes, PART_BYTES);
      assert.equal(upload.description, 'photos of 2026');
      assert.ok(Number.isFinite(Date.parse(upload.createdAt ?? '')));
      const expected: HeldPart[] = [0, 1, 2].map((index) => {
        const { range, treeHash } = partOf(index);
        return { startByte: range.startByte, endByte: range.endByte, treeHash, etag: null };
      });
      assert.deepEqual(parts, expected);
    },
  );

  fact('the same part again replaces the bytes that were there', async ({ target }) => {
    const { uploadId } = await target.begin(order(), never);
    const other = seededBytes(SIZE_BYTES, 43);
    await target.sendPart(uploadId, partOf(1, other), never);
    await Promise.all([0, 1, 2].map((index) => target.sendPart(uploadId, partOf(index), never)));
    assert.deepEqual(await heldStarts(target, uploadId), [0, 1, 2]);
    await target.complete(uploadId, whole, never);
  });

  fact('a part whose bytes are not those of its hash is not taken', async ({ target }) => {
    const uploadId = await beginWithParts(target, [0]);
    const treeHash = partOf(2).treeHash;
    await assert.rejects(
      target.sendPart(uploadId, { ...partOf(1), treeHash }, never),
      (error) => error instanceof TransferError && error.kind !== 'bug',
    );
    assert.deepEqual(await heldStarts(target, uploadId), [0]);
  });

  fact('an upload that nobody began is not found, whatever is asked of it', async ({ target }) => {
    const isMissing = missing('upload');
    await assert.rejects(target.sendPart(UNKNOWN_ID, partOf(0), never), isMissing);
    await assert.rejects(target.listPartsPage(UNKNOWN_ID, { limit: null, marker: null }, never), isMissing);
    await assert.rejects(target.complete(UNKNOWN_ID, whole, never), isMissing);
    await assert.rejects(target.abort(UNKNOWN_ID, never), isMissing);
  });

  fact('a vault that is not there is not found, and not made by looking', async ({ elsewhere }) => {
    const isMissing = missing('vault');
    await assert.rejects(elsewhere.locate(false, never), isMissing);
    await assert.rejects(elsewhere.begin(order(), never), isMissing);
    await assert.rejects(elsewhere.listUploadsPage({ limit: null, marker: null }, never), isMissing);
  });
}

function factsOfLists(fact: Fact): void {
  fact('parts are listed over pages by markers that are handed back as they came', async ({ target }) => {
    const uploadId = await beginWithParts(target, [0, 1, 2]);
    const first = await target.listPartsPage(uploadId, { limit: 2, marker: null }, never);
    assert.equal(first.parts.length, 2);
    assert.ok(first.marker);
    const second = await target.listPartsPage(uploadId, { limit: 2, marker: first.marker }, never);
    assert.equal(second.marker, null);
    const starts = [...first.parts, ...second.parts].map((part) => part.startByte / PART_BYTES);
    assert.deepEqual(starts, [0, 1, 2]);
    const full = await target.listPartsPage(uploadId, { limit: 3, marker: null }, never);
    assert.deepEqual([full.parts.length, full.marker], [3, null], 'a page that is just full is the last');
  });

  fact('an upload without parts lists none', async ({ target }) => {
    const { uploadId } = await target.begin(order(), never);
    assert.deepEqual((await listAllParts(target, uploadId, never)).parts, []);
  });

  fact('uploads in progress are listed over pages, each once', async ({ target }) => {
    const begun: string[] = [];
    for (const n of [1, 2, 3, 4, 5]) begun.push((await target.begin(order(`n ${n}`), never)).uploadId);
    const listed: OpenUpload[] = [];
    let pages = 0;
    for (let marker: string | null = null; pages === 0 || marker !== null; pages += 1) {
      const page = await target.listUploadsPage({ limit: 2, marker }, never);
      assert.ok(page.uploads.length <= 2);
      listed.push(...page.uploads);
      marker = page.marker;
    }
    assert.equal(pages, 3);
    assert.deepEqual(listed.map(({ uploadId }) => uploadId).sort(), begun.toSorted());
    const third = listed.find(({ uploadId }) => uploadId === begun[2]);
    assert.deepEqual([third?.description, third?.partSizeBytes, third?.key], ['n 3', PART_BYTES, null]);
    assert.ok(Number.isFinite(Date.parse(third?.createdAt ?? '')));
  });

  fact('ids are good whatever they begin with', async ({ target }) => {
    for (let n = 0; n < 8; n += 1) {
      const { uploadId } = await target.begin(order(), never);
      await target.sendPart(uploadId, partOf(0), never);
      assert.deepEqual(await heldStarts(target, uploadId), [0], uploadId);
      await target.abort(uploadId, never);
    }
  });
}

function factsOfComplete(fact: Fact): void {
  fact('complete makes one archive, and a repeat gives the same id', async ({ target }) => {
    const uploadId = await beginWithParts(target, [2, 1, 0]);
    const first = await target.complete(uploadId, whole, never);
    assert.ok(first.archiveId.length > 0);
    assert.equal(first.treeHash ?? whole.treeHash, whole.treeHash);
    const again = await target.complete(uploadId, whole, never);
    assert.equal(again.archiveId, first.archiveId);
  });

  fact('an upload that was completed is no upload any more', async ({ target }) => {
    const uploadId = await beginWithParts(target, [0, 1, 2]);
    await target.complete(uploadId, whole, never);
    const isMissing = missing('upload');
    await assert.rejects(target.listPartsPage(uploadId, { limit: null, marker: null }, never), isMissing);
    await assert.rejects(target.sendPart(uploadId, partOf(0), never), isMissing);
    await assert.rejects(target.abort(uploadId, never), isMissing);
    assert.deepEqual(await openIds(target), []);
  });

  fact('complete with a part missing is refused, and the upload stays open', async ({ target }) => {
    const uploadId = await beginWithParts(target, [0, 2]);
    await assert.rejects(target.complete(uploadId, whole, never), refusedWhole);
    await target.sendPart(uploadId, partOf(1), never);
    await target.complete(uploadId, whole, never);
  });

  fact('complete with another hash or size is refused, and the upload stays open', async ({ target }) => {
    const uploadId = await beginWithParts(target, [0, 1, 2]);
    const wrongHash = { ...whole, treeHash: partOf(0).treeHash };
    await assert.rejects(target.complete(uploadId, wrongHash, never), refusedWhole);
    const wrongSize = { ...whole, sizeBytes: whole.sizeBytes + 1 };
    await assert.rejects(target.complete(uploadId, wrongSize, never), refusedWhole);
    assert.deepEqual(await openIds(target), [uploadId]);
    await target.complete(uploadId, whole, never);
  });
}

function factsOfAbort(fact: Fact): void {
  fact(
    'abort drops the upload, and a repeat is either answered again or finds nothing',
    async ({ target }) => {
      const uploadId = await beginWithParts(target, [0]);
      const other = await beginWithParts(target, [1]);
      const answer = await target.abort(uploadId, never);
      assert.equal(answer.httpStatus, 204);
      assert.deepEqual(await openIds(target), [other]);
      const isMissing = missing('upload');
      await assert.rejects(target.sendPart(uploadId, partOf(1), never), isMissing);
      await assert.rejects(target.complete(uploadId, whole, never), isMissing);
      const again = await target.abort(uploadId, never).catch((error: unknown) => isMissing(error));
      assert.ok(again === true || again.httpStatus === 204);
    },
  );
}

function factsOfSignals(fact: Fact): void {
  type Ask = (target: Target, uploadId: string, signal: AbortSignal) => Promise<unknown>;
  const asks: Record<string, Ask> = {
    locate: (target, _, signal) => target.locate(false, signal),
    begin: (target, _, signal) => target.begin(order(), signal),
    'send part': (target, uploadId, signal) => target.sendPart(uploadId, partOf(0), signal),
    'list parts': (target, uploadId, signal) =>
      target.listPartsPage(uploadId, { limit: null, marker: null }, signal),
    complete: (target, uploadId, signal) => target.complete(uploadId, whole, signal),
    abort: (target, uploadId, signal) => target.abort(uploadId, signal),
    'list uploads': (target, _, signal) => target.listUploadsPage({ limit: null, marker: null }, signal),
  };
  for (const [operation, ask] of Object.entries(asks)) {
    fact(`${operation} rejects with the reason of a signal, aborted before or meanwhile`, async (targets) => {
      const { target } = targets;
      const { uploadId } = await target.begin(order(), never);
      const reason = new TransferError('stopped', { signal: 'SIGINT' });
      const before = AbortSignal.abort(reason);
      await assert.rejects(ask(target, uploadId, before), (error) => error === reason);
      const stop = new AbortController();
      const asked = ask(target, uploadId, stop.signal);
      stop.abort(reason);
      await assert.rejects(asked, (error) => error === reason);
    });
  }
}
