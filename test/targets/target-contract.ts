/** The contract that every target fulfils, the one in memory and the real ones: a fake that differs from them is useless. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { listAllParts, listAllUploads } from '../../src/transfer/list.js';
import type { RecordedPart } from '../../src/transfer/ports/state.js';
import type {
  Completion,
  CreatedUpload,
  CreateUploadRequest,
  OpenUpload,
  RemotePart,
  Target,
} from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { type HashedPart, preparedPart } from '../support/prepared-part.js';

interface ContractTargets {
  /** A vault or bucket that exists and is empty. */
  readonly target: Target;
  /** A vault or bucket of the same service that does not exist. */
  readonly absent: Target;
}

/** The properties of a kind of service that the contract depends on. */
export interface ServiceKind {
  readonly container: 'vault' | 'bucket';
  readonly partBytes: number;
}

export const VAULT_KIND: ServiceKind = { container: 'vault', partBytes: MIB_BYTES };
export const BUCKET_KIND: ServiceKind = { container: 'bucket', partBytes: 8 * MIB_BYTES };

type MakeTargets = (t: TestContext) => Promise<ContractTargets>;

const UNKNOWN_ID = `-${'no_such-upload'.repeat(7)}`.slice(0, 92);

const never = new AbortController().signal;

/** A file of two and a half parts, and the steps of its upload. */
class Work {
  readonly kind: ServiceKind;
  readonly sizeBytes: number;
  readonly bytes: Buffer;
  readonly treeHash: string;
  /** Hashing takes most of the time of these tests, so the parts are hashed once. */
  #recorded: Promise<ReadonlyMap<number, RecordedPart>> | null = null;

  constructor(kind: ServiceKind) {
    this.kind = kind;
    this.sizeBytes = 2.5 * kind.partBytes;
    this.bytes = seededBytes(this.sizeBytes, 42);
    this.treeHash = vaultTreeHash(this.bytes);
  }

  request(description = 'photos of 2026'): CreateUploadRequest {
    const plan = { sizeBytes: this.sizeBytes, partSizeBytes: this.kind.partBytes, partCount: 3 };
    return { plan, description };
  }

  partOf(index: number, from: Buffer = this.bytes): HashedPart {
    const { partBytes } = this.kind;
    return preparedPart(from.subarray(index * partBytes, (index + 1) * partBytes), index, partBytes);
  }

  /** Returns the input of complete: every part with the hashes and the ETag of its bytes. */
  async whole({ object }: Partial<CreatedUpload> = {}): Promise<Completion> {
    this.#recorded ??= this.#record();
    const { sizeBytes, treeHash, kind } = this;
    const sizes = { sizeBytes, partSizeBytes: kind.partBytes };
    return { ...sizes, treeHash, parts: await this.#recorded, ...(object !== undefined && { object }) };
  }

  async #record(): Promise<ReadonlyMap<number, RecordedPart>> {
    const parts = new Map<number, RecordedPart>();
    for (const index of [0, 1, 2]) {
      const part = this.partOf(index);
      const { treeHash, digests } = part;
      parts.set(index, { treeHash, linearHash: digests.sha256, etag: digests.md5 });
    }
    return parts;
  }

  async createUpload(target: Target, indexes: readonly number[]): Promise<CreatedUpload> {
    const created = await target.createUpload(this.request(), never);
    await Promise.all(indexes.map((index) => target.sendPart(created.uploadId, this.partOf(index), never)));
    return created;
  }

  /** Returns true if a hash in the list proves that it is this part. */
  async provesPart({ treeHash, linearHash = null, etag }: RemotePart, index: number): Promise<boolean> {
    const part = this.partOf(index);
    if (treeHash !== null) return treeHash === part.treeHash;
    return linearHash === null ? etag === part.digests.md5 : linearHash === part.digests.sha256;
  }

  async listedIndexes(target: Target, uploadId: string): Promise<number[]> {
    const { parts } = await listAllParts(target, uploadId, never);
    return parts.map((part) => part.startByte / this.kind.partBytes);
  }
}

async function openIds(target: Target): Promise<string[]> {
  const ids: string[] = [];
  for await (const upload of listAllUploads(target, never)) ids.push(upload.uploadId);
  return ids;
}

function missing(what: 'upload' | ServiceKind['container']) {
  return (error: unknown): true => {
    assert.ok(isFailure(error, 'not-found'), `not a not-found: ${error}`);
    assert.equal(error.facts.what, what);
    assert.equal(error.service?.httpStatus, 404);
    assert.equal(error.retryClass, null, 'a retry would not help');
    return true;
  };
}

function refusedWhole(error: unknown): true {
  assert.ok(isFailure(error, 'checksum'), `not a checksum: ${error}`);
  assert.equal(error.facts.what, 'archive');
  // Null if the target refused it without a request.
  assert.equal(error.service?.httpStatus ?? 400, 400);
  assert.equal(error.retryClass, null, 'a retry would not help');
  return true;
}

export function targetContract(name: string, kind: ServiceKind, make: MakeTargets): void {
  const work = new Work(kind);
  const fact: Fact = (title: string, check): void => {
    test(`${name}: ${title}`, async (t) => {
      const targets = await make(t);
      t.after(async () => {
        await targets.target.close();
        await targets.absent.close();
      });
      await check({ ...targets, work });
    });
  };
  factsOfParts(fact);
  factsOfLists(fact);
  factsOfComplete(fact);
  factsOfAbort(fact);
  factsOfSignals(fact);
}

type Fact = (
  title: string,
  check: (bench: ContractTargets & { readonly work: Work }) => Promise<void>,
) => void;

function factsOfParts(fact: Fact): void {
  fact(
    'locate returns the identity of the target, with the account that the service reports',
    async ({ target, work }) => {
      const identity = await target.locate(false, never);
      assert.match(identity.url, /^[a-z0-9]+:\/\/\S+$/);
      if (work.kind.container === 'vault') assert.match(identity.account ?? '', /^\d{12}$/);
      assert.deepEqual(await target.locate(true, never), identity);
    },
  );

  fact(
    'parts are accepted in any order and concurrently, and each receipt has the hash of its bytes',
    async (targets) => {
      const { target, work } = targets;
      const { uploadId } = await target.createUpload(work.request(), never);
      const receipts = await Promise.all(
        [2, 0, 1].map((index) => target.sendPart(uploadId, work.partOf(index), never)),
      );
      assert.deepEqual(
        receipts.map((receipt) => receipt.treeHash),
        [2, 0, 1].map((index) => work.partOf(index).treeHash),
      );
      const { upload, parts } = await listAllParts(target, uploadId, never);
      assert.equal(upload.partSizeBytes, work.kind.partBytes);
      if (work.kind.container === 'vault') {
        assert.equal(upload.description, 'photos of 2026');
        assert.ok(Number.isFinite(Date.parse(upload.createdAt ?? '')));
      }
      const listed = parts.map(({ startByte, endByte }) => [startByte, endByte]);
      const ranges = [0, 1, 2].map((index) => work.partOf(index).range);
      assert.deepEqual(
        listed,
        ranges.map(({ startByte, endByte }) => [startByte, endByte]),
      );
      for (const [index, part] of parts.entries()) assert.equal(await work.provesPart(part, index), true);
    },
  );

  fact('a part that is sent again replaces the earlier bytes', async ({ target, work }) => {
    const { uploadId, ...created } = await target.createUpload(work.request(), never);
    const other = seededBytes(work.sizeBytes, 43);
    await target.sendPart(uploadId, work.partOf(1, other), never);
    await Promise.all([0, 1, 2].map((index) => target.sendPart(uploadId, work.partOf(index), never)));
    assert.deepEqual(await work.listedIndexes(target, uploadId), [0, 1, 2]);
    await target.complete(uploadId, await work.whole(created), never);
  });

  fact('a part whose bytes do not match its hash is refused', async ({ target, work }) => {
    const { uploadId } = await work.createUpload(target, [0]);
    const { treeHash, digests, digest } = work.partOf(2);
    await assert.rejects(
      target.sendPart(uploadId, { ...work.partOf(1), treeHash, digests, digest }, never),
      (error) => error instanceof TransferError && error.kind !== 'bug',
    );
    assert.deepEqual(await work.listedIndexes(target, uploadId), [0]);
  });

  fact('an upload that was never created is not found by any operation', async ({ target, work }) => {
    const isMissing = missing('upload');
    await assert.rejects(target.sendPart(UNKNOWN_ID, work.partOf(0), never), isMissing);
    await assert.rejects(target.listPartsPage(UNKNOWN_ID, { limit: null, marker: null }, never), isMissing);
    await assert.rejects(target.complete(UNKNOWN_ID, await work.whole(), never), isMissing);
    await assert.rejects(target.abort(UNKNOWN_ID, never), isMissing);
  });

  fact('a vault or bucket that does not exist is not found, and no operation creates it', async (bench) => {
    const { absent, work } = bench;
    const isMissing = missing(work.kind.container);
    await assert.rejects(absent.locate(false, never), isMissing);
    await assert.rejects(absent.createUpload(work.request(), never), isMissing);
    await assert.rejects(absent.listUploadsPage({ limit: null, marker: null }, never), isMissing);
  });
}

function factsOfLists(fact: Fact): void {
  fact('parts are listed over several pages by their markers', async ({ target, work }) => {
    const { uploadId } = await work.createUpload(target, [0, 1, 2]);
    const first = await target.listPartsPage(uploadId, { limit: 2, marker: null }, never);
    assert.equal(first.parts.length, 2);
    assert.ok(first.marker);
    const second = await target.listPartsPage(uploadId, { limit: 2, marker: first.marker }, never);
    assert.equal(second.marker, null);
    const starts = [...first.parts, ...second.parts].map((part) => part.startByte / work.kind.partBytes);
    assert.deepEqual(starts, [0, 1, 2]);
    const full = await target.listPartsPage(uploadId, { limit: 3, marker: null }, never);
    assert.deepEqual([full.parts.length, full.marker], [3, null], 'a page that is exactly full is the last');
  });

  fact('an upload without parts lists none', async ({ target, work }) => {
    const { uploadId } = await target.createUpload(work.request(), never);
    assert.deepEqual((await listAllParts(target, uploadId, never)).parts, []);
  });

  fact('uploads in progress are listed over several pages, each of them once', async ({ target, work }) => {
    const created: string[] = [];
    for (const n of [1, 2, 3, 4, 5])
      created.push((await target.createUpload(work.request(`n ${n}`), never)).uploadId);
    const listed: OpenUpload[] = [];
    let pages = 0;
    for (let marker: string | null = null; pages === 0 || marker !== null; pages += 1) {
      const page = await target.listUploadsPage({ limit: 2, marker }, never);
      assert.ok(page.uploads.length <= 2);
      listed.push(...page.uploads);
      marker = page.marker;
    }
    assert.equal(pages, 3);
    assert.deepEqual(listed.map(({ uploadId }) => uploadId).sort(), created.toSorted());
    const third = listed.find(({ uploadId }) => uploadId === created[2]);
    if (work.kind.container === 'vault') {
      const listedFields = [third?.description, third?.partSizeBytes, third?.key];
      assert.deepEqual(listedFields, ['n 3', work.kind.partBytes, null]);
    } else {
      assert.match(third?.key ?? '', /./);
    }
    assert.ok(Number.isFinite(Date.parse(third?.createdAt ?? '')));
  });

  fact('an upload id may start with any character', async ({ target, work }) => {
    for (let n = 0; n < 8; n += 1) {
      const { uploadId } = await target.createUpload(work.request(), never);
      await target.sendPart(uploadId, work.partOf(0), never);
      assert.deepEqual(await work.listedIndexes(target, uploadId), [0], uploadId);
      await target.abort(uploadId, never);
    }
  });
}

function factsOfComplete(fact: Fact): void {
  fact('complete creates one archive, and a repeat returns the same id', async ({ target, work }) => {
    const { uploadId, ...created } = await work.createUpload(target, [2, 1, 0]);
    const whole = await work.whole(created);
    const first = await target.complete(uploadId, whole, never);
    assert.ok(first.archiveId.length > 0);
    assert.equal(first.treeHash ?? whole.treeHash, whole.treeHash);
    const again = await target.complete(uploadId, whole, never);
    assert.equal(again.archiveId, first.archiveId);
  });

  fact(
    'a new archive is in the list of archives, and the service tells its time',
    async ({ target, work }) => {
      const { uploadId, ...created } = await work.createUpload(target, [0, 1, 2]);
      const whole = await work.whole(created);
      const { archiveId } = await target.complete(uploadId, whole, never);
      const list = await target.openArchiveList(never);
      assert.ok(list.state === 'ready');
      const { archives, marker } = await target.listArchivesPage(list.marker, never);
      const found = archives.find((archive) => archive.archiveId === archiveId);
      assert.deepEqual([found?.sizeBytes, marker], [whole.sizeBytes, null]);
      assert.equal(found?.treeHash ?? whole.treeHash, whole.treeHash);
      assert.ok(found?.treeHash !== null || found.etag !== null, 'it can be compared');
      const serviceMs = await target.serviceTimeMs(never);
      assert.ok(Math.abs((serviceMs ?? 0) - Date.now()) < 5000);
      assert.notEqual((await target.findCredentials(never)).accessKeyId, '');
    },
  );

  fact('a completed upload no longer exists as an upload', async ({ target, work }) => {
    const { uploadId, ...created } = await work.createUpload(target, [0, 1, 2]);
    const whole = await work.whole(created);
    await target.complete(uploadId, whole, never);
    const isMissing = missing('upload');
    await assert.rejects(target.abort(uploadId, never), isMissing);
    assert.deepEqual(await openIds(target), []);
    // Swift keeps the parts as segments of the object, and lists them as long as the object exists.
    if (work.kind.container === 'bucket') return;
    await assert.rejects(target.listPartsPage(uploadId, { limit: null, marker: null }, never), isMissing);
    await assert.rejects(target.sendPart(uploadId, work.partOf(0), never), isMissing);
  });

  fact('complete without all the parts is refused, and the upload stays open', async ({ target, work }) => {
    const { uploadId, ...created } = await work.createUpload(target, [0, 2]);
    const whole = await work.whole(created);
    await assert.rejects(target.complete(uploadId, whole, never), refusedWhole);
    await target.sendPart(uploadId, work.partOf(1), never);
    await target.complete(uploadId, whole, never);
  });

  fact(
    'complete with another hash or size is refused, and the upload stays open',
    async ({ target, work }) => {
      const { uploadId, ...created } = await work.createUpload(target, [0, 1, 2]);
      const whole = await work.whole(created);
      const wrongHash = { ...whole, treeHash: work.partOf(0).treeHash };
      await assert.rejects(target.complete(uploadId, wrongHash, never), refusedWhole);
      // A bucket gets a list of parts and knows their sizes; only a vault checks the total size.
      if (work.kind.container === 'vault') {
        const wrongSize = { ...whole, sizeBytes: whole.sizeBytes + 1 };
        await assert.rejects(target.complete(uploadId, wrongSize, never), refusedWhole);
      }
      assert.deepEqual(await openIds(target), [uploadId]);
      await target.complete(uploadId, whole, never);
    },
  );
}

function factsOfAbort(fact: Fact): void {
  fact(
    'abort removes the upload, and a repeat either succeeds or finds no upload',
    async ({ target, work }) => {
      const { uploadId, ...created } = await work.createUpload(target, [0]);
      const whole = await work.whole(created);
      const { uploadId: other } = await work.createUpload(target, [1]);
      const response = await target.abort(uploadId, never);
      assert.equal(response.httpStatus, 204);
      assert.deepEqual(await openIds(target), [other]);
      const isMissing = missing('upload');
      await assert.rejects(target.sendPart(uploadId, work.partOf(1), never), isMissing);
      await assert.rejects(target.complete(uploadId, whole, never), isMissing);
      const again = await target.abort(uploadId, never).catch((error: unknown) => isMissing(error));
      assert.ok(again === true || again.httpStatus === 204);
    },
  );
}

function factsOfSignals(fact: Fact): void {
  type Call = (bench: Bench, signal: AbortSignal) => Promise<unknown>;
  interface Bench {
    readonly target: Target;
    readonly work: Work;
    readonly uploadId: string;
    readonly whole: Completion;
  }
  const calls: Record<string, Call> = {
    locate: ({ target }, signal) => target.locate(false, signal),
    createUpload: ({ target, work }, signal) => target.createUpload(work.request(), signal),
    'send part': ({ target, work, uploadId }, signal) => target.sendPart(uploadId, work.partOf(0), signal),
    'list parts': ({ target, uploadId }, signal) =>
      target.listPartsPage(uploadId, { limit: null, marker: null }, signal),
    complete: ({ target, uploadId, whole }, signal) => target.complete(uploadId, whole, signal),
    abort: ({ target, uploadId }, signal) => target.abort(uploadId, signal),
    'list uploads': ({ target }, signal) => target.listUploadsPage({ limit: null, marker: null }, signal),
  };
  for (const [operation, call] of Object.entries(calls)) {
    fact(
      `${operation} rejects with the reason of a signal that is aborted before or during the call`,
      async (targets) => {
        const { target, work } = targets;
        const { uploadId, ...created } = await target.createUpload(work.request(), never);
        const bench = { target, work, uploadId, whole: await work.whole(created) };
        const reason = new TransferError('stopped', { signal: 'SIGINT' });
        const before = AbortSignal.abort(reason);
        await assert.rejects(call(bench, before), (error) => error === reason);
        const stop = new AbortController();
        const pending = call(bench, stop.signal);
        stop.abort(reason);
        await assert.rejects(pending, (error) => error === reason);
      },
    );
  }
}
