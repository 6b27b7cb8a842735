import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { reconcile } from '../../src/transfer/parts/reconcile.js';
import type { RecordedPart } from '../../src/transfer/ports/state.js';
import type { RemotePart } from '../../src/transfer/ports/target.js';
import { hashOf } from '../state/samples.js';
import { assertArchives, closeSources, interrupt, PART_BYTES, PARTS, rig } from '../transfer/rig.js';
import { fuzz } from './fuzz.js';

after(closeSources);

const MIB_BYTES = 1024 * 1024;
const plan = { sizeBytes: 5 * MIB_BYTES + 3, partSizeBytes: MIB_BYTES, partCount: 6 };

/** Numbers as no honest list has them. */
const anyNumber = fc.oneof(
  fc.integer({ min: -2, max: 7 }).map((index) => index * MIB_BYTES),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, 0.5, 2 ** 53),
);
const anyHash = fc.constantFrom('', 'x', ...[1, 2, 3].map(hashOf), null);
const anyPart: fc.Arbitrary<RemotePart> = fc.record({
  startByte: anyNumber,
  endByte: anyNumber,
  treeHash: anyHash,
  etag: fc.constant(null),
});

test('Whatever a service lists, a part is done only where the journal has its hash, and nothing else happens', async (t) => {
  const recorded = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 3 })));
  await fuzz(t, 2000, fc.tuple(fc.array(anyPart, { maxLength: 12 }), recorded), ([listed, known]) => {
    const records = new Map<number, RecordedPart>(
      known.map(([index, word]) => [index, { treeHash: hashOf(word), linearHash: null }]),
    );
    try {
      const { matching: held, toCompare, toSend } = reconcile(plan, records, listed);
      const all = [...held.keys(), ...toCompare.keys(), ...toSend].toSorted((a, b) => a - b);
      assert.deepEqual(all, [0, 1, 2, 3, 4, 5]);
      for (const [index, hash] of held) assert.equal(records.get(index)?.treeHash, hash);
    } catch (error) {
      assert.ok(isFailure(error, 'source') && error.facts.why === 'other-upload', String(error));
    }
  });
});

/** What became of a part since the last run. */
const fate = fc.record({
  service: fc.constantFrom('holds it', 'holds other bytes', 'lost it'),
  journal: fc.constantFrom('recorded it', 'forgot it'),
});

test('Whatever service and journal still know of the parts, the run ends in one archive of exactly the file', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, PARTS - 1);
  const upload = bench.vault.open(uploadId);
  const journal = bench.journalPath();
  const [head = '', ...lines] = readFileSync(journal, 'utf8').split(/(?<=\n)/);
  await fuzz(t, 60, fc.array(fate, { minLength: PARTS, maxLength: PARTS }), async (fates) => {
    rmSync(bench.catalogueFolder, { recursive: true });
    bench.vault.archives.splice(0);
    bench.vault.uploads.set(uploadId, { ...upload, parts: new Map() });
    const kept = lines.filter((line) => fates[JSON.parse(line).index]?.journal === 'recorded it');
    writeFileSync(journal, head + kept.join(''), { mode: 0o600 });
    for (const [index, { service }] of fates.entries()) {
      const bytes = Buffer.from(bench.bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES));
      if (service === 'holds other bytes') bytes.fill(7);
      if (service !== 'lost it') bench.vault.put(uploadId, index * PART_BYTES, bytes);
    }
    const sentBefore = bench.calls.sendPart;
    try {
      await bench.upload();
    } catch (error) {
      // Where not one part that is held fits, it is taken for another file's upload, and left alone.
      assert.ok(isFailure(error, 'source') && error.facts.why === 'other-upload', String(error));
      assert.ok(fates.every(({ service }) => service !== 'holds it'));
      assertArchives(bench);
      return;
    }
    assertArchives(bench, bench.bytes);
    const wanted = fates.filter(({ service }) => service !== 'holds it').length;
    assert.equal(bench.calls.sendPart - sentBefore, wanted, 'what it holds is not sent, what it does not is');
  });
});
