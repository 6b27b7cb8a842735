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
import { tempFolder } from '../support/temp.js';
import { busyFailing, fakeProcesses, sampleIdentity, storeWithLocks, wish } from './samples.js';

const UPLOAD = 'the-upload';
const anyBusy = (error: unknown) => isFailure(error, 'busy');

/** The only lock's folder. */
function lockFolder(folder: string): string {
  const locks = join(folder, 'v2', 'locks');
  const [name, ...others] = readdirSync(locks);
  assert.ok(name !== undefined && others.length === 0);
  return join(locks, name);
}

/** Makes the only entry as old as if its last refresh had been so long ago. */
function age(folder: string, ms: number): void {
  for (const name of readdirSync(lockFolder(folder))) {
    const path = join(lockFolder(folder), name);
    const then = (statSync(path).mtimeMs - ms) / 1000;
    utimesSync(path, then, then);
  }
}

test('a lock that is held makes others busy, naming who has it, and is free after its release', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const began = Date.now();
  const lock = await store.lockIdentity(sampleIdentity(), wish());
  await assert.rejects(store.lockIdentity(sampleIdentity(), wish()), (error) => {
    busyFailing('/data/photos.tar', new RegExp(`^pid ${process.pid} on .+`))(error);
    assert.ok(isFailure(error, 'busy') && error.facts.sinceMs !== null);
    assert.ok(error.facts.sinceMs >= began && error.facts.sinceMs <= Date.now());
    return true;
  });
  await lock.assertHeld();
  await lock.release();
  await lock.release();
  await assert.rejects(lock.assertHeld(), anyBusy);
  await (await store.lockIdentity(sampleIdentity(), wish())).release();
});

test('a lock of one file is no lock of another, nor of an upload', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const locks = [
    await store.lockIdentity(sampleIdentity(), wish()),
    await store.lockIdentity(sampleIdentity('/other'), wish()),
    await store.lockUpload(UPLOAD, wish()),
    await store.lockUpload('/data/photos.tar', wish()),
  ];
  await Promise.all(locks.map((lock) => lock.release()));
  assert.deepEqual(readdirSync(join(folder, 'v2', 'locks')), []);
});

test('the same lock twice in one process is busy, through another store too', async (t) => {
  const folder = tempFolder(t);
  const lock = await storeWithLocks(folder).lockUpload(UPLOAD, wish());
  await assert.rejects(storeWithLocks(folder).lockUpload(UPLOAD, wish()), busyFailing(UPLOAD, /^pid/));
  await lock.release();
});

test('who waits gets the lock when it is released', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const lock = await store.lockUpload(UPLOAD, wish());
  const waiting = store.lockUpload(UPLOAD, wish(30_000));
  await lock.release();
  await (await waiting).release();
});

test('who waits stops with the signal’s reason, and leaves nothing behind', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const lock = await store.lockUpload(UPLOAD, wish());
  const stop = new AbortController();
  const waiting = store.lockUpload(UPLOAD, wish(30_000, stop.signal));
  const reason = new Error('stopped by hand');
  stop.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  assert.equal(readdirSync(lockFolder(folder)).length, 1);
  await lock.release();
});

test('who waits in vain is busy after that time', async (t) => {
  const store = storeWithLocks(tempFolder(t));
  const lock = await store.lockUpload(UPLOAD, wish());
  const began = performance.now();
  await assert.rejects(store.lockUpload(UPLOAD, wish(150)), busyFailing(UPLOAD, /^pid/));
  assert.ok(performance.now() - began >= 150);
  await lock.release();
});

const holder = { pid: 7, startTime: 'start-7', hostname: 'host-h' };

/** A folder whose lock is held by `holder` with these changes, never to be released. */
async function heldBy(t: TestContext, changes: Parameters<typeof fakeProcesses>[0]): Promise<string> {
  const folder = tempFolder(t);
  const lock = await storeWithLocks(folder, fakeProcesses({ ...holder, ...changes })).lockUpload(
    UPLOAD,
    wish(),
  );
  t.after(() => lock.release());
  return folder;
}

async function assertDead(folder: string, running: Record<number, string> = {}): Promise<void> {
  const store = storeWithLocks(folder, fakeProcesses({}, running));
  const lock = await store.lockUpload(UPLOAD, wish());
  assert.equal(readdirSync(lockFolder(folder)).length, 1, 'the dead entry stayed');
  await lock.release();
}

async function assertAlive(folder: string, running: Record<number, string> = {}): Promise<void> {
  const store = storeWithLocks(folder, fakeProcesses({}, running));
  await assert.rejects(store.lockUpload(UPLOAD, wish()), busyFailing(UPLOAD, /^pid 7 on host-h$/));
}

test('a process that runs has its lock, however long ago it was refreshed', async (t) => {
  const folder = await heldBy(t, {});
  age(folder, 86_400_000);
  await assertAlive(folder, { 7: 'start-7' });
});

test('a process that is gone has no lock', async (t) => {
  await assertDead(await heldBy(t, {}));
});

test('a process that was given the id of one that is gone does not inherit its lock', async (t) => {
  await assertDead(await heldBy(t, {}), { 7: 'start-8' });
});

test('no lock of this machine outlives a restart, not even a fresh one', async (t) => {
  await assertDead(await heldBy(t, { bootId: 'boot-0' }), { 7: 'start-7' });
});

for (const [where, changes] of [
  ['another machine', { machine: 'machine-b', bootId: 'boot-b' }],
  ['another pid namespace', { pidNamespace: 'pid:[2]' }],
] as const) {
  test(`a process of ${where} has its lock while it is refreshed, and for two minutes`, async (t) => {
    const folder = await heldBy(t, changes);
    await assertAlive(folder);
    age(folder, 110_000);
    await assertAlive(folder);
  });

  test(`a process of ${where} that was silent for longer has lost its lock, and knows`, async (t) => {
    const folder = tempFolder(t);
    const lost = await storeWithLocks(folder, fakeProcesses({ ...holder, ...changes })).lockUpload(
      UPLOAD,
      wish(),
    );
    age(folder, 125_000);
    const lock = await storeWithLocks(folder, fakeProcesses()).lockUpload(UPLOAD, wish());
    await assert.rejects(lost.assertHeld(), busyFailing(UPLOAD, /^pid 100 on host-a$/));
    await lost.release();
    await lock.assertHeld();
    await lock.release();
  });
}

test('a clock that jumps, ahead or back, takes no lock from who lives', async (t) => {
  for (const jumpMs of [-86_400_000, 86_400_000]) {
    const folder = await heldBy(t, {});
    age(folder, jumpMs);
    await assertAlive(folder, { 7: 'start-7' });
  }
  const elsewhere = await heldBy(t, { machine: 'machine-b', bootId: 'boot-b' });
  age(elsewhere, -86_400_000);
  await assertAlive(elsewhere);
});

test('confirming refreshes, so that a process that was stopped for long keeps a lock that nobody took', async (t) => {
  const folder = tempFolder(t);
  const elsewhere = fakeProcesses({ ...holder, machine: 'machine-b' });
  const lock = await storeWithLocks(folder, elsewhere).lockUpload(UPLOAD, wish());
  age(folder, 600_000);
  const began = performance.now();
  await lock.assertHeld();
  assert.ok(performance.now() - began > 900, 'gave nobody the time to finish a takeover');
  await assertAlive(folder);
  await lock.release();
});

test('an entry that cannot be read counts by its age', async (t) => {
  const folder = await heldBy(t, {});
  const [name] = readdirSync(lockFolder(folder));
  assert.ok(name);
  writeFileSync(join(lockFolder(folder), name), '');
  const store = storeWithLocks(folder, fakeProcesses());
  await assert.rejects(store.lockUpload(UPLOAD, wish()), busyFailing(UPLOAD, /^an unknown process$/));
  age(folder, 125_000);
  await assertDead(folder);
});

test('what a killed contender left half done is swept', async (t) => {
  const folder = await heldBy(t, {});
  const stray = join(lockFolder(folder), `${'0'.repeat(32)}.tmp`);
  writeFileSync(stray, 'half');
  age(folder, 125_000);
  await assertDead(folder);
  assert.equal(existsSync(stray), false);
});

test('a lock whose folder was removed by hand is lost, and knows', async (t) => {
  const folder = tempFolder(t);
  const store = storeWithLocks(folder);
  const lock = await store.lockUpload(UPLOAD, wish());
  rmSync(lockFolder(folder), { recursive: true });
  await assert.rejects(lock.assertHeld(), anyBusy);
  await lock.release();
});

/** Puts another's entry into the folder of a lock, as if it had been written there. */
function plant(folder: string, name: string): string {
  const path = join(folder, name);
  const entry = { machine: 'machine-a', bootId: 'boot-1', pidNamespace: 'pid:[1]', ...holder };
  writeFileSync(path, encodeLine({ ...entry, token: name.slice(0, 32), at: '2026-01-02T03:04:05.678Z' }));
  return path;
}

/** Processes that all run, and tell whenever one of them is looked up. */
function watched(onLook: (looks: number) => void): ReturnType<typeof fakeProcesses> {
  const processes = fakeProcesses({}, { 7: 'start-7' });
  let looks = 0;
  const startTimeOf = (pid: number) => {
    looks += 1;
    onLook(looks);
    return processes.startTimeOf(pid);
  };
  return { ...processes, startTimeOf };
}

const [smallest, largest] = ['0'.repeat(32), 'f'.repeat(32)];

test('who took the lock between the two looks of another keeps it', async (t) => {
  const folder = await heldBy(t, {});
  const locks = lockFolder(folder);
  const [first] = readdirSync(locks);
  rmSync(join(locks, first ?? ''));
  plant(locks, `${largest}.trying`); // Is looked up in the first look, after the folder was listed.
  const processes = watched((looks) => {
    if (looks === 1) plant(locks, `${smallest}.held`);
  });
  const store = storeWithLocks(folder, processes);
  await assert.rejects(store.lockUpload(UPLOAD, wish()), busyFailing(UPLOAD, /^pid 7 on host-h$/));
  assert.deepEqual(readdirSync(locks).sort(), [`${smallest}.held`, `${largest}.trying`]);
});

test('of several that try the one with the smallest token goes on, and the others wait for it', async (t) => {
  const folder = await heldBy(t, {});
  const locks = lockFolder(folder);
  const [first] = readdirSync(locks);
  rmSync(join(locks, first ?? ''));
  const larger = plant(locks, `${largest}.trying`);
  await (
    await storeWithLocks(
      folder,
      watched(() => {}),
    ).lockUpload(UPLOAD, wish())
  ).release();
  rmSync(larger);
  mkdirSync(locks, { recursive: true });
  const smaller = plant(locks, `${smallest}.trying`);
  let seen = 0;
  const processes = watched((looks) => {
    seen = looks;
    if (looks === 5) rmSync(smaller);
  });
  await (await storeWithLocks(folder, processes).lockUpload(UPLOAD, wish())).release();
  assert.equal(seen, 5);
});

test('a try in vain leaves no empty folder behind', async (t) => {
  const folder = await heldBy(t, {});
  const path = join(lockFolder(folder), readdirSync(lockFolder(folder))[0] ?? '');
  const store = storeWithLocks(
    folder,
    watched(() => rmSync(path, { force: true })),
  );
  await assert.rejects(store.lockUpload(UPLOAD, wish()), anyBusy);
  assert.deepEqual(readdirSync(join(folder, 'v2', 'locks')), []);
});

test('who was stopped before it began takes no lock', async (t) => {
  const reason = new Error('stopped by hand');
  const trying = storeWithLocks(tempFolder(t)).lockUpload(UPLOAD, wish(0, AbortSignal.abort(reason)));
  await assert.rejects(trying, (error) => error === reason);
});

/** Resolves as soon as the only entry is fresh again. */
async function refreshed(folder: string): Promise<void> {
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
  const lock = await storeWithLocks(folder).lockUpload(UPLOAD, wish());
  age(folder, 60_000);
  t.mock.timers.tick(30_000);
  await refreshed(folder);
  await lock.release();
});

test('confirming a stale lock waits for whoever was about to take it', async (t) => {
  const folder = tempFolder(t);
  const lock = await storeWithLocks(folder).lockUpload(UPLOAD, wish());
  age(folder, 600_000);
  const confirming = lock.assertHeld();
  await refreshed(folder);
  rmSync(lockFolder(folder), { recursive: true });
  await assert.rejects(confirming, anyBusy);
  await lock.release();
});

test('the entry tells who and since when, in a line that any JSON reader can read', async (t) => {
  const folder = await heldBy(t, {});
  const [name] = readdirSync(lockFolder(folder));
  assert.match(name ?? '', /^[0-9a-f]{32}\.held$/);
  const entry = JSON.parse(readFileSync(join(lockFolder(folder), name ?? ''), 'utf8'));
  assert.equal(entry.pid, 7);
  assert.equal(entry.startTime, 'start-7');
  assert.equal(`${entry.token}.held`, name);
  assert.match(entry.at, /Z$/);
});

test('of sixteen at the same instant exactly one has the lock', async (t) => {
  const folder = tempFolder(t);
  for (let round = 0; round < 3; round++) {
    const tries = Array.from({ length: 16 }, () => storeWithLocks(folder).lockUpload(UPLOAD, wish()));
    const settled = await Promise.allSettled(tries);
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

test('sixteen that wait all have the lock in turn, never two at once', async (t) => {
  const folder = tempFolder(t);
  let inside = 0;
  const turn = async () => {
    const lock = await storeWithLocks(folder).lockUpload(UPLOAD, wish(60_000));
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

test('two processes that take one lock many times over are never inside together', async (t) => {
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
    ours.lockUpload(UPLOAD, wish()),
    busyFailing(UPLOAD, new RegExp(`^pid ${child.pid} `)),
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await ours.lockUpload(UPLOAD, wish())).release();
});
