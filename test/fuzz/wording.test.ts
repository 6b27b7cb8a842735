import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FailureKind, type ServiceResponse, TransferError } from '../../src/core/failures.js';
import { errorJson, jsonLine, unfinishedJson, uploadJson } from '../../src/ui/json.js';
import {
  formatArchivedLine,
  formatProgressLine,
  formatRetryLine,
  formatStoppedLine,
  formatWaitingLine,
} from '../../src/ui/progress/progress-lines.js';
import { partsTable, unfinishedTable, uploadsTable } from '../../src/ui/tables/tables.js';
import { describeFailure, failureText } from '../../src/ui/wording/failures.js';
import { describeNotice } from '../../src/ui/wording/notices.js';
import { sampleHead } from '../state/samples.js';
import { SAMPLES } from '../ui/wording/failure-samples.js';
import { fuzz, hostileText } from './fuzz.js';

/** The characters that control a terminal; newlines are tested separately. */
const CONTROL = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;
const env = { stateDirectory: '/s\x1b[2J', stateDirectoryGiven: true, isTerminal: false };

/** Facts whose values calve chooses, so that they are never hostile text. */
const OWN = new Set(['why', 'what', 'limit', 'signal', 'thing', 'unit']);
const FREE_FACTS: Partial<Record<FailureKind, readonly string[]>> = {
  usage: ['what', 'why'],
  unreachable: ['why'],
  busy: ['what'],
};

function withText<T extends object>(facts: T, text: string, free: readonly string[] = []): T {
  const changed = Object.entries(facts).map(([key, value]) => {
    const isText = typeof value === 'string' || (value === null && !/Bytes|PerSecond|Max$|Ms$/.test(key));
    return [key, isText && (!OWN.has(key) || free.includes(key)) ? text : value];
  });
  return Object.fromEntries(changed) as T;
}

const answer = (text: string): ServiceResponse => ({
  httpStatus: 400,
  code: text,
  message: text,
  requestId: text,
  hostId: text,
  resource: text,
});

const samples = Object.values(SAMPLES).flat() as TransferError[];
const anySample = fc.constantFrom(...samples);

test('A failure with any text is a line and a hint that are safe to print, and its JSON has the same text', async (t) => {
  await fuzz(t, 300, fc.tuple(anySample, hostileText), ([sample, text]) => {
    const facts = withText(sample.facts, text, FREE_FACTS[sample.kind]);
    const error = new TransferError(sample.kind, facts as never, { service: answer(text) });
    error.context = { file: text, target: text, uploadId: text, resumable: true };
    const lines = failureText(describeFailure(error, env)).split('\n');
    assert.ok(lines.length <= 3 && lines.at(-1) === '', `${lines.length} lines`);
    for (const line of lines) assert.doesNotMatch(line, CONTROL);
    const json = jsonLine(errorJson(error, 3, env));
    assert.doesNotMatch(json, CONTROL);
    const { code, requestId, file } = JSON.parse(json) as Record<string, unknown>;
    assert.deepEqual([code, requestId, file], [text, text, text]);
  });
});

test('A message of the service is cut, however long it is', async (t) => {
  const long = fc.tuple(
    fc.constantFrom('x', '\x1b', '\u202e', '𝕏'),
    fc.integer({ min: 1000, max: 2_000_000 }),
  );
  await fuzz(t, 20, long, ([text, count]) => {
    const facts = { operation: 'send part 3', why: 'x', attempts: 3, elapsedMs: 5 };
    const error = new TransferError('unreachable', facts, { service: answer(text.repeat(count)) });
    assert.ok(failureText(describeFailure(error, env)).length < 2000);
  });
});

test('Tables with any text have one line per row, the same columns in each, and no control characters', async (t) => {
  const cells = fc.record({ description: hostileText, file: hostileText, isTerminal: fc.boolean() });
  await fuzz(t, 300, cells, ({ description, file, isTerminal }) => {
    const id = description.slice(0, 100);
    const createdAt = '2026-01-02T03:04:05.678Z';
    const upload = {
      uploadId: id,
      key: null,
      description,
      partSizeBytes: 1,
      createdAt,
      vaultArn: file,
      storageClass: null,
    };
    const row = uploadJson(upload, 'glacier://v', { file, partsDone: 1, parts: 2 });
    const head = { ...sampleHead(), description, uploadId: id };
    const unfinished = {
      ...{ head, fingerprint: head.fingerprint, parts: new Map(), completing: null, mismatch: null },
      ...{ damagedLines: 0, hasAllRecords: true, completingUncertain: false },
      ...{ lastActivityAt: createdAt, journalPath: '/x' },
    };
    const uploads = uploadsTable({ isTerminal, columns: 400 });
    const parts = partsTable({ isTerminal, columns: 400 });
    const part = {
      type: 'part',
      index: 0,
      start: 0,
      end: 1,
      size: 2,
      treeHash: id,
      etag: description,
    } as const;
    const texts = [
      uploads.push(row) + uploads.end(),
      parts.push(part) + parts.end(),
      unfinishedTable([{ ...unfinishedJson(unfinished, null), file, description, map: '##' }], {
        isTerminal,
        columns: 400,
        nowMs: 0,
      }),
    ];
    for (const text of texts) {
      const lines = text.split('\n').slice(0, -1);
      // On a terminal an id may have a line of its own.
      assert.ok(lines.length === 2 || (isTerminal && lines.length <= 4), text);
      for (const line of lines) assert.doesNotMatch(line.replaceAll('\t', ''), CONTROL);
      if (!isTerminal) assert.equal(new Set(lines.map((line) => line.split('\t').length)).size, 1);
    }
    const json = jsonLine(row);
    assert.doesNotMatch(json, CONTROL);
    assert.deepEqual(JSON.parse(json), row);
  });
});

test('Progress and notices with any text are one line that is safe to print', async (t) => {
  await fuzz(t, 300, hostileText, (text) => {
    const retry = {
      type: 'retry',
      operation: text,
      why: text,
      attempt: 1,
      attemptsMax: null,
      delayMs: 5,
    } as const;
    const progress = {
      ...{ fileName: text, doneBytes: 1, totalBytes: 2, partsDone: 1, partCount: 2 },
      ...{ bytesPerSecond: 1, leftMs: 1 },
    };
    const archived = {
      ...{ fileName: text, sizeBytes: 1, durationMs: 1, sentBytes: 1, partCount: 1, partsReused: 0 },
    };
    const target = { url: text, region: text, endpoint: text, account: null };
    const address = {
      uploadId: text,
      target,
      connection: { accountId: text, profile: text, pathStyle: true },
    };
    const env = { stateDirectory: text, stateDirectoryGiven: true, isTerminal: true };
    const lines = [
      formatRetryLine(retry as never, 0),
      formatWaitingLine({ type: 'waiting', what: text, holder: text, sinceMs: 1, waitMs: 1 }),
      formatStoppedLine(progress as never),
      formatProgressLine(progress as never),
      formatArchivedLine(archived as never),
      describeNotice({ notice: 'gone-created-again', uploadId: text } as never, env),
      describeNotice({ notice: 'next-page', marker: text } as never, env),
      describeNotice({ notice: 'busy-skipped', file: text, holder: text } as never, env),
      describeNotice(
        {
          notice: 'left-unfinished',
          uploadId: text,
          startedAt: text,
          address,
        } as never,
        env,
      ),
      describeNotice({ notice: 'in-use-elsewhere', uploadId: text, createdAt: text } as never, env),
    ];
    for (const line of lines) assert.doesNotMatch(line, CONTROL);
  });
});
