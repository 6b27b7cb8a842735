/** A folder whose name has bytes that are not UTF-8 is refused when a command needs it. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import type { Io } from '../../src/cli/io.js';
import { folderOption } from '../../src/cli/options/state.js';
import { isFailure } from '../../src/core/failures.js';

const STATE = { variable: 'XDG_STATE_HOME', fallback: '.local/state', name: '' } as const;
const LOST = 'caf\ufffd';

function folder(given: string | null, { cwd = '/w', homeDir = '/h', env = {} as Io['env'] } = {}) {
  const io: Pick<Io, 'env' | 'homeDir' | 'absolute'> = {
    env,
    homeDir,
    absolute: (path) => resolve(cwd, path),
  };
  return folderOption(io as Io, given, STATE);
}

for (const [from, option] of [
  ['an option', folder(LOST)],
  ['the working folder', folder('s', { cwd: `/${LOST}` })],
  ['HOME', folder(null, { homeDir: `/${LOST}` })],
  ['XDG_STATE_HOME', folder(null, { env: { XDG_STATE_HOME: `/${LOST}` } })],
] as const) {
  test(`a folder that has lost bytes of its name is refused: from ${from}`, () => {
    assert.throws(
      () => option.path(),
      (error) => isFailure(error, 'usage') && /not UTF-8/.test(error.facts.why),
    );
  });
}

test('a name in UTF-8 is used as it is', () => {
  assert.equal(folder('café').path(), '/w/café');
});
