/** The table of docs/design.md, row by row: SIGKILL at that instant, and what the next run makes of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type CrashAt, crashEnv } from '../support/crash-at.js';
import {
  assertOneArchive,
  type Job,
  type NetworkInstant,
  openJob,
  PART_BYTES,
  type Traffic,
} from '../support/crash-job.js';
import { isComplete, isCreate, isPart } from '../support/requests.js';
import { sharedVaults } from '../support/vault-service.js';

interface Row {
  /** Both in the words of the table. */
  readonly dies: string;
  readonly does: string;
  /** The exact instants; each of them is tried. */
  readonly at: readonly (NetworkInstant | CrashAt)[];
  /** The requests of all runs together. More `parts` are allowed for those that may have been in flight. */
  readonly traffic: Traffic;
  readonly leavesOpenUpload?: boolean;
  /** False: `resume` ends with 0 and prints nothing. */
  readonly resumable: boolean;
}

const PARTS = 4;
const LANES = 2;
const COMPLETING = '^write .*"type":"completing"';
const PART_LINE = '^write .*"type":"part"';
const HEAD_NAMED = '^rename .*jsonl$';
const JOURNAL_GONE = '^unlink .*jsonl$';
const ENTRY_NAMED = '^rename .*/archives/.*json$';

const ROWS: readonly Row[] = [
  {
    dies: 'before create was sent',
    does: 'creates an upload',
    at: [{ moment: 'before', request: isCreate }],
    traffic: { creates: 1, partLists: 0, parts: PARTS, completes: 1 },
    resumable: false,
  },
  {
    dies: 'after create was answered, before the head was on disk',
    does: 'creates another; an empty upload stays on the service, and expires',
    at: [
      { moment: 'after', request: isCreate },
      { when: 'within', matching: '^write .*"type":"head"' },
      { when: 'before', matching: HEAD_NAMED },
    ],
    traffic: { creates: 2, partLists: 0, parts: PARTS, completes: 1 },
    leavesOpenUpload: true,
    resumable: false,
  },
  {
    dies: 'after the head was on disk, before a part was sent',
    does: 'goes on with that upload',
    at: [
      { when: 'after', matching: HEAD_NAMED },
      { moment: 'before', request: isPart },
    ],
    traffic: { creates: 1, partLists: 1, parts: PARTS, completes: 1 },
    resumable: true,
  },
  {
    dies: 'while parts are sent',
    does: 'goes on; sends again at most the parts that were in flight',
    at: [
      { moment: 'before', request: isPart, nth: 3 },
      { moment: 'after', request: isPart, nth: 3 },
      { when: 'before', matching: PART_LINE, nth: 2 },
      { when: 'within', matching: PART_LINE, nth: 2 },
      { when: 'after', matching: PART_LINE, nth: 2 },
    ],
    traffic: { creates: 1, partLists: 1, parts: PARTS, completes: 1 },
    resumable: true,
  },
  {
    dies: 'after the last part, before `completing`',
    does: 'lists, sends nothing, completes',
    at: [
      { when: 'before', matching: COMPLETING },
      { when: 'within', matching: COMPLETING },
    ],
    traffic: { creates: 1, partLists: 1, parts: PARTS, completes: 1 },
    resumable: true,
  },
  {
    dies: 'after `completing`, before complete was sent',
    does: 'completes: the service answers for the first time',
    at: [
      { when: 'after', matching: COMPLETING },
      { moment: 'before', request: isComplete },
    ],
    traffic: { creates: 1, partLists: 0, parts: PARTS, completes: 1 },
    resumable: true,
  },
  {
    dies: 'after complete was done, before its answer came',
    does: 'completes again: the service gives the same archive id',
    at: [{ moment: 'after', request: isComplete }],
    traffic: { creates: 1, partLists: 0, parts: PARTS, completes: 2 },
    resumable: true,
  },
  {
    dies: 'after the answer, before the catalogue entry',
    does: 'completes again, records the same id',
    at: [
      { when: 'within', matching: '^write .*"type":"archive"' },
      { when: 'before', matching: ENTRY_NAMED },
    ],
    traffic: { creates: 1, partLists: 0, parts: PARTS, completes: 2 },
    resumable: true,
  },
  {
    dies: 'after the catalogue entry, before the journal went',
    does: 'finds the entry, drops the journal, prints the id',
    at: [
      { when: 'after', matching: ENTRY_NAMED },
      { when: 'before', matching: JOURNAL_GONE },
    ],
    traffic: { creates: 1, partLists: 0, parts: PARTS, completes: 1 },
    resumable: true,
  },
  {
    dies: 'after the journal went, before the id was printed',
    does: 'finds the entry, prints the id',
    at: [
      { when: 'after', matching: JOURNAL_GONE },
      { when: 'before', matching: '^print' },
    ],
    traffic: { creates: 1, partLists: 0, parts: PARTS, completes: 1 },
    resumable: false,
  },
];

test('Every row of the table in docs/design.md is tested here', () => {
  const design = readFileSync(join(import.meta.dirname, '../../../docs/design.md'), 'utf8');
  const [, table = ''] = design.split('| the process dies ');
  const rows = [...(table.split('\n\n')[0]?.matchAll(/^\| ([^-].*?) +\| (.*?) +\|$/gm) ?? [])];
  const written = rows.map(([, dies, does]) => `${dies}: ${does}`);
  assert.deepEqual(
    ROWS.map(({ dies, does }) => `${dies}: ${does}`),
    written,
  );
});

describe('After a crash', { concurrency: 2 }, () => {
  const service = sharedVaults();

  async function newJob(t: TestContext, parts: number): Promise<Job> {
    return openJob(await service.home(t), { sizeBytes: parts * PART_BYTES - 7, concurrency: LANES });
  }

  for (const row of ROWS) {
    test(`Killed ${row.dies}, the next run ${row.does}`, async (t) => {
      const tries = row.at.map((at) => ({ at, word: 'upload' as Word }));
      // The state is the same after all instants of a row, so that one of them is enough for the other word.
      if (row.resumable) tries.push(...row.at.slice(-1).map((at) => ({ at, word: 'resume' as Word })));
      for (const [index, { at, word }] of tries.entries()) {
        await t.test(`${word} after a death ${instantText(at)}`, async (t) => {
          const job = await newJob(t, PARTS);
          const archiveId = await dieAndGoOn(job, row, { at, word });
          if (index === tries.length - 1) await assertSettled(job, archiveId);
        });
      }
    });
  }

  test('Killed with half of `completing` on disk, and again when complete was done, the third run gives the archive', async (t) => {
    const job = await newJob(t, 2);
    const torn = await job.run(job.uploadLine, crashEnv({ when: 'within', matching: COMPLETING }));
    const done = await job.runKilledAt(job.uploadLine, { moment: 'after', request: isComplete });
    assert.deepEqual([torn.signal, done.signal], ['SIGKILL', 'SIGKILL']);
    await assertOneArchive(job, await job.run(job.uploadLine));
    assert.deepEqual(job.traffic(), { creates: 1, partLists: 1, parts: 2, completes: 2 });
  });
});

type Word = 'upload' | 'resume';

function instantText(at: NetworkInstant | CrashAt): string {
  if ('moment' in at) return `${at.moment} ${at.request.name} was forwarded`;
  return `${at.when} ${at.matching}`;
}

async function dieAndGoOn(
  job: Job,
  row: Row,
  { at, word }: { at: NetworkInstant | CrashAt; word: Word },
): Promise<string> {
  const killed = await ('moment' in at
    ? job.runKilledAt(job.uploadLine, at)
    : job.run(job.uploadLine, crashEnv(at)));
  assert.equal(killed.signal, 'SIGKILL', `it ran past the instant: ${killed.stderr}`);
  assert.equal(killed.stdout, '');
  if (!row.resumable) {
    const nothing = await job.run(['resume']);
    assert.deepEqual([nothing.code, nothing.stdout], [0, ''], nothing.stderr);
  }
  const next = await job.run(word === 'upload' ? job.uploadLine : ['resume']);
  const openUploads = await assertOneArchive(job, next);
  assert.equal(openUploads, row.leavesOpenUpload ? 1 : 0, 'uploads left open on the service');
  assertTraffic(job.traffic(), row);
  return next.stdout.trimEnd();
}

/** Asserts that the same line prints the same id and sends nothing more. */
async function assertSettled(job: Job, archiveId: string): Promise<void> {
  const before = job.traffic();
  assert.equal((await job.run(job.uploadLine)).stdout.trimEnd(), archiveId, 'the line after that agrees');
  assert.deepEqual(job.traffic(), before, 'and sends nothing');
}

function assertTraffic(traffic: Traffic, { traffic: promised, dies }: Row): void {
  const inFlight = /while parts are sent|before a part was sent/.test(dies) ? LANES : 0;
  assert.deepEqual({ ...traffic, parts: promised.parts }, promised);
  assert.ok(
    traffic.parts >= promised.parts && traffic.parts <= promised.parts + inFlight,
    `${traffic.parts} parts were sent for ${promised.parts}`,
  );
}
