import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { outputOn } from '../../src/cli/output.js';
import { stopOnSignals } from '../../src/cli/signals.js';

interface Bench {
  readonly signal: AbortSignal;
  /** The numbers with which the process would have ended. */
  readonly exits: readonly number[];
  /** Lets the process get a signal so long after the start. */
  send(signal: 'SIGINT' | 'SIGTERM', atMs: number): void;
}

function bench(t: TestContext): Bench {
  const exits: number[] = [];
  let nowMs = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.method(process, 'exit', (code: number) => exits.push(code));
  const names = ['SIGUSR1', 'SIGHUP', 'SIGINT', 'SIGTERM'] as const;
  const before = new Map(names.map((name) => [name, process.listeners(name)]));
  t.after(() => {
    for (const name of names) {
      for (const each of process.listeners(name))
        if (before.get(name)?.includes(each) !== true) process.removeListener(name, each);
    }
  });
  return {
    signal: stopOnSignals({ words: null }, outputOn(process.stdout)),
    exits,
    send(name, atMs) {
      nowMs = atMs;
      process.emit(name);
    },
  };
}

test('a signal that arrives twice at once, as timeout sends it, stops the run but does not force it to end', (t) => {
  const { signal, exits, send } = bench(t);
  for (const atMs of [1000, 1001, 1150]) send('SIGTERM', atMs);
  assert.deepEqual([signal.aborted, exits], [true, []]);
});

test('a second signal ends the run at once if it is later, or another one', (t) => {
  const { exits, send } = bench(t);
  send('SIGINT', 1000);
  send('SIGINT', 1200);
  assert.deepEqual(exits, [130]);
  send('SIGTERM', 1201);
  assert.deepEqual(exits, [130, 143]);
});
