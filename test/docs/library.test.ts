/** The examples in docs/library.md and docs/emulator.md run as a reader would run them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { startEmulator } from '../../src/library/emulator.js';
import { awsEnv, missingTool } from '../support/aws-tools.js';
import { writeSeededFile } from '../support/bytes.js';
import { examplesOf, installCalve } from '../support/document-examples.js';
import { tempFolder } from '../support/temp.js';

const TIMEOUT_MS = 120_000;

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
    assert.ok(names.length >= 7, names.join(' '));
    const all = names.map((name) => `console.log('${name}');\nawait import('./${name}');\n`).join('');
    writeFileSync(join(folder, 'all.mjs'), all);
    const printed = await run(process.execPath, 'all.mjs');
    for (const words of [
      /part 0 arrived, 1048576 bytes/,
      /no-such-file\.tar missing/,
      /backup\.tar: \d+ parts were there already/,
      /\ntrue\n/,
      /4 archives are right/,
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
