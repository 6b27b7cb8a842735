import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { machineHash, parseStat, systemProcesses } from '../../src/state/process-identity.js';

test('this process has one identity that stays the same', async () => {
  const self = await systemProcesses.self();
  assert.deepEqual(await systemProcesses.self(), self);
  assert.equal(self.pid, process.pid);
  assert.equal(self.startTime, await systemProcesses.startTimeOf(process.pid));
  assert.match(self.machine, /^[0-9a-f]{64}$/);
  assert.ok(self.bootId !== '' && self.pidNamespace !== '' && self.startTime !== '');
});

test('the machine is identified by a hash and not by its id', async (t) => {
  if (process.platform !== 'linux') return t.skip('only Linux has /etc/machine-id');
  const { machine } = await systemProcesses.self();
  assert.equal(machine.includes(readFileSync('/etc/machine-id', 'utf8').trim() || 'no id'), false);
});

test('a machine without an id is not the same as another one with its host name', () => {
  assert.notEqual(machineHash('', 'backup', 'boot-a'), machineHash('', 'backup', 'boot-b'));
  assert.equal(machineHash('', 'backup', 'boot-a'), machineHash('', 'backup', 'boot-a'));
  assert.equal(machineHash('id', 'backup', 'boot-a'), machineHash('id', 'backup', 'boot-b'));
});

test('a child has a start time while it runs, and none after it has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  assert.ok(child.pid !== undefined);
  assert.match((await systemProcesses.startTimeOf(child.pid)) ?? '', /\d/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await systemProcesses.startTimeOf(child.pid), null);
});

const rest = ' 1 2 3 0 -1 4194304 10 0 0 0 5 6 0 0 20 0 11 0 987654 1000 200';

test('the start time is field 22, whatever the name of the command is', () => {
  for (const name of ['node', 'a) R 1 2', ') (', 'x y', '']) {
    assert.equal(parseStat(`42 (${name}) S${rest}`), '987654', name);
  }
});

test('a process that ended and waits for its parent does not run', () => {
  assert.equal(parseStat(`42 (node) Z${rest}`), null);
  assert.equal(parseStat(`42 (node) X${rest}`), null);
});
