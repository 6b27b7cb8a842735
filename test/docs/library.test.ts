/** The examples in docs/library.md and docs/emulator.md run as a reader would run them. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { startEmulator } from '../../src/library/emulator.js';
import type { TransferEvent } from '../../src/library/index.js';
import { awsEnv, missingTool } from '../support/aws-tools.js';
import { writeSeededFile } from '../support/bytes.js';
import { examplesOf, installCalve } from '../support/document-examples.js';
import { tempFolder } from '../support/temp.js';

const TIMEOUT_MS = 120_000;

/** The keys of each event. The compiler compares them with the type. */
type KeysOf<T extends TransferEvent['type']> = Record<
  Exclude<keyof Extract<TransferEvent, { readonly type: T }>, 'type'>,
  true
>;

const EVENTS: { readonly [T in Exclude<TransferEvent['type'], 'files' | 'summary'>]: KeysOf<T> } = {
  started: {
    file: true,
    target: true,
    uploadId: true,
    plan: true,
    reusedParts: true,
    reusedBytes: true,
    resumed: true,
    orphan: true,
    resend: true,
    fleet: true,
  },
  sending: { index: true },
  progress: { index: true, sentBytes: true },
  part: { index: true, sizeBytes: true, reused: true },
  retry: { operation: true, attempt: true, attemptsMax: true, delayMs: true, why: true },
  completing: { uploadId: true },
  archived: { file: true, archiveId: true, sizeBytes: true, durationMs: true },
  failed: { file: true },
  reading: { file: true, readBytes: true, totalBytes: true },
  waiting: { what: true, holder: true, sinceMs: true, waitMs: true },
  notice: { notice: true, file: true },
};

const PLAN: Record<keyof Extract<TransferEvent, { readonly type: 'started' }>['plan'], true> = {
  sizeBytes: true,
  partSizeBytes: true,
  partCount: true,
};

interface Bench {
  readonly folder: string;
  /** Runs a program to its end. @returns its stdout; rejects if it fails, or prints on stderr */
  run(command: string, ...words: readonly string[]): Promise<string>;
}

function openBench(t: TestContext, env: Readonly<Record<string, string>> = {}): Bench {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'home'));
  installCalve(folder, ['@aws-sdk/client-glacier']);
  const own = awsEnv(join(folder, 'home'));
  // The example for a shell finds `node` there.
  const PATH = `${own['PATH']}:${dirname(process.execPath)}`;
  const options = { cwd: folder, env: { ...own, PATH, ...env }, timeout: TIMEOUT_MS };
  return {
    folder,
    run: (command, ...words) =>
      new Promise((resolve, reject) => {
        execFile(command, words, options, (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`${command} ${words.join(' ')}: ${error.message}\n${stdout}${stderr}`));
        });
      }),
  };
}

test('the page of the library lists the events with all of their keys', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/library.md'), 'utf8');
  const [, events = ''] = /^## Events\n(.*?)^## /ms.exec(page) ?? [];
  const names = (text: string): string[] =>
    [...text.matchAll(/`([a-zA-Z.]+)`/g)].map(([, name = '']) => name);
  const rows = [...events.matchAll(/^\| `(\w+)`\s*\|[^|]*\|([^|]*)\|$/gm)];
  assert.deepEqual(rows.map(([, type]) => type).sort(), Object.keys(EVENTS).sort());
  const [about = ''] = events.match(/^- `started` also has .*?(?=^- )/ms) ?? [];
  for (const [, type = '', cells = ''] of rows) {
    const keys = names(type === 'started' ? cells + about : cells).filter(
      (name) => !/[.]|^null$|^started$/.test(name),
    );
    assert.deepEqual(keys.sort(), Object.keys(EVENTS[type as keyof typeof EVENTS]).sort(), type);
  }
  const ofPlan = names(about).filter((name) => name.startsWith('plan.'));
  assert.deepEqual(
    ofPlan.sort(),
    Object.keys(PLAN)
      .map((name) => `plan.${name}`)
      .sort(),
  );
});

describe('The examples of the library', { concurrency: 2 }, () => {
  test('for modules and for CommonJS run one after the other, in one process', async (t) => {
    const vault = await startEmulator({ vaults: ['photos'] });
    t.after(() => vault.close());
    const { folder, run } = openBench(t, {
      AWS_ACCESS_KEY_ID: vault.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: vault.credentials.secretAccessKey,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_GLACIER: vault.url,
    });
    writeSeededFile(join(folder, 'backup.tar'), 12 * 1024 * 1024, 1);
    const names = [
      ...examplesOf('docs/library.md', 'js').map((code, i) => [`${i}.mjs`, code] as const),
      ...examplesOf('docs/library.md', 'cjs').map((code, i) => [`${i}.cjs`, code] as const),
    ].map(([name, code]) => {
      writeFileSync(join(folder, name), code);
      return name;
    });
    assert.ok(names.length >= 8, names.join(' '));
    const all = names.map((name) => `console.log('${name}');\nawait import('./${name}');\n`).join('');
    writeFileSync(join(folder, 'all.mjs'), all);
    const printed = await run(process.execPath, 'all.mjs');
    for (const words of [
      /part 0 arrived, 1048576 bytes/,
      /\[#{40}\] 100%/,
      /no-such-file\.tar missing/,
      /backup\.tar: \d+ parts were there already/,
      /\ntrue\n/,
      /5 archives are right/,
      /ba7816bf8f01cfea/,
    ]) {
      assert.match(printed, words);
    }
  });

  test('for a test in JavaScript passes', async (t) => {
    const { folder, run } = openBench(t);
    const [code = ''] = examplesOf('docs/emulator.md', 'js');
    writeFileSync(join(folder, 'vault.test.mjs'), code);
    assert.match(await run(process.execPath, '--test', 'vault.test.mjs'), /pass 1\b/);
  });

  test('for a process that a signal ends leaves no folder of the emulator', async (t) => {
    const tmp = tempFolder(t);
    const { folder } = openBench(t);
    const [, code = ''] = examplesOf('docs/emulator.md', 'js');
    writeFileSync(join(folder, 'ended.mjs'), code);
    const env = { ...process.env, TMPDIR: tmp };
    const child = spawn(process.execPath, ['ended.mjs'], { cwd: folder, env, timeout: TIMEOUT_MS });
    const [url] = await once(child.stdout, 'data');
    assert.match(String(url), /^http:/);
    assert.equal(readdirSync(tmp).length, 1);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [1, null]);
    assert.deepEqual(readdirSync(tmp), []);
  });

  test('for a test in Python passes', async (t) => {
    const missing = await missingTool('boto3');
    if (missing !== false) return t.skip(missing);
    const { folder, run } = openBench(t);
    const [code = ''] = examplesOf('docs/emulator.md', 'python');
    writeFileSync(join(folder, 'test_archive.py'), code);
    await run('python3', 'test_archive.py');
  });

  test('for a shell gets an archive id from the AWS CLI', async (t) => {
    const missing = await missingTool('aws');
    if (missing !== false) return t.skip(missing);
    const { folder, run } = openBench(t);
    const [code = ''] = examplesOf('docs/emulator.md', 'sh');
    writeFileSync(join(folder, 'test.sh'), code);
    assert.match(await run('bash', '-eu', '-o', 'pipefail', 'test.sh'), /archiveId/);
  });
});
