/** A system that has no open files left says so: it is no bug of calve, and no fault of the file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import { CALVE_BIN } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { openHome } from '../support/home.js';

/** Enough for Node and for the file itself, and not for another thread. */
const OPEN_FILES = 24;

test('too few open files for a hashing thread exits 13, names the reason, and says how to raise the limit', (t) => {
  const home = openHome(t);
  const file = home.file('f', 20 * MIB_BYTES);
  const script = `ulimit -n ${OPEN_FILES}; exec "$0" "$@"`;
  const ended = spawnSync('sh', ['-c', script, process.execPath, CALVE_BIN, 'hash', file], {
    env: home.env,
    encoding: 'utf8',
  });
  const { status, signal, stdout, stderr } = ended;
  assert.match(assertFailed({ code: status, signal, stdout, stderr }, 13), /: EMFILE/);
  assert.match(stderr, /^hint: raise the limits \(ulimit -n for open files, ulimit -u for processes\)/m);
});
