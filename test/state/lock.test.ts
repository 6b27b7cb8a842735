import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isFailure } from '../../src/core/failures.js';
import { encodeLine } from '../../src/state/checked-line.js';
import type { Lock } from '../../src/transfer/ports/state.js';
import { tempFolder } from '../support/temp.js';
import { busyFailing, fakeProcesses, lockOptions, sampleIdentity, storeWithLocks } from './samples.js';

const UPLOAD = 'the-upload';
const anyBusy = (error: unknown) => isFailure(error, 'busy');

/** Returns the folder of the only lock. */
function lockFolder(folder: string): string {
  const locks = join(folder, 'v2', 'locks');
  const [name, ...others] = readdirSync(locks);
  assert.ok(name !== undefined && others.length === 0);
  return join(locks, name);
}

/** Makes the only entry look as if its last refresh was `ms` ago. */
function age(folder: string, ms: number): void {
  for (const name of readdirSync(lockFolder(folder))) {
    const path = join(lockFolder(folder), name);
    const then = (statSync(path).mtimeMs - ms) / 1000;
    utimesSync(path, then, then);
  }
}

test('a held lock fails as busy and names its holder, and is free after its release', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const startMs = Date.now();
  const lock = await store.lockIdentity(sampleIdentity(), lockOptions());
  await assert.rejects(store.lockIdentity(sampleIdentity(), lockOptions()), (error) => {
    busyFailing('/data/photos.tar', new RegExp(`^pid ${process.pid} on .+`))(error);
    assert.ok(isFailure(error, 'busy') && error.facts.sinceMs !== null);
    assert.ok(error.facts.sinceMs >= startMs && error.facts.sinceMs <= Date.now());
    return true;
  });
  await lock.assertHeld();
  await lock.release();
  await lock.release();
  await assert.rejects(lock.assertHeld(), anyBusy);
  await (await store.lockIdentity(sampleIdentity(), lockOptions())).release();
});

test('locks of two files, and of two uploads, do not exclude each other', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const locks = [
    await store.lockIdentity(sampleIdentity(), lockOptions()),
    await store.lockIdentity(sampleIdentity('/other'), lockOptions()),
    await store.lockUpload(UPLOAD, lockOptions()),
    await store.lockUpload('/data/photos.tar', lockOptions()),
  ];
  await Promise.all(locks.map((lock) => lock.release()));
  assert.deepEqual(readdirSync(join(folder, 'v2', 'locks')), []);
});

test('taking a lock twice in one process fails as busy, through another store too', async (t) => {
  const folder = tempFolder(t);
  const lock = await storeWithLocks(folder).lockUpload(UPLOAD, lockOptions());
  await assert.rejects(storeWithLocks(folder).lockUpload(UPLOAD, lockOptions()), busyFailing(UPLOAD, /^pid/));
  await lock.release();
});

test('a waiting caller gets the lock when it is released', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const lock = await store.lockUpload(UPLOAD, lockOptions());
  const waiting = store.lockUpload(UPLOAD, lockOptions(30_000));
  await lock.release();
  await (await waiting).release();
});

test('an aborted wait rejects with the signal’s reason, and leaves no entry', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const lock = await store.lockUpload(UPLOAD, lockOptions());
  const stop = new AbortController();
  const waiting = store.lockUpload(UPLOAD, lockOptions(30_000, stop.signal));
  const reason = new Error('stopped by hand');
  stop.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  assert.equal(readdirSync(lockFolder(folder)).length, 1);
  await lock.release();
});

test('a wait that is too short fails as busy after its time', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const lock = await store.lockUpload(UPLOAD, lockOptions());
  const startMs = performance.now();
  await assert.rejects(store.lockUpload(UPLOAD, lockOptions(150)), busyFailing(UPLOAD, /^pid/));
  assert.ok(performance.now() - startMs >= 150);
  await lock.release();
});

const holder = { pid: 7, startTime: 'start-7', hostname: 'host-h' };

/** Returns a folder whose lock is held by `holder` with these changes. It is released after the test. */
async function heldBy(t: TestContext, changes: Parameters<typeof fakeProcesses>[0]): Promise<string> {
  const folder = tempFolder(t);
  const lock = await storeWithLocks(folder, fakeProcesses({ ...holder, ...changes })).lockUpload(
    UPLOAD,
    lockOptions(),
  );
  t.after(() => lock.release());
  return folder;
}

async function assertDead(folder: string, running: Record<number, string> = {}): Promise<void> {
  const store = storeWithLocks(folder, fakeProcesses({}, running));
  const lock = await store.lockUpload(UPLOAD, lockOptions());
  assert.equal(readdirSync(lockFolder(folder)).length, 1, 'the dead entry stayed');
  await lock.release();
}

async function assertAlive(folder: string, running: Record<number, string> = {}): Promise<void> {
  const store = storeWithLocks(folder, fakeProcesses({}, running));
  await assert.rejects(store.lockUpload(UPLOAD, lockOptions()), busyFailing(UPLOAD, /^pid 7 on host-h$/));
}

test('a running process keeps its lock, however long ago it was refreshed', async (t) => {
  const folder = await heldBy(t, {});
  age(folder, 86_400_000);
  await assertAlive(folder, { 7: 'start-7' });
});

test('a process that has ended loses its lock', async (t) => {
  await assertDead(await heldBy(t, {}));
});

test('a process with the id of one that has ended does not inherit its lock', async (t) => {
  await assertDead(await heldBy(t, {}), { 7: 'start-8' });
});

/** Tries to take the lock on this machine, which started so long ago. */
function takeAfterBoot(folder: string, uptimeMs: number): Promise<Lock> {
  const processes = fakeProcesses({}, { 7: 'start-7' }, uptimeMs);
  return storeWithLocks(folder, processes).lockUpload(UPLOAD, lockOptions());
}

test('a lock that was last refreshed before this machine started does not survive the restart', async (t) => {
  const folder = await heldBy(t, { bootId: 'boot-0' });
  age(folder, 60_000);
  await (await takeAfterBoot(folder, 20_000)).release();
});

test('a copy of this machine, which runs under another boot, keeps its lock while it refreshes it', async (t) => {
  for (const [uptimeMs, ageMs] of [
    [86_400_000, 0],
    [86_400_000, 110_000],
    [3_000, 29_000],
  ] as const) {
    const folder = await heldBy(t, { bootId: 'boot-0' });
    age(folder, ageMs);
    await assert.rejects(takeAfterBoot(folder, uptimeMs), busyFailing(UPLOAD, /^pid 7 on host-h$/));
    age(folder, 125_000);
    await (await takeAfterBoot(folder, uptimeMs)).release();
  }
});

for (const [where, changes] of [
  ['another machine', { machine: 'machine-b', bootId: 'boot-b' }],
  ['another pid namespace', { pidNamespace: 'pid:[2]' }],
] as const) {
  test(`a process of ${where} keeps its lock for two minutes after each refresh`, async (t) => {
    const folder = await heldBy(t, changes);
    await assertAlive(folder);
    age(folder, 110_000);
    await assertAlive(folder);
  });

  test(`a process of ${where} loses its lock after two minutes without a refresh, and notices it`, async (t) => {
    const folder = tempFolder(t);
    const lost = await storeWithLocks(folder, fakeProcesses({ ...holder, ...changes })).lockUpload(
      UPLOAD,
      lockOptions(),
    );
    age(folder, 125_000);
    const lock = await storeWithLocks(folder, fakeProcesses()).lockUpload(UPLOAD, lockOptions());
    await assert.rejects(lost.assertHeld(), busyFailing(UPLOAD, /^pid 100 on host-a$/));
    await lost.release();
    await lock.assertHeld();
    await lock.release();
  });
}

test('a clock that jumps forward or back takes no lock from a live process', async (t) => {
  for (const jumpMs of [-86_400_000, 86_400_000]) {
    const folder = await heldBy(t, {});
    age(folder, jumpMs);
    await assertAlive(folder, { 7: 'start-7' });
  }
  const elsewhere = await heldBy(t, { machine: 'machine-b', bootId: 'boot-b' });
  age(elsewhere, -86_400_000);
  await assertAlive(elsewhere);
});

test('assertHeld refreshes a stale lock, so that a process that was stopped for long keeps it', async (t) => {
  const folder = tempFolder(t);
  const elsewhere = fakeProcesses({ ...holder, machine: 'machine-b' });
  const lock = await storeWithLocks(folder, elsewhere).lockUpload(UPLOAD, lockOptions());
  age(folder, 600_000);
  const startMs = performance.now();
  await lock.assertHeld();
  assert.ok(performance.now() - startMs > 900, 'it did not wait for a takeover to finish');
  await assertAlive(folder);
  await lock.release();
});

test('an entry that cannot be read is judged by its age', async (t) => {
  const folder = await heldBy(t, {});
  const [name] = readdirSync(lockFolder(folder));
  assert.ok(name);
  writeFileSync(join(lockFolder(folder), name), '');
  const store = storeWithLocks(folder, fakeProcesses());
  await assert.rejects(store.lockUpload(UPLOAD, lockOptions()), busyFailing(UPLOAD, /^an unknown process$/));
  age(folder, 125_000);
  await assertDead(folder);
});

test('the temporary file of a killed contender is removed', async (t) => {
  const folder = await heldBy(t, {});
  const stray = join(lockFolder(folder), `${'0'.repeat(32)}.tmp`);
  writeFileSync(stray, 'half');
  age(folder, 125_000);
  await assertDead(folder);
  assert.equal(existsSync(stray), false);
});

test('a lock whose folder was removed by hand is lost, and its holder notices it', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const lock = await store.lockUpload(UPLOAD, lockOptions());
  rmSync(lockFolder(folder), { recursive: true });
  await assert.rejects(lock.assertHeld(), anyBusy);
  await lock.release();
});

/** Writes the entry of another process into the folder of a lock. */
function plant(folder: string, name: string): string {
  const path = join(folder, name);
  const entry = { machine: 'machine-a', bootId: 'boot-1', pidNamespace: 'pid:[1]', ...holder };
  writeFileSync(path, encodeLine({ ...entry, token: name.slice(0, 32), at: '2026-01-02T03:04:05.678Z' }));
  return path;
}

/** Returns processes that all run, and that call `onLookup` when one of them is looked up. */
function watched(onLookup: (lookups: number) => void): ReturnType<typeof fakeProcesses> {
  const processes = fakeProcesses({}, { 7: 'start-7' });
  let lookups = 0;
  const startTimeOf = (pid: number) => {
    lookups += 1;
    onLookup(lookups);
    return processes.startTimeOf(pid);
  };
  return { ...processes, startTimeOf };
}

const [smallest, largest] = ['0'.repeat(32), 'f'.repeat(32)];

test('a contender that took the lock between the two listings of another keeps it', async (t) => {
  const folder = await heldBy(t, {});
  const locks = lockFolder(folder);
  const [first] = readdirSync(locks);
  rmSync(join(locks, first ?? ''));
  plant(locks, `${largest}.trying`); // Is looked up after the first listing of the folder.
  const processes = watched((lookups) => {
    if (lookups === 1) plant(locks, `${smallest}.held`);
  });
  const store = storeWithLocks(folder, processes);
  await assert.rejects(store.lockUpload(UPLOAD, lockOptions()), busyFailing(UPLOAD, /^pid 7 on host-h$/));
  assert.deepEqual(readdirSync(locks).sort(), [`${smallest}.held`, `${largest}.trying`]);
});

test('of several contenders the one with the smallest token continues, and the others wait for it', async (t) => {
  const folder = await heldBy(t, {});
  const locks = lockFolder(folder);
  const [first] = readdirSync(locks);
  rmSync(join(locks, first ?? ''));
  const larger = plant(locks, `${largest}.trying`);
  await (
    await storeWithLocks(
      folder,
      watched(() => {}),
    ).lockUpload(UPLOAD, lockOptions())
  ).release();
  rmSync(larger);
  mkdirSync(locks, { recursive: true });
  const smaller = plant(locks, `${smallest}.trying`);
  let seen = 0;
  const processes = watched((lookups) => {
    seen = lookups;
    if (lookups === 5) rmSync(smaller);
  });
  await (await storeWithLocks(folder, processes).lockUpload(UPLOAD, lockOptions())).release();
  assert.equal(seen, 5);
});

test('a failed attempt leaves no empty folder behind', async (t) => {
  const folder = await heldBy(t, {});
  const path = join(lockFolder(folder), readdirSync(lockFolder(folder))[0] ?? '');
  const store = storeWithLocks(
    folder,
    watched(() => rmSync(path, { force: true })),
  );
  await assert.rejects(store.lockUpload(UPLOAD, lockOptions()), anyBusy);
  assert.deepEqual(readdirSync(join(folder, 'v2', 'locks')), []);
});

test('a caller whose signal is already aborted takes no lock', async (t) => {
  const reason = new Error('stopped by hand');
  const attempt = storeWithLocks(tempFolder(t)).lockUpload(UPLOAD, lockOptions(0, AbortSignal.abort(reason)));
  await assert.rejects(attempt, (error) => error === reason);
});

/** Resolves when the only entry is fresh again. */
async function waitForRefresh(folder: string): Promise<void> {
  const path = join(lockFolder(folder), readdirSync(lockFolder(folder))[0] ?? '');
  const deadlineMs = Date.now() + 10_000;
  while (Date.now() - statSync(path).mtimeMs > 20_000) {
    assert.ok(Date.now() < deadlineMs, 'never refreshed');
    await setImmediate();
  }
}

test('a lock is refreshed every thirty seconds', async (t) => {
  const folder = tempFolder(t);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const lock = await storeWithLocks(folder).lockUpload(UPLOAD, lockOptions());
  age(folder, 60_000);
  t.mock.timers.tick(30_000);
  await waitForRefresh(folder);
  await lock.release();
});

test('a refresh that finds another holder reports that the lock is lost, and to whom', async (t) => {
  const folder = tempFolder(t);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const elsewhere = fakeProcesses({ ...holder, machine: 'machine-b', bootId: 'boot-b' });
  const slept = await storeWithLocks(folder, elsewhere).lockUpload(UPLOAD, lockOptions());
  age(folder, 125_000);
  const lock = await storeWithLocks(folder, fakeProcesses()).lockUpload(UPLOAD, lockOptions());
  const lost = once(slept.lost, 'abort');
  t.mock.timers.tick(30_000);
  await lost;
  busyFailing(UPLOAD, /^pid 100 on host-a$/)(slept.lost.reason);
  assert.equal(lock.lost.aborted, false);
  await Promise.all([slept.release(), lock.release()]);
});

test('assertHeld on a stale lock waits for a process that is about to take it', async (t) => {
  const folder = tempFolder(t);
  const lock = await storeWithLocks(folder).lockUpload(UPLOAD, lockOptions());
  age(folder, 600_000);
  const asserting = lock.assertHeld();
  await waitForRefresh(folder);
  rmSync(lockFolder(folder), { recursive: true });
  await assert.rejects(asserting, anyBusy);
  await lock.release();
});

test('the entry contains the holder and the time, in a line that any JSON reader can read', async (t) => {
  const folder = await heldBy(t, {});
  const [name] = readdirSync(lockFolder(folder));
  assert.match(name ?? '', /^[0-9a-f]{32}\.held$/);
  const entry = JSON.parse(readFileSync(join(lockFolder(folder), name ?? ''), 'utf8'));
  assert.equal(entry.pid, 7);
  assert.equal(entry.startTime, 'start-7');
  assert.equal(`${entry.token}.held`, name);
  assert.match(entry.at, /Z$/);
});

test('of sixteen contenders at the same time exactly one gets the lock', async (t) => {
  const folder = tempFolder(t);
  for (let round = 0; round < 3; round++) {
    const attempts = Array.from({ length: 16 }, () =>
      storeWithLocks(folder).lockUpload(UPLOAD, lockOptions()),
    );
    const settled = await Promise.allSettled(attempts);
    const winners = settled.filter((one) => one.status === 'fulfilled');
    const losers = settled.filter((one) => one.status === 'rejected');
    assert.ok(
      losers.every(({ reason }) => anyBusy(reason)),
      String(losers.find((one) => !anyBusy(one.reason))?.reason),
    );
    assert.equal(winners.length, 1);
    await winners[0]?.value.release();
  }
});

test('sixteen waiting contenders get the lock one after the other', async (t) => {
  const folder = tempFolder(t);
  let inside = 0;
  const turn = async () => {
    const lock = await storeWithLocks(folder).lockUpload(UPLOAD, lockOptions(60_000));
    inside += 1;
    assert.equal(inside, 1);
    await lock.assertHeld();
    assert.equal(inside, 1);
    inside -= 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 16 }, turn));
  assert.deepEqual(readdirSync(join(folder, 'v2', 'locks')), []);
});

function contender(folder: string, times: number): ChildProcess {
  const script = join(import.meta.dirname, 'contender.js');
  const args = [script, folder, String(times), join(folder, 'inside')];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

test('two processes that take one lock many times never hold it at the same time', async (t) => {
  const folder = tempFolder(t);
  const both = [contender(folder, 60), contender(folder, 60)];
  t.after(() => both.map((child) => child.kill('SIGKILL')));
  const codes = await Promise.all(both.map(async (child) => (await once(child, 'exit'))[0]));
  assert.deepEqual(codes, [0, 0]);
});

test('the lock of a killed process is free at once', async (t) => {
  const folder = tempFolder(t);
  const script = `
    const { openStateStore } = await import(process.argv[1]);
    await openStateStore(process.argv[2]).openUpload('${UPLOAD}', { waitMs: 0, signal: new AbortController().signal });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const store = join(import.meta.dirname, '..', '..', 'src', 'state', 'state-store.js');
  const args = ['--input-type=module', '-e', script, store, folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const ours = storeWithLocks(folder);
  await assert.rejects(
    ours.lockUpload(UPLOAD, lockOptions()),
    busyFailing(UPLOAD, new RegExp(`^pid ${child.pid} `)),
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await ours.lockUpload(UPLOAD, lockOptions())).release();
});
