import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import type { EmulatorOptions } from '../../src/emulator/server.js';
import { seededBytes } from '../support/bytes.js';
import { jsonLines } from '../support/calve.js';
import {
  headerOf,
  isComplete,
  isCreate,
  isPart,
  type Passing,
  type Refusal,
  rangeOf,
} from '../support/requests.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, TARGET } from '../support/vault-service.js';

const SIZE_BYTES = 3 * MIB_BYTES + 1;
const PARTS = 4;
const UPLOAD = ['--part-size', '1M', '--json', '--progress', 'json'];
const OPERATIONS = ['describe-vault', 'initiate', 'upload-part', 'complete'];

interface Bench extends Omit<VaultHome, 'file'> {
  readonly file: string;
}

async function bench(t: TestContext, options: Omit<EmulatorOptions, 'dataDir'> = {}): Promise<Bench> {
  const vault = await openVault(t, options);
  const file = join(vault.folder, 'backup.bin');
  writeFileSync(file, seededBytes(SIZE_BYTES, 21));
  return { ...vault, file };
}

/** The run made one right archive, and said every attempt that failed. */
async function assertArchived(vault: Bench, words: readonly string[] = [], more = {}) {
  const ended = await vault.run(['upload', vault.file, TARGET, ...UPLOAD, ...words], more);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  const [archive] = jsonLines(ended.stdout);
  const archiveId = String(archive?.['archiveId']);
  assert.deepEqual(Buffer.from(await vault.readBack(archiveId)), readFileSync(vault.file));
  assert.deepEqual(
    (await vault.archives()).map((each) => each.archiveId),
    [archiveId],
  );
  const events = jsonLines(ended.stderr);
  return {
    archive,
    retries: events.filter(({ type }) => type === 'retry').map(({ operation }) => String(operation)),
    notices: events.filter(({ type }) => type === 'notice').map(({ notice }) => String(notice)),
  };
}

describe('What can get better is tried again', { concurrency: 2 }, () => {
  for (const [kind, what] of [
    ['unavailable', 'a 500'],
    ['throttle', 'throttling, which is a 400'],
    // Peers: uskudnik#95, #156, #171, #189; boto#2093; aws-cli#3373; bakthat#74; MoriTanosuke#55; aws-sdk-net#979.
    ['timeout', 'a 408, as slow lines get them'],
    // Peers: mt-aws-glacier#8; uskudnik#103.
    ['expired', 'an expired signature'],
    ['reset', 'a connection that breaks'],
    ['html', 'a page of a proxy'],
    ['empty', 'an answer without a body'],
    ['garbage', 'half an answer'],
  ] as const) {
    test(`${what}, to every request of an upload`, async (t) => {
      const vault = await bench(t, { faults: OPERATIONS.map((operation) => `${kind}@${operation}:1`) });
      const { retries } = await assertArchived(vault, ['--concurrency', '1']);
      // The last part is small, and may be ready before the first one.
      const operations = retries.map((operation) => operation.replace(/ \d$/, ''));
      assert.deepEqual(operations, ['find the vault', 'create the upload', 'send part', 'complete']);
    });
  }

  test('a part that the service received wrongly, until its hash is right', async (t) => {
    // Peers: mt-aws-glacier#57, #105, #115, #131.
    const vault = await bench(t, { faults: ['wrong-hash@upload-part:2'] });
    const { retries } = await assertArchived(vault, ['--concurrency', '1']);
    assert.deepEqual([retries.length, new Set(retries).size], [2, 1], String(retries));
  });

  test('a part whose hash stays wrong ends in 14, with what the operator of the service needs', async (t) => {
    const vault = await bench(t, { faults: ['wrong-hash@upload-part'] });
    const { code, stdout } = await vault.run(['upload', vault.file, TARGET, ...UPLOAD, '--concurrency', '1']);
    assert.equal(code, 14);
    const [error] = jsonLines(stdout);
    assert.match(String(error?.['requestId']), /^[\w-]{47}$/);
    assert.match(String(error?.['message']), /part 0.*[0-9a-f]{64}.*[0-9a-f]{64}/);
    assert.equal(error?.['resumable'], true);
  });

  test('an answer that never comes, after --read-timeout', async (t) => {
    const vault = await bench(t, { faults: ['hang@upload-part:#2', 'hang@complete:1'] });
    const startedMs = Date.now();
    const { retries } = await assertArchived(vault, ['--read-timeout', '700ms', '--concurrency', '1']);
    assert.deepEqual(retries, ['send part 1', 'complete']);
    assert.ok(Date.now() - startedMs < 20_000);
  });
});

describe('A service that asks to be left alone for a while', { concurrency: 2 }, () => {
  const busy = { code: 'SlowDown', message: 'later', headers: { 'retry-after': '1' } };

  for (const [title, refused] of [
    ['the first part', 'bytes 0-1048575/*'],
    ['a part that is a copy of the first', 'bytes 2097152-3145727/*'],
  ] as const) {
    for (const status of [429, 503]) {
      test(`is, with ${status} to ${title}`, async (t) => {
        const vault = await bench(t);
        let left = 1;
        vault.hook({
          before: (passing) => (rangeOf(passing) === refused && left-- > 0 ? { ...busy, status } : 'pass'),
        });
        const words = ['upload', vault.file, TARGET, ...UPLOAD, '--retry-delay', '1ms', '--concurrency', '1'];
        const ended = await vault.run(words);
        assert.equal(ended.code, 0, ended.stderr);
        const retries = jsonLines(ended.stderr).filter(({ type }) => type === 'retry');
        assert.deepEqual(
          retries.map(({ delayMs }) => delayMs),
          [1000],
        );
      });
    }
  }
});

describe('What cannot get better is not tried again', { concurrency: 2 }, () => {
  for (const [title, refusal, code] of [
    ['a 403', { status: 403, code: 'AccessDeniedException', message: 'no' }, 12],
    [
      'a 404',
      { status: 404, code: 'ResourceNotFoundException', message: 'The upload ID was not found: x' },
      16,
    ],
    ['another 400', { status: 400, code: 'LimitExceededException', message: 'no' }, 12],
  ] as const satisfies readonly (readonly [string, Refusal, number])[]) {
    test(`${title} to a part ends the run at once with ${code}`, async (t) => {
      const vault = await bench(t);
      let parts = 0;
      vault.hook({
        before: (passing) => {
          if (!isPart(passing)) return 'pass';
          parts += 1;
          return refusal;
        },
      });
      const words = ['upload', vault.file, TARGET, ...UPLOAD, '--concurrency', '1'];
      const { code: exit, stderr } = await vault.run(words);
      assert.equal(exit, code, stderr);
      assert.equal(parts, 1);
      assert.deepEqual(await vault.archives(), []);
    });
  }
});

describe('Answers that got lost after the work was done', { concurrency: 2 }, () => {
  test('create: another upload is created, and the empty one that may remain is named', async (t) => {
    const vault = await bench(t, { faults: ['lost-answer@initiate:1'] });
    const { retries, notices } = await assertArchived(vault);
    assert.deepEqual(retries, ['create the upload']);
    assert.deepEqual(notices, ['create-repeated']);
    // Neither adopted nor aborted: another host's may look just like it.
    assert.deepEqual(await vault.openDescriptions(), ['backup.bin']);
  });

  test('begin, for people: the line names the description, and how to look for it', async (t) => {
    const vault = await bench(t, { faults: ['lost-answer@initiate:1'] });
    const { stderr } = await vault.run(['upload', vault.file, TARGET]);
    assert.match(
      stderr,
      /^note: .*the request to create the upload was sent 2 times, .*\(backup\.bin\).*calve list-uploads shows it$/m,
    );
  });

  test('a part: it is sent again, and replaces itself', async (t) => {
    const vault = await bench(t, { faults: ['lost-answer@upload-part:2'] });
    const { retries, archive } = await assertArchived(vault, ['--concurrency', '1']);
    assert.deepEqual([retries.length, new Set(retries).size], [2, 1], String(retries));
    assert.equal(archive?.['partsSent'], PARTS);
  });

  test('complete: asked again, it gives the same archive', async (t) => {
    const vault = await bench(t, { faults: ['lost-answer@complete:3'] });
    const { retries } = await assertArchived(vault);
    assert.deepEqual(retries, ['complete', 'complete', 'complete']);
  });

  test('complete, when the service no longer knows the upload at the next attempt: exit 16, and no upload is created', async (t) => {
    const vault = await bench(t, { faults: ['lost-answer@complete:1'], repeatWindowMs: 0 });
    const { code, stdout } = await vault.run(['upload', vault.file, TARGET, ...UPLOAD]);
    assert.equal(code, 16, stdout);
    const [error] = jsonLines(stdout);
    assert.match(
      String(error?.['message']),
      /the archive may exist \(3145729 bytes, tree hash [0-9a-f]{64}\)/,
    );
    assert.match(String(error?.['hint']), /--fresh sends the file again/);
    const uploadId = String(error?.['uploadId']);
    const wish = ['abort', TARGET, `--upload-id=${uploadId}`];
    assert.equal((await vault.run(wish)).code, 16);
    assert.equal((await vault.run([...wish, '--drop-record'])).code, 0);
    assert.equal((await vault.archives()).length, 1);
  });

  test('abort: the repeat finds nothing, or the same answer, and that is success', async (t) => {
    for (const repeatWindowMs of [0, 60_000]) {
      const vault = await bench(t, { faults: ['lost-answer@abort:1', 'denied@complete'], repeatWindowMs });
      const left = await vault.run(['upload', vault.file, TARGET, ...UPLOAD]);
      const uploadId = String(jsonLines(left.stdout)[0]?.['uploadId']);
      const { code, stderr } = await vault.run(['abort', TARGET, `--upload-id=${uploadId}`]);
      assert.equal(code, 0, stderr);
      assert.equal((await vault.run(['status'])).stdout.split('\n').length, 2, 'the journal is gone');
    }
  });
});

describe('A line that is down', { concurrency: 2 }, () => {
  /** Lets so many parts pass, and then refuses everything. */
  function dyingLine(vault: Bench, partsCarried: number) {
    let parts = 0;
    const line = { isDown: false, requests: 0, partsCarried };
    vault.hook({
      before: (passing) => {
        if (isPart(passing) && ++parts > line.partsCarried) line.isDown = true;
        if (line.isDown) line.requests += 1;
        return line.isDown ? { status: 503, code: 'ServiceUnavailableException', message: 'down' } : 'pass';
      },
    });
    return line;
  }

  test('is waited for as long as --give-up-after says, however many attempts that takes, and then exits 3', async (t) => {
    const vault = await bench(t);
    const line = dyingLine(vault, 2);
    const words = ['upload', vault.file, TARGET, ...UPLOAD, '--concurrency', '1', '--give-up-after', '2s'];
    const startedMs = Date.now();
    const { code, stdout } = await vault.run([...words, '--retry-delay', '50ms']);
    assert.equal(code, 3);
    assert.ok(Date.now() - startedMs >= 2000);
    const [error] = jsonLines(stdout);
    assert.deepEqual([error?.['kind'], error?.['resumable']], ['unreachable', true]);
    assert.match(String(error?.['hint']), /^calve resume /);
    Object.assign(line, { isDown: false, partsCarried: Number.POSITIVE_INFINITY });
    const again = await vault.run(['resume', vault.file, '--json']);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(jsonLines(again.stdout)[0]?.['partsReused'], 2);
  });

  test('is given up after --max-attempts where those are given, without waiting', async (t) => {
    const vault = await bench(t);
    const line = dyingLine(vault, 2);
    const words = ['upload', vault.file, TARGET, ...UPLOAD, '--concurrency', '1', '--max-attempts', '3'];
    const { code } = await vault.run(words);
    assert.equal(code, 3);
    assert.equal(line.requests, 3);
  });

  test('continues when the connection is back: the parts that arrived before are not sent again', async (t) => {
    const vault = await bench(t);
    let refused = 0;
    let sent = 0;
    vault.hook({
      before: (passing) => {
        if (!isPart(passing)) return 'pass';
        if (++sent < 3 || ++refused > 12) return 'pass';
        return { status: 503, code: 'ServiceUnavailableException', message: 'down' };
      },
    });
    const { retries } = await assertArchived(vault, ['--concurrency', '1', '--retry-delay', '1ms']);
    // More than ten: attempts on a dead line are not counted.
    assert.deepEqual(retries, Array(12).fill('send part 2'));
  });
});

describe('Credentials that expire in the middle of an upload', { concurrency: 2 }, () => {
  // Peers: SAGU#2; aws-cli#4562.
  /** A service that takes a token for so many parts, and then only the next one. */
  function expiringTokens(vault: Bench, partsEach: number) {
    const seen: string[] = [];
    const used = new Map<string, number>();
    vault.hook({
      before: (passing: Passing) => {
        const token = headerOf(passing, 'x-amz-security-token') ?? '';
        if (isPart(passing)) used.set(token, (used.get(token) ?? 0) + 1);
        if ((used.get(token) ?? 0) <= partsEach) {
          seen.push(
            `${isPart(passing) ? 'part' : isCreate(passing) ? 'begin' : isComplete(passing) ? 'complete' : 'other'} ${token}`,
          );
          return 'pass';
        }
        return { status: 403, code: 'ExpiredTokenException', message: 'The security token has expired' };
      },
    });
    return seen;
  }

  test('are fetched again from the container’s endpoint', async (t) => {
    const vault = await bench(t);
    let fetches = 0;
    const endpoint = createServer((_, response) => {
      fetches += 1;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          AccessKeyId: vault.emulator.accessKeyId,
          SecretAccessKey: vault.emulator.secretAccessKey,
          Token: `token-${fetches}`,
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
    });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      endpoint.closeAllConnections();
      endpoint.close();
    });
    const seen = expiringTokens(vault, 2);
    const { port } = endpoint.address() as AddressInfo;
    const { retries } = await assertArchived(vault, ['--concurrency', '1'], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
    });
    assert.equal(fetches, 2);
    assert.deepEqual(retries, ['send part 2']);
    assert.deepEqual(seen.at(-1), 'complete token-2');
  });

  test('are fetched again from a credential process, with four lanes at once', async (t) => {
    const vault = await bench(t);
    const { accessKeyId, secretAccessKey } = vault.emulator;
    const counter = join(vault.folder, 'calls');
    const script = join(vault.folder, 'credentials.cjs');
    writeFileSync(
      script,
      `const fs = require('node:fs');
fs.appendFileSync(${JSON.stringify(counter)}, '.');
const Token = 'token-' + fs.statSync(${JSON.stringify(counter)}).size;
const Expiration = new Date(Date.now() + 3600000).toISOString();
console.log(JSON.stringify({ Version: 1, AccessKeyId: '${accessKeyId}', SecretAccessKey: '${secretAccessKey}', SessionToken: Token, Expiration }));
`,
    );
    const config = join(vault.folder, 'config');
    writeFileSync(config, `[profile temporary]\ncredential_process = ${process.execPath} ${script}\n`);
    writeFileSync(vault.file, seededBytes(12 * MIB_BYTES, 3));
    expiringTokens(vault, 6);
    const { archive } = await assertArchived(vault, ['--concurrency', '4', '--profile', 'temporary'], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_CONFIG_FILE: config,
    });
    assert.equal(archive?.['partsSent'], 12);
    assert.ok(readFileSync(counter, 'utf8').length >= 2);
  });

  test('and cannot be fetched again exit 12; the upload continues when they are available', async (t) => {
    const vault = await bench(t);
    expiringTokens(vault, 2);
    const env = { AWS_SESSION_TOKEN: 'old' };
    const { code, stdout } = await vault.run(
      ['upload', vault.file, TARGET, ...UPLOAD, '--concurrency', '1'],
      env,
    );
    assert.equal(code, 12);
    assert.equal(jsonLines(stdout)[0]?.['resumable'], true);
    const again = await vault.run(['resume', vault.file, '--json'], { ...env, AWS_SESSION_TOKEN: 'new' });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(jsonLines(again.stdout)[0]?.['partsReused'], 2);
  });
});
