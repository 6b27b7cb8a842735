import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  abort,
  audit,
  hash,
  listParts,
  listUploads,
  resume,
  status,
  upload,
  verify,
} from '../../src/library/index.js';
import type { TransferEvent } from '../../src/transfer/events.js';
import { checkObject, jsonOf } from '../support/json-shapes.js';
import { startSmallStore } from '../support/small-store.js';
import { collect, MIB_BYTES, openBench, rejection, TARGET } from './support.js';

describe('A program', { concurrency: 2 }, () => {
  test('uploads a file as the command line does, and each skips what the other has archived', async (t) => {
    const { home, place, file } = await openBench(t);
    const first = await upload(file('a.tar', 3 * MIB_BYTES), TARGET, { ...place, partSize: '1M' });
    assert.deepEqual([first.parts, first.partsSent, first.skipped], [3, 3, false]);
    checkObject(JSON.stringify(first), 'archive');
    const run = await home.run(['upload', 'a.tar', TARGET, '--json']);
    const [second] = jsonOf(run.stdout, 'archive');
    assert.deepEqual([run.code, second?.['skipped'], second?.['archiveId']], [0, true, first.archiveId]);
    const third = await upload(pathToFileURL(first.file), TARGET, place);
    assert.deepEqual([third.skipped, third.archiveId], [true, first.archiveId]);
  });

  test('stops an upload by its signal, hears what is kept, and continues it by the file or by the id', async (t) => {
    const { place, file } = await openBench(t);
    const path = file('a.tar', 8 * MIB_BYTES);
    const stop = new AbortController();
    const onEvent = ({ type }: TransferEvent): void => {
      if (type === 'part') stop.abort(new Error('enough'));
    };
    const options = { ...place, partSize: MIB_BYTES, concurrency: 1, signal: stop.signal, onEvent };
    const error = await rejection(upload(path, TARGET, options));
    assert.deepEqual(
      [error.name, error.code, error.kind, error.resumable, error.file, error.target],
      ['AbortError', 'ABORT_ERR', 'stopped', true, path, TARGET],
    );
    assert.equal((error.cause as Error).message, 'enough');
    assert.match(error.message, /^stopped .*: aborted by the AbortSignal; the service keeps 1 of 8 parts/);
    assert.match(error.hint ?? '', /^calve resume --state-dir /);
    const [unfinished] = await collect(status(place));
    checkObject(JSON.stringify(unfinished), 'unfinished');
    assert.equal(unfinished?.uploadId, error.uploadId);
    const resumed = await resume(path, place);
    assert.deepEqual([resumed.resumed, resumed.partsReused, resumed.partsSent], [true, 1, 7]);
    const again = new AbortController();
    again.abort();
    const early = await rejection(upload(path, TARGET, { ...place, fresh: true, signal: again.signal }));
    assert.equal(early.kind, 'stopped');
    assert.equal((await rejection(resume('no-such-upload', place))).kind, 'not-found');
  });

  test('runs several uploads at once, and a second one of the same file is busy', async (t) => {
    const { place, file } = await openBench(t, { latency: 5 });
    const options = { ...place, partSize: MIB_BYTES };
    const paths = [1, 2, 3].map((n) => file(`${n}.tar`, n * MIB_BYTES + n));
    const sent = await Promise.all(paths.map((path) => upload(path, TARGET, options)));
    assert.deepEqual(
      sent.map(({ size }) => size),
      [1, 2, 3].map((n) => n * MIB_BYTES + n),
    );
    const twice = paths.slice(0, 1).flatMap((path) => [path, path]);
    const [one, two] = await Promise.allSettled(
      twice.map((path) => upload(path, TARGET, { ...options, fresh: true })),
    );
    assert.deepEqual([one?.status, two?.status].sort(), ['fulfilled', 'rejected']);
    const waited = await Promise.all(
      twice.map((path) => upload(path, TARGET, { ...options, fresh: true, lockWait: '1m' })),
    );
    assert.equal(waited.length, 2);
  });

  test('uploads streams, iterables and bytes, and the hash of each is that of the file', async (t) => {
    const { place, file } = await openBench(t);
    const path = file('a.tar', 2 * MIB_BYTES + 5);
    const bytes = readFileSync(path);
    const { treeHash } = await hash(path);
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000);
    }
    const web = Readable.toWeb(createReadStream(path)) as unknown as AsyncIterable<Uint8Array>;
    for (const source of [createReadStream(path), web, chunks(), bytes]) {
      const sent = await upload(source, TARGET, { ...place, name: 'a', partSize: MIB_BYTES });
      assert.deepEqual([sent.file, sent.size, sent.treeHash], ['a', bytes.length, treeHash]);
    }
    assert.equal(
      (await hash(Readable.from(['ab', 'c']))).treeHash,
      (await hash(Buffer.from('abc'))).treeHash,
    );
  });

  test('whose stream fails or is stopped leaves no upload, gets its own error as the cause, and its stream is closed', async (t) => {
    const { place } = await openBench(t);
    async function* failing() {
      yield Buffer.alloc(2 * MIB_BYTES);
      throw new Error('the disk of the program');
    }
    const failed = await rejection(upload(failing(), TARGET, { ...place, partSize: MIB_BYTES }));
    assert.deepEqual([failed.kind, (failed.cause as Error).message], ['source', 'the disk of the program']);
    assert.equal(failed.message, 'the stream failed: the disk of the program');
    const silent = new Readable({ read: () => undefined });
    silent.push(Buffer.alloc(2 * MIB_BYTES));
    const stop = new AbortController();
    const onEvent = ({ type }: TransferEvent): void => {
      if (type === 'part') stop.abort();
    };
    const options = { ...place, partSize: MIB_BYTES, signal: stop.signal, onEvent };
    assert.equal((await rejection(upload(silent, TARGET, options))).kind, 'stopped');
    assert.equal(silent.destroyed, true);
    assert.deepEqual(await collect(listUploads(TARGET, place)), []);
  });

  test('that throws in onEvent gets this very error, and the upload can be continued', async (t) => {
    const { place, file } = await openBench(t);
    const path = file('a.tar', 4 * MIB_BYTES);
    const mine = new RangeError('mine');
    const onEvent = ({ type }: TransferEvent): void => {
      if (type === 'part') throw mine;
    };
    const options = { ...place, partSize: MIB_BYTES, concurrency: 1, onEvent };
    await assert.rejects(upload(path, TARGET, options), (error) => error === mine);
    const resumed = await resume(path, place);
    assert.deepEqual([resumed.resumed, resumed.partsReused], [true, 1]);
    const late = ({ type }: TransferEvent): void => {
      if (type === 'archived') throw mine;
    };
    const again = upload(path, TARGET, { ...place, fresh: true, onEvent: late });
    await assert.rejects(again, (error) => error === mine);
  });

  test('whose onEvent returns a promise that rejects gets its error, and a call waits for such promises', async (t) => {
    const { place, file } = await openBench(t);
    const path = file('a.tar', 4 * MIB_BYTES);
    const mine = new RangeError('mine');
    const onEvent = async ({ type }: TransferEvent): Promise<void> => {
      if (type === 'part') throw mine;
    };
    const options = { ...place, partSize: MIB_BYTES, concurrency: 1, onEvent };
    await assert.rejects(upload(path, TARGET, options), (error) => error === mine);
    assert.equal((await collect(status(place))).length, 1, 'it stopped');
    let heard = 0;
    const late = async ({ type }: TransferEvent): Promise<void> => {
      await sleep(20);
      heard += 1;
      if (type === 'archived') throw mine;
    };
    await assert.rejects(upload(path, TARGET, { ...place, onEvent: late }), (error) => error === mine);
    assert.ok(heard > 4, `${heard} events`);
    const again = { ...place, fresh: true, onEvent: () => sleep(20) };
    assert.equal((await upload(path, TARGET, again)).size, 4 * MIB_BYTES);
    // An error of the call is not kept back by a promise that never settles.
    const stop = new AbortController();
    const never = () => {
      stop.abort();
      return new Promise(() => undefined);
    };
    const stopped = upload(path, TARGET, { ...again, signal: stop.signal, onEvent: never });
    assert.equal((await rejection(stopped)).kind, 'stopped');
  });

  test('ends no list early without an error: a signal that comes between two entries rejects', async (t) => {
    const { place, createUpload } = await openBench(t);
    for (let count = 0; count < 3; count += 1) await createUpload();
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { uploadId } of listUploads(TARGET, { ...place, signal: stop.signal })) {
        seen.push(uploadId);
        stop.abort();
      }
    })();
    assert.equal((await rejection(reading)).kind, 'stopped');
    assert.equal(seen.length, 1);
  });

  test('continues an upload that only the service knows, with a file or with bytes, and aborts others', async (t) => {
    const { home, place, file } = await openBench(t);
    const path = file('a.tar', 3 * MIB_BYTES);
    const elsewhere = { ...place, stateDir: `${home.folder}/other`, partSize: MIB_BYTES, concurrency: 1 };
    const leave = async (): Promise<string> => {
      const stop = new AbortController();
      const onEvent = ({ type }: TransferEvent): void => {
        if (type === 'part') stop.abort();
      };
      const options = { ...elsewhere, fresh: true, signal: stop.signal, onEvent };
      return (await rejection(upload(path, TARGET, options))).uploadId ?? '';
    };
    const [one, two, three, four] = [await leave(), await leave(), await leave(), await leave()];
    const parts = await collect(listParts(TARGET, { ...place, uploadId: one }));
    const [part] = parts;
    assert.deepEqual([parts.length, part?.size, part?.start], [1, MIB_BYTES, (part?.index ?? 0) * MIB_BYTES]);
    const adopted = await resume(path, TARGET, { ...place, uploadId: one });
    assert.deepEqual([adopted.uploadId, adopted.partsReused], [one, 1]);
    const again = await resume(readFileSync(path), TARGET, { ...place, uploadId: two, name: 'a' });
    assert.deepEqual([again.uploadId, again.partsReused, again.treeHash], [two, 1, adopted.treeHash]);
    const aborted = await abort(TARGET, { ...place, uploadId: three });
    assert.deepEqual(
      aborted.map(({ uploadId, httpStatus }) => [uploadId, httpStatus]),
      [[three, 204]],
    );
    assert.deepEqual(await abort(TARGET, { ...place, olderThan: '1h' }), []);
    const swept = await abort(TARGET, { ...place, all: true });
    assert.deepEqual(
      swept.map(({ uploadId }) => uploadId),
      [four],
    );
    assert.equal((await rejection(abort(TARGET, { ...place, uploadId: 'unknown' }))).kind, 'not-found');
    assert.equal((await rejection(abort(TARGET, { ...place, uploadId: one, all: true }))).kind, 'usage');
  });

  test('gets audits row by row with a summary last, and a file that differs rejects verify', async (t) => {
    const { home, place, file } = await openBench(t);
    const { archiveId } = await upload(file('a.tar', MIB_BYTES), TARGET, place);
    const rows = await collect(audit(TARGET, place));
    for (const row of rows) checkObject(JSON.stringify(row), row.type);
    assert.deepEqual(
      rows.map((row) => [row.type, row.type === 'audited' ? row.archiveId : row.ok]),
      [
        ['audited', archiveId],
        ['audit-summary', 1],
      ],
    );
    const verified = await verify(`${home.folder}/a.tar`, place);
    assert.deepEqual([verified.match, verified.archiveId], [true, archiveId]);
    file('b.tar', MIB_BYTES + 1);
    const error = await rejection(verify(`${home.folder}/b.tar`, { ...place, archiveId }));
    assert.equal(error.exitCode, 14);
    if (error.kind !== 'checksum') throw error;
    assert.deepEqual([error.facts.what, error.facts.expected], ['file', verified.treeHash]);
  });

  test('reads the next page of a list only when it asks for more', async (t) => {
    const { place, createUpload } = await openBench(t, { faults: ['denied@list-uploads:#2'] });
    // A page has 50 entries.
    await Promise.all(Array.from({ length: 51 }, createUpload));
    const uploads = listUploads(TARGET, place);
    for (let count = 0; count < 50; count += 1) assert.equal((await uploads.next()).value?.type, 'upload');
    const denied = await rejection(uploads.next());
    assert.deepEqual([denied.kind, denied.target], ['refused', TARGET]);
    for await (const { type } of listUploads(TARGET, place)) {
      assert.equal(type, 'upload');
      break;
    }
  });

  test('sends objects with the credentials that it gives, and another bucket server keeps its options', async (t) => {
    const store = await startSmallStore(t);
    const { home, file } = await openBench(t);
    let lookUps = 0;
    const credentials = async () => {
      lookUps += 1;
      return { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
    };
    const folders = { stateDir: home.stateDir, catalogue: home.catalogueDir };
    const options = { ...folders, endpointUrl: store.url, pathStyle: true, credentials };
    const sent = await upload(file('a.tar', 100), 's3://bucket/backups/', { ...options, tagging: 'kind=x' });
    assert.deepEqual([sent.archiveId, sent.key], ['s3://bucket/backups/a.tar', 'backups/a.tar']);
    assert.equal(lookUps, 1);
    const refused = await rejection(upload(Readable.from(['x']), 's3://bucket/backups/', options));
    assert.match(refused.message, /a stream has no file name that could end the key/);
  });
});
