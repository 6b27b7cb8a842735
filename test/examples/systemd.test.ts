/** The unit and the timer for systemd are valid, and their settings fit what calve does. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { EXIT_ROWS } from '../../src/cli/exit-codes.js';
import { CALVE_BIN, type Ended } from '../support/calve.js';
import { exampleText } from '../support/examples.js';
import { assertFailed } from '../support/failed.js';
import { missingPrograms } from '../support/programs.js';
import { pasteIntoShell } from '../support/shell.js';
import { tempFolder } from '../support/temp.js';
import { sharedVaults } from '../support/vault-service.js';

const SERVICE = exampleText('systemd/calve-backup.service');
const UID = 54_321;
const NO_SYSTEMD = missingPrograms(['systemd-analyze'], 'systemd');

/** Returns the values of a setting of the unit, in their order. */
function settings(name: string): string[] {
  return SERVICE.split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

function setting(name: string): string {
  const [value, ...others] = settings(name);
  assert.ok(value !== undefined && others.length === 0, name);
  return value;
}

/** Runs systemd-analyze. @returns its output; it must end with 0 */
function analyze(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
  assert.equal(status, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  return stdout + stderr;
}

describe('The unit for systemd', () => {
  const service = sharedVaults();

  test('is accepted by systemd-analyze without a remark, and is well protected', {
    skip: NO_SYSTEMD,
  }, (t) => {
    const folder = tempFolder(t);
    const unit = join(folder, 'calve-backup.service');
    // systemd looks for the program.
    writeFileSync(unit, SERVICE.replace('/usr/local/bin/calve ', `${CALVE_BIN} `));
    const timer = join(folder, 'calve-backup.timer');
    writeFileSync(timer, exampleText('systemd/calve-backup.timer'));
    assert.equal(analyze('verify', unit, timer), '');
    // The number is an exposure from 0 to 100; a unit without settings has 96.
    analyze('security', '--offline=yes', '--threshold=20', unit);
    const broken = join(folder, 'broken.service');
    writeFileSync(broken, SERVICE.replace('Restart=on-failure', 'Restart=always'));
    assert.notEqual(spawnSync('systemd-analyze', ['verify', broken]).status, 0, 'a fault is found');
  });

  test('says how to find the path of calve, as the files for cron do', () => {
    assert.match(setting('ExecStart'), /^\/usr\/local\/bin\/calve /);
    const texts = [
      SERVICE,
      ...['backup-and-mail.sh', 'calve.cron'].map((name) => exampleText(`cron/${name}`)),
    ];
    for (const text of texts) assert.match(text, /^# .*`command -v calve/m);
  });

  test('starts again after the exit numbers that the next run can change, and after no other', () => {
    const prevented = setting('RestartPreventExitStatus').split(' ').map(Number);
    const success = [0, ...setting('SuccessExitStatus').split(' ').map(Number)];
    const codes = EXIT_ROWS.map(({ code }) => code);
    const again = codes.filter((code) => !prevented.includes(code) && !success.includes(code));
    // systemd sends SIGTERM alone; somebody else may send the other two.
    assert.deepEqual(again, [3, 129, 130]);
  });

  test('keeps its state in its own folder, stops at SIGTERM, and continues at the next start', async (t) => {
    const home = await service.home(t);
    home.file('weekly.tar', 3 * 1024 * 1024);
    const inUnit = (value: string): string =>
      value.replaceAll('%S', home.folder).replaceAll('%d', join(home.folder, 'credentials'));
    const assigned = settings('Environment')
      .flatMap((value) => value.split(' '))
      .map((word) => inUnit(word).split(/=(.*)/s).slice(0, 2) as [string, string]);
    // Users that systemd makes have no home folder.
    const { HOME: _, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, ...plain } = home.env;
    const env = { ...plain, ...Object.fromEntries(assigned) };
    assert.equal(env['AWS_REGION'], 'eu-west-1');
    const credentials = ['[default]', `aws_access_key_id = ${id}`, `aws_secret_access_key = ${secret}`];
    execFileSync('install', [
      '-d',
      '-m',
      '0700',
      join(home.folder, 'calve'),
      join(home.folder, 'credentials'),
    ]);
    writeFileSync(env['AWS_SHARED_CREDENTIALS_FILE'] ?? '', `${credentials.join('\n')}\n`);
    const line = setting('ExecStart')
      .replace('/usr/local/bin/calve', 'exec calve')
      .replace('/backup/', `${home.folder}/`)
      .replace('glacier://photos', home.target);
    let parts = 0;
    home.hook({
      before: ({ method }) => {
        if (method !== 'PUT' || ++parts <= 1) return 'pass';
        signalCalve(home.folder);
        return 'hold';
      },
    });
    const oneLane = `${line} --part-size=1M --concurrency=1`;
    const stopped = await pasteIntoShell(`echo $$ >pid; ${oneLane}`, home.folder, env);
    assert.ok(setting('SuccessExitStatus').split(' ').includes(String(stopped.code)), stopped.stderr);
    home.hook({});
    const [uploadId] = await home.openIds();
    const next = await pasteIntoShell(line, home.folder, env);
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual([(await home.archiveIds()).length, await home.openIds()], [1, []]);
    assert.ok(home.passed().some(({ method, path }) => method === 'GET' && path.includes(uploadId ?? '?')));
    for (const name of ['uploads', 'archives']) assert.ok(existsSync(join(home.folder, 'calve', name)), name);
  });

  test('can read every file with the capability that it gives, and with no other', async (t) => {
    if (process.geteuid?.() !== 0) return t.skip('only the superuser can give capabilities');
    assert.deepEqual(settings('AmbientCapabilities'), settings('CapabilityBoundingSet'));
    const capability = setting('AmbientCapabilities').replace('CAP_', '').toLowerCase();
    // The tests' own folder is closed to other users.
    const folder = tempFolder(t, '/tmp');
    const home = await service.home(t);
    writeFileSync(join(folder, 'weekly.tar'), 'of root', { mode: 0o600 });
    mkdirSync(join(folder, 'state'));
    chownSync(join(folder, 'state'), UID, UID);
    chmodSync(folder, 0o711);
    const run = (caps: string): Promise<Ended> => {
      const set = ['inh-caps', 'ambient-caps', 'bounding-set']
        .map((name) => `--${name}=-all${caps}`)
        .join(' ');
      const user = `setpriv --reuid ${UID} --regid ${UID} --clear-groups --no-new-privs ${set}`;
      const words = `${process.execPath} ${CALVE_BIN} upload ${folder}/weekly.tar ${home.target}`;
      const folders = `--state-dir ${folder}/state/uploads --catalogue ${folder}/state/archives`;
      return pasteIntoShell(`cd / && exec ${user} ${words} ${folders}`, home.folder, home.env);
    };
    const denied = await run('');
    if (denied.code === 1) return t.skip('another user cannot read this program');
    assert.match(assertFailed(denied, 13), /weekly\.tar: the file cannot be read: EACCES/);
    const allowed = await run(`,+${capability}`);
    assert.equal(allowed.code, 0, allowed.stderr);
  });

  test('permits every system call that an upload makes', {
    skip: NO_SYSTEMD || missingPrograms(['strace'], 'strace'),
  }, async (t) => {
    const home = await service.home(t);
    home.file('weekly.tar', 3 * 1024 * 1024);
    const log = join(home.folder, 'calls');
    const line = `strace -f -qq -e signal=none -e abbrev=all -o ${log} calve upload weekly.tar ${home.target}`;
    const { code, stderr } = await pasteIntoShell(line, home.folder, home.env);
    assert.equal(code, 0, stderr);
    const calls = new Set(readFileSync(log, 'utf8').match(/(?<=^\d+ +)[a-z_0-9]+(?=\()/gm) ?? []);
    assert.ok(calls.has('openat') && calls.size > 30, `${calls.size} calls`);
    const allowed = new Set<string>();
    for (const filter of settings('SystemCallFilter')) {
      const names = filter.replace('~', '').split(' ').flatMap(callsOf);
      for (const name of names) {
        if (filter.startsWith('~')) allowed.delete(name);
        else allowed.add(name);
      }
    }
    assert.deepEqual(
      [...calls].filter((name) => !allowed.has(name)),
      [],
    );
  });
});

/** Sends SIGTERM to the process that a shell became. */
function signalCalve(folder: string): void {
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM');
}

/** Returns the system calls of a group such as `@system-service`, and of the groups in it. */
function callsOf(name: string): string[] {
  if (!name.startsWith('@')) return [name];
  return analyze('syscall-filter', '--no-pager', name)
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap(callsOf);
}
