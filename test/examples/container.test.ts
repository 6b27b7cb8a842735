/** The examples for containers are valid, and the program does what they expect of it. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { validate } from 'dockerfile-utils';
import { CronJob, type ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import { parse } from 'yaml';
import { EXIT_ROWS } from '../../src/cli/exit-codes.js';
import { missingContainer, startInContainer } from '../support/container.js';
import { exampleText } from '../support/examples.js';
import { compileManifest } from '../support/kubernetes.js';
import { ageForeignLocks } from '../support/left-locks.js';
import { isPart } from '../support/requests.js';
import { tempFolder } from '../support/temp.js';
import { sharedVaults } from '../support/vault-service.js';

const DOCKERFILE = exampleText('container/Dockerfile');
const MANIFEST = parse(exampleText('container/cronjob.yaml')) as ICronJob;
const JOB = MANIFEST.spec?.jobTemplate.spec;
const POD = JOB?.template.spec;
const CONTAINER = POD?.containers[0];
const UID = 10_001;

/** Returns the arguments of an instruction, of which there is one. */
function instruction(name: string): string {
  const joined = DOCKERFILE.replaceAll(/\\\n */g, ' ');
  const [value, ...others] = joined.split('\n').filter((line) => line.startsWith(`${name} `));
  assert.ok(value !== undefined && others.length === 0, name);
  return value.slice(name.length + 1);
}

describe('The Dockerfile', () => {
  test('has no fault, and starts calve itself as a user without privileges', () => {
    assert.deepEqual(validate(DOCKERFILE), []);
    assert.notDeepEqual(validate(DOCKERFILE.replace(/^RUN /m, 'RUNS ')), [], 'a fault is found');
    assert.equal(instruction('USER'), `${UID}:${UID}`);
    // In this form no shell stands between the signal and calve.
    assert.deepEqual(JSON.parse(instruction('ENTRYPOINT')), ['calve']);
    const copied = DOCKERFILE.replace(/^# (COPY calve-.*)\n# (RUN npm .*)\nRUN npm .*$/m, '$1\n$2');
    assert.match(
      copied,
      /^RUN npm install --global \/tmp\/calve-\*\.tgz && /m,
      "a package of one's own is possible",
    );
    assert.deepEqual(validate(copied), []);
    assert.match(instruction('FROM'), /^node:\d+-slim$/);
    assert.match(
      DOCKERFILE,
      new RegExp(`^RUN install .*--mode=0700 --owner=${UID} --group=${UID} /state$`, 'm'),
    );
  });
});

describe('The manifest for Kubernetes', () => {
  test('is valid by the schema of its API, and has only fields that the API has', (t) => {
    new CronJob(MANIFEST).validate();
    assert.throws(() => new CronJob({ ...MANIFEST, spec: { schedule: 5 } } as never).validate(), /schedule/);
    // The validator accepts unknown fields, and so does Kubernetes, which drops them. The compiler does not.
    assert.equal(compileManifest(tempFolder(t), 'CronJob', MANIFEST), '');
    const misspelled = structuredClone(MANIFEST) as object as typeof MANIFEST;
    Object.assign(misspelled.spec?.jobTemplate.spec?.template.spec ?? {}, { restartPolice: 'Never' });
    assert.match(compileManifest(tempFolder(t), 'CronJob', misspelled), /restartPolice/);
  });

  test('gives the container no more rights than it needs, and the user and folders of the Dockerfile', () => {
    const { securityContext, volumeMounts = [] } = CONTAINER ?? {};
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const { runAsNonRoot, runAsUser, runAsGroup } = POD?.securityContext ?? {};
    assert.deepEqual([runAsNonRoot, runAsUser, runAsGroup], [true, UID, UID]);
    assert.equal(POD?.automountServiceAccountToken, false);
    const mounts = volumeMounts.map(({ mountPath }) => mountPath);
    assert.deepEqual(mounts, ['/state', '/backup', '/tmp']);
    const { CALVE_LOCK_WAIT, ...folders } = imageEnv();
    for (const value of Object.values(folders)) assert.ok(value.startsWith('/state/'), value);
    assert.equal(CALVE_LOCK_WAIT, CONTAINER?.env?.find(({ name }) => name === 'CALVE_LOCK_WAIT')?.value);
    assert.equal(MANIFEST.spec?.concurrencyPolicy, 'Forbid');
  });

  test('starts another pod after the exit numbers that the next run can change, and after no other', () => {
    const rule = JOB?.podFailurePolicy?.rules.find(({ action }) => action === 'FailJob')?.onExitCodes;
    assert.deepEqual([rule?.containerName, rule?.operator], [CONTAINER?.name, 'In']);
    const codes = EXIT_ROWS.map(({ code }) => code).filter((code) => code !== 0);
    const again = codes.filter((code) => !rule?.values.includes(code));
    assert.deepEqual(again, [3, 11, 129, 130, 143]);
  });
});

/** Returns the variables that the image sets. */
function imageEnv(): Record<string, string> {
  const words = instruction('ENV').split(/ +/);
  return Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
}

/** A folder that another user may enter, with one for the state in it. The tests' own folder is closed to other users. */
function openFolder(t: TestContext): { readonly folder: string; readonly state: string } {
  const folder = tempFolder(t, '/tmp');
  chmodSync(folder, 0o755);
  const state = join(folder, 'state');
  mkdirSync(state, { mode: 0o700 });
  return { folder, state };
}

describe('In a container', () => {
  const service = sharedVaults();

  test('calve is process 1 of an unknown user with read-only files, stops at SIGTERM, and the next pod continues', async (t) => {
    if (process.geteuid?.() !== 0)
      return t.skip('only the superuser can make namespaces and become another user');
    const home = await service.home(t);
    const { folder, state } = openFolder(t);
    // As `fsGroup` leaves a volume: it belongs to root, and its group may write.
    chownSync(state, 0, UID);
    chmodSync(state, 0o2775);
    const missing = missingContainer(folder, UID);
    if (missing !== false) return t.skip(missing);
    copyFileSync(home.file('weekly.tar', 3 * 1024 * 1024), join(folder, 'weekly.tar'));

    const here = (value: string): string => value.replace(/^\/state/, state).replace(/^\/backup/, folder);
    const own = (CONTAINER?.env ?? []).map(({ name, value = '' }) => [name, value]);
    const image = Object.entries(imageEnv()).map(([name, value]) => [name, here(value)]);
    const { HOME: _, TMPDIR: __, XDG_STATE_HOME: ___, ...plain } = home.env;
    // Containers have this home folder for a user without a name.
    const env = { ...plain, HOME: '/', ...Object.fromEntries([...image, ...own]) };
    const words = (CONTAINER?.args ?? []).map((word) => here(word).replace('glacier://photos', home.target));
    let parts = 0;
    home.hook({
      before: (passing) => {
        if (!isPart(passing) || ++parts <= 1) return 'pass';
        first.stop();
        return 'hold';
      },
    });
    const oneLane = [...words, '--part-size=1M', '--concurrency=1'];
    const first = startInContainer(oneLane, { folder, uid: UID, env });
    const stopped = await first.ended;
    assert.equal(stopped.code, 143, stopped.stderr);
    home.hook({});
    letGroupWrite(state);
    const before = home.passed().filter(isPart).length;
    const second = await startInContainer(words, { folder, uid: UID, env }).ended;
    assert.equal(second.code, 0, second.stderr);
    const sent = home.passed().filter(isPart).length - before;
    assert.deepEqual([before, sent, (await home.archiveIds()).length], [1, 2, 1]);
  });

  test('the same command continues after a container that was killed, with the variables of the image alone', async (t) => {
    if (process.geteuid?.() !== 0)
      return t.skip('only the superuser can make namespaces and become another user');
    const home = await service.home(t);
    const { folder, state } = openFolder(t);
    chownSync(state, UID, UID);
    const missing = missingContainer(folder, UID);
    if (missing !== false) return t.skip(missing);
    copyFileSync(home.file('weekly.tar', 3 * 1024 * 1024), join(folder, 'weekly.tar'));
    const { HOME: _, TMPDIR: __, XDG_STATE_HOME: ___, ...plain } = home.env;
    const image = Object.entries(imageEnv()).map(([name, value]) => [name, value.replace(/^\/state/, state)]);
    const env = { ...plain, HOME: '/', ...Object.fromEntries(image) };
    const words = ['upload', join(folder, 'weekly.tar'), home.target, '--part-size=1M', '--concurrency=1'];
    let parts = 0;
    home.hook({
      before: (passing) => {
        if (!isPart(passing) || ++parts <= 1) return 'pass';
        first.stop('SIGKILL');
        return 'hold';
      },
    });
    const first = startInContainer(words, { folder, uid: UID, env });
    assert.notEqual((await first.ended).code, 0);
    home.hook({});
    // The next container has another name, and cannot look up the process of this one.
    ageForeignLocks(join(state, 'uploads'), 6000);
    const second = await startInContainer(words, { folder, uid: UID, env }).ended;
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual([home.passed().filter(isPart).length, (await home.archiveIds()).length], [3, 1]);
  });

  test('a stream of large parts needs a folder that is writable, and the hint says which', async (t) => {
    if (process.geteuid?.() !== 0)
      return t.skip('only the superuser can make namespaces and become another user');
    const folder = tempFolder(t, '/tmp');
    chownSync(folder, UID, UID);
    const missing = missingContainer(folder, UID);
    if (missing !== false) return t.skip(missing);
    const env = {
      PATH: process.env['PATH'] ?? '',
      ...{ CALVE_STATE_DIR: join(folder, 's'), CALVE_CATALOGUE: join(folder, 'c') },
      ...{ CALVE_LOCAL_DIR: join(folder, 'v'), TMPDIR: '/usr' },
    };
    const words = ['upload', 'local://v', '--part-size=128M', '--from-command', '--', 'echo', 'hello'];
    const failed = await startInContainer(words, { folder, uid: UID, env }).ended;
    assert.equal(failed.code, 13, failed.stderr);
    assert.match(failed.stderr, /^calve: \/usr: calve cannot keep the large parts of a stream there: EROFS/m);
    assert.match(failed.stderr, /^hint: .* TMPDIR; .*--part-size 64M/m);
    const small = words.map((word) => word.replace('128M', '64M'));
    assert.equal((await startInContainer(small, { folder, uid: UID, env }).ended).code, 0);
  });
});

/** Changes permissions as Kubernetes does when it mounts a volume for an `fsGroup`. */
function letGroupWrite(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chownSync(path, UID, UID);
    chmodSync(path, entry.isDirectory() ? 0o2770 : 0o660);
  }
}
