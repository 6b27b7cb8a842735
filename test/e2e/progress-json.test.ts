/** `--progress json`: standard error has JSON Lines and nothing else, also when a run fails. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Ended, jsonLines } from '../support/calve.js';
import { oneJson } from '../support/json-shapes.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Returns the objects on standard error, without their times, which are checked. */
function linesOf({ stderr }: Ended): Record<string, unknown>[] {
  return jsonLines(stderr).map(({ time, ...others }) => {
    assert.match(String(time), ISO_TIME, stderr);
    return others;
  });
}

describe('--progress json', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('ends the events of an upload with the totals: bytes, parts, rate and time', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    const words = ['upload', file, home.target, '--part-size=1M', '--progress=json'];
    const lines = linesOf(await home.run(words));
    const types = lines.map(({ type }) => type).filter((type) => type !== 'progress' && type !== 'notice');
    assert.deepEqual([types[0], ...types.slice(-2)], ['started', 'completing', 'archived']);
    // The second part may be sent before or after the first one has arrived.
    assert.deepEqual(types.slice(1, -2).sort(), ['part', 'part', 'sending', 'sending']);
    const { bytesPerSecond, secondsLeft, ...totals } =
      lines.findLast(({ type }) => type === 'progress') ?? {};
    assert.deepEqual(totals, {
      type: 'progress',
      file,
      bytesDone: 2 * MIB_BYTES,
      size: 2 * MIB_BYTES,
      partsDone: 2,
      parts: 2,
      partsInFlight: 0,
    });
    assert.ok(Number(bytesPerSecond) > 0);
    assert.equal(secondsLeft, 0);
  });

  test('prints a failure as the object of --json, its stack under --debug, and both also with --quiet', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 5);
    const words = ['upload', file, 'glacier://nowhere', '--json', '--progress=json', '--debug', '--quiet'];
    const ended = await home.run(words);
    const [error, debug, ...others] = linesOf(ended);
    assert.deepEqual(error, oneJson(ended.stdout, 'error'));
    assert.equal(debug?.['type'], 'debug');
    assert.match(String(debug?.['stack']), /^TransferError: /);
    assert.deepEqual(others, []);
  });

  test('prints a mistake on the command line as an object, too', async (t) => {
    const home = await service.home(t);
    for (const [words, more] of [
      [['upload', 'f', home.target, '--part-size=3x', '--progress', 'json'], {}],
      [['abort', home.target, '--all', '--progress=json'], {}],
      [[], { CALVE_PROGRESS: 'json' }],
    ] as const) {
      const ended = await home.run(words, more);
      const [error, ...others] = linesOf(ended);
      assert.deepEqual([ended.code, error?.['kind'], error?.['exitCode'], others], [2, 'usage', 2, []]);
      assert.equal(ended.stdout, '');
    }
  });
});
