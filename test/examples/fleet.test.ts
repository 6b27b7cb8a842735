/**
 * The examples for fleets are valid, and their tasks send an archive. `npm run test:fleet` runs them on a real Slurm and on
 * two hosts of GNU parallel.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type IJob, Job } from 'kubernetes-models/batch/v1/Job';
import { parse } from 'yaml';
import { EXIT_ROWS } from '../../src/cli/exit-codes.js';
import { awsEnv, missingTool } from '../support/aws-tools.js';
import { examplePath, exampleText } from '../support/examples.js';
import { compileManifest } from '../support/kubernetes.js';
import { missingPrograms } from '../support/programs.js';
import { pasteIntoShell } from '../support/shell.js';
import { tempFolder } from '../support/temp.js';
import { sharedVaults } from '../support/vault-service.js';

const TEXT = exampleText('fleet/kubernetes-job.yaml');
const MANIFEST = parse(TEXT) as IJob;

describe('The Job for Kubernetes', () => {
  const service = sharedVaults();

  test('is valid by the schema of its API, and has only fields that the API has', (t) => {
    new Job(MANIFEST).validate();
    assert.equal(compileManifest(tempFolder(t), 'Job', MANIFEST), '');
    const misspelled = { ...MANIFEST, spec: { ...MANIFEST.spec, completion: 8 } };
    assert.match(compileManifest(tempFolder(t), 'Job', misspelled), /completion/);
  });

  test('has as many tasks as the manifest has shares, and repeats what another run can change', () => {
    assert.equal(MANIFEST.spec?.completionMode, 'Indexed');
    assert.match(TEXT, new RegExp(`^# .* --shards ${MANIFEST.spec?.completions} `, 'm'));
    const rule = MANIFEST.spec?.podFailurePolicy?.rules.find(({ action }) => action === 'FailIndex');
    const codes = EXIT_ROWS.map(({ code }) => code).filter((code) => code !== 0);
    const again = codes.filter((code) => !rule?.onExitCodes?.values.includes(code));
    assert.deepEqual(again, [3, 11, 129, 130, 143]);
  });

  test('its tasks send their shares by their index, and finish makes the archive', async (t) => {
    const home = await service.home(t);
    const manifest = join(home.folder, 'image.json');
    const create = ['fleet', 'create', home.file('image.img', 2 * 1024 ** 2), home.target, '--part-size=1M'];
    const created = await home.run([...create, '--shards=2', `--manifest=${manifest}`]);
    assert.equal(created.code, 0, created.stderr);
    const words = (MANIFEST.spec?.template.spec?.containers[0]?.args ?? []).map((word) =>
      word.replace('/fleet/image.json', manifest),
    );
    for (const index of ['0', '1']) {
      const sent = await home.run(words, { JOB_COMPLETION_INDEX: index });
      assert.equal(sent.code, 0, sent.stderr);
    }
    const finished = await home.run(['fleet', 'finish', manifest]);
    assert.equal(finished.code, 0, finished.stderr);
    assert.equal((await home.archiveIds()).length, 1);
  });
});

describe('The script for AWS Batch', () => {
  const service = sharedVaults();

  test('creates a fleet of 8 shares, an array of 8 tasks, and a task that waits for all of them', async (t) => {
    const missing = await missingTool('aws');
    if (missing !== false) return t.skip(missing);
    const home = await service.home(t);
    const manifest = join(home.folder, 'image.json');
    // The AWS CLI checks every word by the model of the service, and answers with a sample instead of a request.
    mkdirSync(join(home.folder, 'bin'));
    const log = join(home.folder, 'log');
    const fake = `#!/bin/sh\nPATH=\${PATH#*:}\necho "$*" >>'${log}'\nexec aws "$@" --generate-cli-skeleton output\n`;
    writeFileSync(join(home.folder, 'bin/aws'), fake, { mode: 0o755 });
    const line = `${examplePath('fleet/aws-batch.sh')} ${home.file('image.img', 1024)} ${home.target} ${manifest}`;
    const env = { ...awsEnv(home.folder), ...home.env, AWS_DEFAULT_REGION: 'eu-west-1' };
    const ended = await pasteIntoShell(line, home.folder, env);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /\njobId\n$/);
    assert.equal(JSON.parse(readFileSync(manifest, 'utf8')).shards, 8);
    const [, send, finish] = readFileSync(log, 'utf8').split('\n');
    assert.match(send ?? '', / --array-properties size=8 /);
    assert.match(finish ?? '', / --depends-on jobId=jobId /);
    const wrong = await pasteIntoShell('aws batch submit-job --job-names x', home.folder, env);
    assert.notEqual(wrong.code, 0);
  });

  test('tries again what another run can change, and nothing that it cannot', () => {
    const { retryStrategy } = JSON.parse(exampleText('fleet/aws-batch-job.json')) as {
      retryStrategy: { evaluateOnExit: { onExitCode: string; action: string }[] };
    };
    // Batch takes five conditions, and tries again what none of them names.
    const ends = retryStrategy.evaluateOnExit.map(({ onExitCode }) => Number(onExitCode));
    assert.ok(retryStrategy.evaluateOnExit.every(({ action }) => action === 'EXIT'));
    assert.deepEqual(ends, [2, 10, 12, 13, 16]);
  });
});

describe('The scripts for Slurm', () => {
  const service = sharedVaults();

  test('submit an array of all shares and a job that waits for it, and make the archive', async (t) => {
    const home = await service.home(t);
    mkdirSync(join(home.folder, 'bin'));
    const log = join(home.folder, 'log');
    const fake = `#!/bin/sh\necho "$*" >>'${log}'\necho 4711\n`;
    for (const name of ['sbatch', 'scontrol'])
      writeFileSync(join(home.folder, 'bin', name), fake, { mode: 0o755 });
    const run = (line: string, more = {}) => pasteIntoShell(line, home.folder, { ...home.env, ...more });
    const file = home.file('disk image', 1024);
    const submitted = await run(
      `${examplePath('fleet/slurm/submit.sh')} '${file}' ${home.target} 'the fleet'`,
    );
    assert.equal(submitted.code, 0, submitted.stderr);
    const [array = '', last = ''] = readFileSync(log, 'utf8').split('\n');
    assert.match(array, /--array=0-7 .*send\.sbatch .*\/the fleet$/);
    assert.match(last, /--dependency=afterok:4711 .*finish\.sbatch .*\/the fleet$/);
    // The only part is in the last share.
    const task = { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_COUNT: '8' };
    const sent = await run(`bash ${examplePath('fleet/slurm/send.sbatch')} 'the fleet'`, task);
    assert.equal(sent.code, 0, sent.stderr);
    const finished = await run(`bash ${examplePath('fleet/slurm/finish.sbatch')} 'the fleet'`);
    assert.equal(finished.code, 0, finished.stderr);
    assert.deepEqual(await home.archiveIds(), [finished.stdout.trim()]);
  });
});

describe('The scripts for GNU parallel', { skip: missingPrograms(['parallel'], 'parallel') }, () => {
  const service = sharedVaults();

  test('send one file in 8 shares, and many files in 4 runs with one catalogue at the end', async (t) => {
    const home = await service.home(t);
    const env = { ...home.env, PARALLEL_HOME: join(home.folder, '.parallel') };
    const file = home.file('disk image', 2 * 1024 ** 2);
    const send = `${examplePath('fleet/parallel/send.sh')} '${file}' ${home.target} 'the fleet'`;
    const sent = await pasteIntoShell(send, home.folder, env);
    assert.equal(sent.code, 0, sent.stderr);
    assert.deepEqual(await home.archiveIds(), [sent.stdout.trim().split('\n').at(-1)]);
    const names = [1, 2, 3, 4].map((number) => home.file(`file ${number}`, 1000, number));
    writeFileSync(join(home.folder, 'list'), names.map((name) => `${name}\n`).join(''));
    const many = `${examplePath('fleet/parallel/many-files.sh')} list ${home.target} runs`;
    const ended = await pasteIntoShell(many, home.folder, env);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal((await home.cataloguedIds()).length, names.length + 1);
  });
});
