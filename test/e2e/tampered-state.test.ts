/** Somebody changed a journal, checks included: it must not lead credentials elsewhere. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { TargetIdentity } from '../../src/core/identity.js';
import { encodeLine } from '../../src/state/checked-line.js';
import { recordName } from '../../src/state/names.js';
import type { JournalHead } from '../../src/transfer/ports/state.js';
import { assertFailed } from '../support/failed.js';
import { socketLog } from '../support/socket-log.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const EVIL = 'https://glacier.evil.invalid';

/** Rewrites the head of the only journal, under the name that its new content wants. */
function tamper(home: VaultHome, change: (head: JournalHead) => JournalHead): void {
  const uploads = join(home.folder, 'home/.local/state/calve/v2/uploads');
  const path = join(uploads, readdirSync(uploads)[0] ?? '');
  const [line = '', ...parts] = readFileSync(path, 'utf8').split('\n');
  const { check, ...head } = JSON.parse(line) as JournalHead & { check: string };
  assert.equal(check.length, 16);
  const changed = change(head);
  writeFileSync(path, [encodeLine(changed).trimEnd(), ...parts].join('\n'));
  renameSync(path, join(dirname(path), `${recordName(changed.identity, changed.uploadId)}.jsonl`));
}

function withEndpoint(head: JournalHead, endpoint: string | null): JournalHead {
  return withTarget(head, { endpoint });
}

function withTarget(head: JournalHead, changes: Partial<TargetIdentity>): JournalHead {
  const target = { ...head.identity.target, ...changes };
  return { ...head, identity: { ...head.identity, target } };
}

async function unfinished(home: VaultHome): Promise<string> {
  const file = home.file('f', 2 * MIB_BYTES);
  await home.leaveUnfinished(file, 1);
  return file;
}

describe('A journal that somebody changed', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('does not lead to another endpoint: exit 12, and nothing is connected to or looked up', async (t) => {
    const home = await service.home(t);
    const file = await unfinished(home);
    const endpoints = [
      EVIL,
      'http://203.0.113.7:8080',
      'http://localhost.evil.invalid',
      'http://127.0.0.1.evil.invalid',
      'https://127.0.0.1@evil.invalid',
      'https://glacier.eu-west-1.amazonaws.com.evil.invalid',
    ];
    for (const endpoint of endpoints) {
      tamper(home, (head) => withEndpoint(head, endpoint));
      const log = socketLog(home.folder);
      const ended = await home.run(endpoint === EVIL ? ['resume'] : ['resume', file], log.env);
      const told = "the recorded endpoint is neither the service's own nor on this machine";
      assert.ok(assertFailed(ended, 12).includes(told), ended.stderr);
      assert.doesNotMatch(ended.stderr, /--endpoint-url=?.*evil/, 'no line to paste leads there');
      assert.deepEqual(log.reached(), [], endpoint);
    }
  });

  test('leads there only where the very same --endpoint-url is given now', async (t) => {
    const home = await service.home(t);
    const file = await unfinished(home);
    tamper(home, (head) => withEndpoint(head, EVIL));
    const log = socketLog(home.folder);
    const other = await home.run(['resume', file, '--endpoint-url', 'https://other.evil.invalid'], log.env);
    assertFailed(other, 12);
    assert.deepEqual(log.reached(), []);
    const words = ['resume', file, '--endpoint-url', EVIL, '--max-attempts=1', '--connect-timeout=1s'];
    const same = await home.run(words, log.env);
    assert.equal(same.code, 3, same.stderr);
    assert.ok(log.reached().length > 0, 'the log does see connections');
    assert.match(log.reached().join(), /glacier\.evil\.invalid/);
  });

  test('does not lead away by a region that is more than a region', async (t) => {
    const home = await service.home(t);
    const file = await unfinished(home);
    for (const region of ['evil.invalid/', 'a@evil.invalid', '']) {
      tamper(home, (head) => withTarget(head, { endpoint: null, region }));
      const log = socketLog(home.folder);
      const ended = await home.run(['resume', file], log.env);
      assert.equal(ended.code, 13, ended.stderr);
      assert.deepEqual(log.reached(), [], region);
    }
  });

  test('that names another vault ends in exit 16, and no part is sent', async (t) => {
    const home = await service.home(t);
    const elsewhere = await service.home(t);
    const file = await unfinished(home);
    tamper(home, (head) => withTarget(head, { url: elsewhere.target }));
    assertFailed(await home.run(['resume', file]), 16);
    assert.equal(elsewhere.passed().filter(({ method }) => method !== 'GET').length, 0);
  });

  test('is refused as damaged where its scheme is unknown or its name is not its own', async (t) => {
    const home = await service.home(t);
    const file = await unfinished(home);
    tamper(home, (head) => withTarget(head, { url: 'ftp://evil' }));
    const ended = await home.run(['resume', file]);
    assert.equal(ended.code, 13, ended.stderr);
    const status = await home.run(['status', '--json']);
    assert.notEqual(status.code, 1, status.stderr);
  });
});
