import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { isFailure, type RetryClass, TransferError } from '../../../src/core/failures.js';
import { MIB_BYTES } from '../../../src/core/units.js';
import { backOffMs, type RetryPolicy } from '../../../src/transfer/decorators/retrier.js';
import { withRetry } from '../../../src/transfer/decorators/retry.js';
import type { TransferEvent } from '../../../src/transfer/events.js';
import { seededBytes } from '../../support/bytes.js';
import { FakeClock } from '../../support/fake-clock.js';
import { type Hook, memoryTarget, type Operation } from '../../support/memory-target.js';
import { serviceAnswer, uploadNotFound } from '../../support/memory-vault.js';
import { preparedPart } from '../../support/prepared-part.js';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;
const request = { plan: { sizeBytes: 4, partSizeBytes: MIB_BYTES, partCount: 1 }, description: 'd' };
const part = preparedPart(Buffer.from('data'), 0, MIB_BYTES);

function bench(policy: Partial<RetryPolicy> = {}) {
  const memory = memoryTarget();
  const clock = new FakeClock();
  const events: TransferEvent[] = [];
  const target = withRetry(memory.target, {
    policy: {
      maxAttempts: 10,
      maxAttemptsGiven: false,
      retryDelayMs: 1000,
      giveUpAfterMs: HOUR_MS,
      giveUpAfterGiven: false,
      ...policy,
    },
    clock,
    report: (event) => events.push(event),
  });
  const retries = () => events.filter((event) => event.type === 'retry');
  return { ...memory, plain: memory.target, target, clock, events, retries };
}

function failing(retryClass: RetryClass | null, kind: 'unreachable' | 'refused' = 'unreachable') {
  const extras = {
    ...(retryClass !== null && { retryClass }),
    service: serviceAnswer(503, 'X', 'try later'),
  };
  return kind === 'unreachable'
    ? new TransferError('unreachable', { operation: 'x', why: 'reset', attempts: 1, elapsedMs: 0 }, extras)
    : new TransferError('refused', { why: 'rejected', operation: 'x', detail: null }, extras);
}

/** Fails the first `times` calls of an operation. */
function failFirst(times: number, error: () => unknown, only?: Operation): Hook {
  let left = times;
  return ({ operation }) => {
    if ((only === undefined || operation === only) && left-- > 0) throw error();
  };
}

const unavailable = () => failing('unavailable');

test('a request that is throttled or finds no service is tried again until it succeeds', async () => {
  for (const retryClass of ['unavailable', 'throttled'] as const) {
    const { target, calls, hooks, retries } = bench();
    hooks.before = failFirst(9, () => failing(retryClass));
    await target.createUpload(request, never);
    assert.equal(calls.createUpload, 10);
    assert.deepEqual(retries().map(({ attempt, attemptsMax }) => [attempt, attemptsMax])[8], [9, 10]);
  }
});

test('the delay that a service asks for is used, up to five minutes', async () => {
  for (const [askedMs, sleptMs] of [
    [30_000, 30_000],
    [100, 500],
    [86_400_000, 300_000],
  ] as const) {
    const { target, hooks, clock } = bench();
    const busy = (): TransferError => Object.assign(failing('throttled'), { retryAfterMs: askedMs });
    hooks.before = failFirst(1, busy);
    await target.createUpload(request, never);
    assert.deepEqual(clock.slept, [sleptMs], String(askedMs));
  }
});

test('every operation is tried again', async () => {
  const { target, hooks, calls, plain } = bench();
  const { uploadId } = await plain.createUpload(request, never);
  await plain.sendPart(uploadId, part, never);
  const page = { limit: null, marker: null };
  const asks: [Operation, () => Promise<unknown>][] = [
    ['locate', () => target.locate(true, never)],
    ['createUpload', () => target.createUpload(request, never)],
    ['sendPart', () => target.sendPart(uploadId, part, never)],
    ['listPartsPage', () => target.listPartsPage(uploadId, page, never)],
    ['listUploadsPage', () => target.listUploadsPage(page, never)],
    [
      'complete',
      () =>
        target.complete(
          uploadId,
          { sizeBytes: 4, partSizeBytes: 4, treeHash: part.treeHash, parts: new Map() },
          never,
        ),
    ],
  ];
  for (const [operation, ask] of asks) {
    const before = calls[operation];
    hooks.before = failFirst(1, unavailable);
    await ask();
    assert.equal(calls[operation], before + 2, operation);
  }
});

test('if no request ever succeeded, the tenth failure is the last, and it reports attempts and time', async () => {
  const { target, calls, hooks, clock } = bench();
  hooks.before = () => {
    throw unavailable();
  };
  const startedMs = clock.nowMs();
  await assert.rejects(target.locate(false, never), (error) => {
    assert.ok(isFailure(error, 'unreachable'));
    assert.equal(error.facts.attempts, 10);
    assert.equal(error.facts.elapsedMs, clock.nowMs() - startedMs);
    assert.equal(error.service?.httpStatus, 503);
    return true;
  });
  assert.equal(calls.locate, 10);
  assert.deepEqual(clock.slept, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('a refusal that a retry cannot change is not tried again', async () => {
  const { target, calls, hooks } = bench();
  for (const error of [failing(null, 'refused'), uploadNotFound('x'), new Error('a bug'), failing(null)]) {
    calls.locate = 0;
    hooks.before = () => {
      throw error;
    };
    await assert.rejects(target.locate(false, never), (thrown) => thrown === error);
    assert.equal(calls.locate, 1);
  }
});

test('a request with damaged data or an expired signature is sent three times at most', async () => {
  for (const retryClass of ['corrupt', 'resign'] as const) {
    const { target, calls, hooks, retries, clock } = bench();
    hooks.before = () => {
      throw failing(retryClass, 'refused');
    };
    await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'refused'));
    assert.equal(calls.locate, 3);
    assert.deepEqual(
      retries().map(({ attempt, attemptsMax }) => `${attempt}/${attemptsMax}`),
      ['1/3', '2/3'],
    );
    if (retryClass === 'resign') assert.deepEqual(clock.slept, [0, 0], 'a new signature needs no waiting');
  }
});

test('refused credentials are looked up again after pauses: three times at the start of a run, ten times later', async () => {
  const { target, calls, hooks, clock } = bench();
  hooks.before = () => {
    throw failing('renew', 'refused');
  };
  await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'refused'));
  assert.equal(calls.locate, 3);
  hooks.before = () => undefined;
  await target.locate(false, never);
  hooks.before = () => {
    throw failing('renew', 'refused');
  };
  await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'refused'));
  assert.equal(calls.locate, 3 + 1 + 10);
  assert.ok(
    clock.slept.every((ms) => ms > 0),
    'each attempt waits',
  );
});

test('a request whose signature expires after a long outage is signed again', async () => {
  const { target, calls, hooks } = bench();
  hooks.before = ({ count }) => {
    if (count < 8) throw unavailable();
    if (count === 8) throw failing('resign');
  };
  await target.locate(false, never);
  assert.equal(calls.locate, 9);
});

test('a given --max-attempts limits every kind of retry', async () => {
  for (const retryClass of ['unavailable', 'corrupt', 'resign'] as const) {
    const { target, calls, hooks } = bench({ maxAttempts: 2, maxAttemptsGiven: true });
    await target.locate(false, never);
    hooks.before = () => {
      throw failing(retryClass);
    };
    await assert.rejects(target.locate(false, never));
    assert.equal(calls.locate, 1 + 2, retryClass);
  }
});

test('a line that fails after a success is tried for an hour, with any number of attempts', async () => {
  const { target, calls, hooks, clock, retries } = bench();
  await target.locate(false, never);
  clock.advance(60_000);
  const startedMs = clock.nowMs();
  hooks.before = () => {
    throw unavailable();
  };
  await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'unreachable'));
  const waitedMs = clock.nowMs() - startedMs;
  assert.ok(waitedMs >= HOUR_MS && waitedMs < HOUR_MS + 60_000, `${waitedMs}`);
  assert.ok(calls.locate > 100);
  assert.ok(retries().every(({ attemptsMax }) => attemptsMax === null));
});

test('a given --give-up-after also holds for a line that never worked, instead of the number of attempts', async () => {
  for (const giveUpAfterMs of [5000, HOUR_MS]) {
    const { target, calls, hooks, clock } = bench({ giveUpAfterMs, giveUpAfterGiven: true });
    hooks.before = () => {
      throw unavailable();
    };
    const startedMs = clock.nowMs();
    await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'unreachable'));
    assert.equal(clock.nowMs() - startedMs, giveUpAfterMs, 'the last wait ends with the time');
    assert.ok(giveUpAfterMs === HOUR_MS ? calls.locate > 10 : calls.locate < 10);
  }
});

test('if --max-attempts and --give-up-after are given, the run ends with the first of them', async () => {
  for (const [maxAttempts, giveUpAfterMs] of [
    [3, HOUR_MS],
    [1000, 5000],
  ] as const) {
    const { target, calls, hooks, clock } = bench({
      ...{ maxAttempts, maxAttemptsGiven: true },
      ...{ giveUpAfterMs, giveUpAfterGiven: true },
    });
    hooks.before = () => {
      throw unavailable();
    };
    await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'unreachable'));
    assert.ok(calls.locate === maxAttempts || clock.slept.reduce((sum, ms) => sum + ms, 0) === giveUpAfterMs);
  }
});

test('the hour starts with the outage and does not include hours of reading between two requests', async () => {
  const { target, hooks, clock } = bench();
  await target.locate(false, never);
  clock.advance(5 * HOUR_MS);
  hooks.before = failFirst(3, unavailable);
  await target.locate(false, never);
});

test('a part that took more than an hour to send is tried again when its line breaks', async () => {
  const { target, hooks, clock } = bench();
  await target.locate(false, never);
  let isFirst = true;
  hooks.before = () => {
    if (!isFirst) return;
    isFirst = false;
    clock.advance(2 * HOUR_MS);
    throw unavailable();
  };
  await target.locate(false, never);
});

test('each outage has its own hour', async () => {
  const { target, hooks, clock } = bench();
  for (let outage = 0; outage < 3; outage += 1) {
    await target.locate(false, never);
    const backMs = clock.nowMs() + 40 * 60_000;
    hooks.before = () => {
      if (clock.nowMs() < backMs) throw unavailable();
    };
    await target.locate(false, never);
  }
});

test('a request that fails just as the run is stopped ends with the reason of the stop', async () => {
  const { plain, clock } = bench();
  const stop = new AbortController();
  const reason = new TransferError('stopped', { signal: 'SIGINT' });
  const locate: typeof plain.locate = async () => {
    stop.abort(reason);
    throw failing(null, 'refused');
  };
  const policy = {
    maxAttempts: 1,
    maxAttemptsGiven: false,
    retryDelayMs: 1000,
    giveUpAfterMs: HOUR_MS,
    giveUpAfterGiven: false,
  };
  const target = withRetry({ ...plain, locate }, { policy, clock, report: () => {} });
  await assert.rejects(target.locate(false, stop.signal), (error) => error === reason);
});

test('four requests in flight survive an outage of 50 minutes, even if one succeeds after they started', async () => {
  const { target, plain, hooks, clock } = bench();
  const { uploadId } = await plain.createUpload(request, never);
  const deadUntilMs = clock.nowMs() + 50 * 60_000;
  hooks.before = async ({ count, operation }) => {
    if (operation !== 'sendPart') return;
    await turn();
    // The first of four gets through while the others are under way; then nothing does.
    if (count === 1) return clock.advance(1000);
    await turn();
    if (clock.nowMs() < deadUntilMs) throw unavailable();
  };
  await Promise.all([1, 2, 3, 4].map(() => target.sendPart(uploadId, part, never)));
  assert.ok(clock.nowMs() >= deadUntilMs);
});

test('a clock that is set forward by two hours during an outage ends no run', async () => {
  const { target, plain, hooks, clock } = bench();
  const { uploadId } = await plain.createUpload(request, never);
  await target.locate(false, never);
  let failures = 0;
  hooks.before = ({ operation }) => {
    if (operation !== 'sendPart' || ++failures > 12) return;
    clock.set(2 * HOUR_MS);
    throw unavailable();
  };
  await target.sendPart(uploadId, part, never);
  hooks.before = () => {
    clock.set(-30 * HOUR_MS);
    throw unavailable();
  };
  await assert.rejects(target.sendPart(uploadId, part, never), (error) => {
    assert.ok(isFailure(error, 'unreachable'));
    assert.ok(error.facts.elapsedMs > 0 && error.facts.elapsedMs < 2 * HOUR_MS);
    return true;
  });
});

test('attempts during an outage do not count against a request once the line is back', async () => {
  const { target, plain, hooks, clock } = bench();
  const { uploadId } = await plain.createUpload(request, never);
  await target.locate(false, never);
  const backMs = clock.nowMs() + 30 * 60_000;
  let throttled = 0;
  hooks.before = ({ index, operation }) => {
    if (operation !== 'sendPart') return;
    if (clock.nowMs() < backMs) throw unavailable();
    // One gets through at once; that must not make the other's next failures its last.
    if (index === 1 && throttled++ < 3) throw failing('throttled');
  };
  const second = preparedPart(Buffer.from('more'), 1, MIB_BYTES);
  await Promise.all([part, second].map((each) => target.sendPart(uploadId, each, never)));
  assert.equal(throttled, 4);
});

test('a request that fails while others succeed is given up after ten attempts', async () => {
  const { target, hooks, calls, clock } = bench();
  hooks.before = ({ operation }) => {
    if (operation === 'locate') throw unavailable();
  };
  const page = { limit: null, marker: null };
  let over = false;
  const others = (async () => {
    while (!over) {
      await target.listUploadsPage(page, never);
      await clock.sleep(100, never);
    }
  })();
  await assert.rejects(target.locate(false, never), (error) => isFailure(error, 'unreachable'));
  over = true;
  await others;
  assert.equal(calls.locate, 10);
});

test('after a refusal the line counts as available, because a refusal is a response', async () => {
  const { target, hooks, calls } = bench({ maxAttempts: 2 });
  hooks.before = () => {
    throw failing(null, 'refused');
  };
  await assert.rejects(target.locate(false, never));
  hooks.before = failFirst(5, unavailable);
  await target.locate(false, never);
  assert.equal(calls.locate, 1 + 6);
});

test('the delay is random between zero and the doubled back-off, which is one minute at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 120_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, retryDelayMs, random) => {
        const most = Math.min(60_000, retryDelayMs * 2 ** (attempt - 1));
        const delayMs = backOffMs(attempt, retryDelayMs, random);
        assert.ok(Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= most);
        assert.ok(Math.abs(delayMs - random * most) <= 0.5);
      },
    ),
  );
});

test('an aborted signal ends the wait between two attempts with its reason', async () => {
  const { target, hooks, calls } = bench();
  const stop = new AbortController();
  const reason = new TransferError('stopped', { signal: 'SIGTERM' });
  hooks.before = () => {
    setImmediate(() => stop.abort(reason));
    throw unavailable();
  };
  await assert.rejects(target.locate(false, stop.signal), (error) => error === reason);
  assert.equal(calls.locate, 1);
});

test('an aborted signal ends a request that hangs with its reason, and nothing is tried again', async () => {
  const { target, hooks, calls } = bench();
  const stop = new AbortController();
  const reason = new TransferError('stopped', { signal: 'SIGINT' });
  hooks.before = () => {
    setImmediate(() => stop.abort(reason));
    return new Promise(() => {});
  };
  await assert.rejects(target.locate(false, stop.signal), (error) => error === reason);
  assert.equal(calls.locate, 1);
});

test('a notice reports a create request that took several attempts, because an empty upload may remain', async () => {
  const { target, hooks, events, vault } = bench();
  hooks.after = failFirst(1, unavailable);
  const { uploadId } = await target.createUpload(request, never);
  assert.equal(vault.uploads.size, 2);
  assert.ok(vault.uploads.has(uploadId));
  const notices = events.filter((event) => event.type === 'notice');
  assert.deepEqual(notices, [{ type: 'notice', notice: 'create-repeated', attempts: 2, description: 'd' }]);
  await target.createUpload(request, never);
  assert.equal(events.filter((event) => event.type === 'notice').length, 1);
});

test('a notice reports a create request that got no response, but not one that was refused', async () => {
  const { target, hooks, events } = bench({ maxAttempts: 2 });
  const notices = () => events.flatMap((event) => (event.type === 'notice' ? [event.notice] : []));
  const throttled = new TransferError(
    'unreachable',
    { operation: 'x', why: 'slow down', attempts: 1, elapsedMs: 0 },
    { retryClass: 'throttled', service: serviceAnswer(400, 'ThrottlingException', 'Rate exceeded') },
  );
  hooks.before = () => {
    throw throttled;
  };
  await assert.rejects(target.createUpload(request, never));
  assert.deepEqual(notices(), []);
  const refusals = [
    new TransferError('exists', { url: 's3://photos/a' }),
    new TransferError(
      'refused',
      { why: 'wrong-region', operation: 'x', detail: null },
      { service: serviceAnswer(301, 'PermanentRedirect', 'Elsewhere.') },
    ),
  ];
  for (const refusal of refusals) {
    hooks.before = () => {
      throw refusal;
    };
    await assert.rejects(target.createUpload(request, never));
  }
  assert.deepEqual(notices(), []);
  hooks.before = () => {
    throw unavailable();
  };
  await assert.rejects(target.createUpload(request, never));
  assert.deepEqual(notices(), ['create-repeated']);
});

test('a clock that the dates of responses cannot correct is reported as the cause of the refusal', async () => {
  const { target, hooks } = bench();
  hooks.before = () => {
    throw failing('resign');
  };
  await assert.rejects(
    target.locate(false, never),
    (error) => isFailure(error, 'refused') && error.facts.why === 'clock',
  );
});

test('an expired signature after failures of other kinds is not blamed on the clock', async () => {
  const { target, hooks } = bench({ maxAttempts: 3, maxAttemptsGiven: true });
  const kinds: RetryClass[] = ['unavailable', 'unavailable', 'resign'];
  hooks.before = () => {
    throw failing(kinds.shift() ?? 'resign');
  };
  await assert.rejects(
    target.locate(false, never),
    (error) => isFailure(error, 'unreachable') && error.facts.attempts === 3,
  );
});

test('an abort whose response was lost succeeds if the retry finds no upload', async () => {
  const { target, plain, hooks, vault } = bench();
  const { uploadId } = await plain.createUpload(request, never);
  hooks.after = failFirst(1, () => {
    vault.forgetEndings();
    return unavailable();
  });
  assert.deepEqual(await target.abort(uploadId, never), {
    httpStatus: 404,
    requestId: 'request-404',
    hostId: null,
  });
});

test('an abort that finds no upload at its first attempt fails', async () => {
  const { target } = bench();
  await assert.rejects(target.abort('nobody-knows', never), (error) => isFailure(error, 'not-found'));
});

test('an abort that is repeated in a vault that no longer exists fails', async () => {
  const { target, plain, hooks, vault } = bench();
  const { uploadId } = await plain.createUpload(request, never);
  hooks.before = failFirst(1, () => {
    vault.exists = false;
    return unavailable();
  });
  await assert.rejects(target.abort(uploadId, never), (error) => {
    assert.ok(isFailure(error, 'not-found'));
    assert.equal(error.facts.what, 'vault');
    return true;
  });
});

test('a complete request whose response was lost is sent again and gives the same archive', async () => {
  const { target, plain, hooks, vault, calls } = bench();
  const bytes = seededBytes(4, 1);
  const { uploadId } = await plain.createUpload(request, never);
  const sent = preparedPart(bytes, 0, MIB_BYTES);
  await plain.sendPart(uploadId, sent, never);
  hooks.after = failFirst(2, unavailable);
  const { archiveId } = await target.complete(
    uploadId,
    { sizeBytes: 4, partSizeBytes: 4, treeHash: sent.treeHash, parts: new Map() },
    never,
  );
  assert.deepEqual([calls.complete, vault.archives.length, vault.archives[0]?.archiveId], [3, 1, archiveId]);
});
