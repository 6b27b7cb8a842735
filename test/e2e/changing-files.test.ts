/**
 * The file changes, or its disk fails, while it is sent or between two runs: exit 13 and no archive, never a
 * mixture.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { CHANGE_KINDS, CHANGES } from '../chaos/source-changes.js';
import { badDiskEnv } from '../support/bad-disk.js';
import { assertFailed } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isComplete, isPart } from '../support/requests.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const PARTS = 4;
/** Its bytes are what they were: the upload goes on. */
const HARMLESS = 'given other rights';

describe('A file', { concurrency: 2 }, () => {
  const service = sharedVaults();

  for (const kind of CHANGE_KINDS.filter((each) => each !== HARMLESS)) {
    test(`that is ${kind} while it is sent ends in 13, no archive; the next run sends what is there then`, async (t) => {
      const home = await service.home(t);
      const file = home.file('f', PARTS * MIB_BYTES);
      const bytes = readFileSync(file);
      const line = ['upload', file, home.target, '--part-size=1M', '--concurrency=1', '--json'];
      let parts = 0;
      let after: Buffer | null = null;
      home.hook({
        before: (passing) => {
          if (isPart(passing) && ++parts === 2) after = CHANGES[kind](file, bytes);
          return 'pass';
        },
      });
      const ended = await home.run(line);
      assert.equal(ended.code, 13, ended.stderr);
      assert.equal(home.passed().filter(isComplete).length, 0);
      home.hook({});
      const next = await home.run(line);
      if (after === null) {
        assert.equal(next.code, 13, next.stderr);
        return;
      }
      const { archiveId } = oneJson(next.stdout, 'archive');
      assert.ok((after as Buffer).equals(await home.readBack(String(archiveId))));
    });
  }

  test('that changes while its first part is sent stops the run soon: its other parts are not sent', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 16 * MIB_BYTES);
    let parts = 0;
    home.hook({
      before: (passing) => {
        if (isPart(passing) && ++parts === 1) appendFileSync(file, 'more');
        return 'pass';
      },
    });
    const line = ['upload', file, home.target, '--part-size=1M', '--concurrency=1'];
    assert.match(assertFailed(await home.run(line), 13), /changed/);
    // Some parts are read ahead.
    assert.ok(parts <= 5, `${parts} parts were sent`);
  });

  test(`that is ${HARMLESS} while it is sent is read again, and archived`, async (t) => {
    const home = await service.home(t);
    const file = home.file('f', PARTS * MIB_BYTES);
    const bytes = readFileSync(file);
    let parts = 0;
    home.hook({
      before: (passing) => {
        if (isPart(passing) && ++parts === 2) CHANGES[HARMLESS](file, bytes);
        return 'pass';
      },
    });
    const ended = await home.run(['upload', file, home.target, '--part-size=1M', '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /read again and compared/);
    const { archiveId } = oneJson(ended.stdout, 'archive');
    assert.ok(bytes.equals(await home.readBack(String(archiveId))));
  });

  for (const [where, parts] of [
    ['read by the main thread', 4],
    ['read by a hashing thread', 6],
  ] as const) {
    test(`on a disk that fails ends in 13 with the reason, keeps what was sent, and goes on: ${where}`, async (t) => {
      const home = await service.home(t);
      const file = home.file('f', parts * MIB_BYTES);
      const line = ['upload', file, home.target, '--part-size=1M', '--concurrency=1'];
      const ended = await home.run(line, badDiskEnv({ failsFromByte: 3 * MIB_BYTES }));
      assert.match(assertFailed(ended, 13), /the file cannot be read: EIO/);
      assert.match(ended.stderr, /^hint: .*calve resume /m);
      assert.equal(home.passed().filter(isComplete).length, 0);
      const next = await home.run([...line, '--json']);
      assert.ok(Number(oneJson(next.stdout, 'archive')['partsReused']) >= 2, next.stdout);
    });

    test(`on a disk that gives little at a time is archived byte for byte: ${where}`, async (t) => {
      const home = await service.home(t);
      const file = home.file('f', parts * MIB_BYTES - 7);
      const ended = await home.run(
        ['upload', file, home.target, '--part-size=2M', '--json'],
        badDiskEnv({ pieceBytes: 65_521 }),
      );
      const { archiveId } = oneJson(ended.stdout, 'archive');
      assert.ok(readFileSync(file).equals(await home.readBack(String(archiveId))));
    });
  }
});
