/** The example for cron: a mail comes if an upload fails, and only then. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { EXIT_ROWS } from '../../src/cli/exit-codes.js';
import { smallDisk } from '../state/small-disk.js';
import { type Ended, endOf } from '../support/calve.js';
import { examplePath, exampleText } from '../support/examples.js';
import { pasteIntoShell, withCalveOnPath } from '../support/shell.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const SCRIPT = examplePath('cron/backup-and-mail.sh');

/** The script itself looks into this folder, and no test may send a mail. */
const HAS_MAILER =
  existsSync('/usr/sbin/sendmail') && 'this machine has a sendmail, which would send the mail';

/** Programs that keep the mails that they get; their folder comes first in PATH. */
function fakeMailer(home: VaultHome, name: 'sendmail' | 'mail'): { readonly mail: () => string | null } {
  const path = join(home.folder, 'mail.txt');
  const bin = join(home.folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const lines = [`#!/bin/sh`, `{ printf '%s|' ${name} "$@"; echo; cat; } >'${path}'`];
  writeFileSync(join(bin, name), `${lines.join('\n')}\n`, { mode: 0o755 });
  return {
    mail() {
      if (!existsSync(path)) return null;
      const text = readFileSync(path, 'utf8');
      rmSync(path);
      return text;
    },
  };
}

function runScript({ folder, env, target }: VaultHome, file: string, more = {}): Promise<Ended> {
  const own = { ...env, CALVE_MAX_ATTEMPTS: '1', MAIL_TO: 'ops@example.com', ...more };
  return pasteIntoShell(`${SCRIPT} ${file} ${target}`, folder, own);
}

function leftInTmp({ env }: VaultHome): string[] {
  return readdirSync(env['TMPDIR'] ?? '').filter((name) => name.startsWith('tmp.'));
}

describe('The script for cron', { concurrency: 2 }, () => {
  const service = sharedVaults();

  async function open(t: TestContext): Promise<VaultHome> {
    const home = await service.home(t);
    home.file('weekly.tar', 3 * 1024 * 1024);
    return home;
  }

  test('prints and mails nothing after an upload that succeeds', async (t) => {
    const home = await open(t);
    const mailer = fakeMailer(home, 'sendmail');
    assert.deepEqual(await runScript(home, 'weekly.tar'), { code: 0, signal: null, stdout: '', stderr: '' });
    assert.equal(mailer.mail(), null);
    assert.equal((await home.archiveIds()).length, 1);
    assert.deepEqual(leftInTmp(home), []);
  });

  test('mails the reason and the number of a run that stopped, and the next run continues without a mail', async (t) => {
    const home = await open(t);
    const mailer = fakeMailer(home, 'sendmail');
    home.hook({ before: ({ method }) => (method === 'PUT' ? { status: 503 } : 'pass') });
    const stopped = await runScript(home, 'weekly.tar');
    assert.deepEqual(stopped, { code: 3, signal: null, stdout: '', stderr: '' });
    const mail = mailer.mail() ?? '';
    const [words, to, subject, empty, line, , failure] = mail.split('\n');
    assert.equal(words, 'sendmail|-t|-oi|');
    assert.equal(to, 'To: ops@example.com');
    assert.match(subject ?? '', /^Subject: calve on \S+ ended with 3: stopped before the end, .* continues$/);
    assert.deepEqual([empty, line], ['', `calve upload weekly.tar ${home.target}`]);
    assert.match(failure ?? '', /^calve: could not send part 0 /);
    assert.match(mail, /^hint: /m);
    home.hook({});
    assert.equal((await runScript(home, 'weekly.tar')).code, 0);
    assert.equal(mailer.mail(), null);
    assert.deepEqual([(await home.archiveIds()).length, leftInTmp(home)], [1, []]);
  });

  test('mails that a file is missing, with 13, by mail where there is no sendmail', {
    skip: HAS_MAILER,
  }, async (t) => {
    const home = await open(t);
    const mailer = fakeMailer(home, 'mail');
    const PATH = withoutMailers(home);
    const ended = await runScript(home, 'missing.tar', { PATH });
    assert.equal(ended.code, 13, ended.stderr);
    const mail = mailer.mail() ?? '';
    assert.match(
      mail,
      /^mail\|-s\|calve on \S+ ended with 13: a local file, .* is the cause\|ops@example.com\|$/m,
    );
    assert.match(mail, /^calve: .*missing\.tar: there is no such file$/m);
  });

  test('prints the message if no mail can be sent, so that cron itself reports it', {
    skip: HAS_MAILER,
  }, async (t) => {
    const home = await open(t);
    const PATH = withoutMailers(home);
    const { code, stdout, stderr } = await runScript(home, 'missing.tar', { PATH });
    assert.deepEqual([code, stdout], [13, '']);
    assert.match(stderr, /^calve on \S+ ended with 13: .* \(and no mail was sent to ops@example\.com\)$/m);
    assert.match(stderr, /^calve: .*missing\.tar: there is no such file$/m);
  });

  test('the lines of the file for cron.d run with the variables of the file and the credentials of the user alone', async (t) => {
    const home = await open(t);
    const rows = exampleText('cron/calve.cron').split('\n');
    const lines = rows
      .filter((line) => /^\d/.test(line))
      .map((line) => line.replace(/^(\S+ +){5}root +/, ''));
    assert.equal(lines.length, 3);
    const assigned = rows
      .filter((line) => /^[A-Z_]+=/.test(line))
      .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]);
    const { AWS_REGION: _, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, ...plain } = home.env;
    const env = { ...plain, ...Object.fromEntries(assigned), PATH: plain['PATH'] ?? '' };
    mkdirSync(join(plain['HOME'] ?? '', '.aws'));
    const credentials = ['[default]', `aws_access_key_id = ${id}`, `aws_secret_access_key = ${secret}`];
    writeFileSync(join(plain['HOME'] ?? '', '.aws/credentials'), `${credentials.join('\n')}\n`);
    const ended: Ended[] = [];
    for (const line of lines) {
      const own = line
        .replaceAll('glacier://photos', home.target)
        .replaceAll('/backup/', `${home.folder}/`)
        .replaceAll('/var/log/', `${home.folder}/`)
        .replace('/usr/local/bin/backup-and-mail.sh', SCRIPT);
      ended.push(await pasteIntoShell(own, home.folder, env));
    }
    const codes = ended.map(({ code }) => code);
    assert.deepEqual(codes, [0, 0, 0], ended.map(({ stderr }) => stderr).join(''));
    assert.match(readFileSync(join(home.folder, 'calve-audit.tsv'), 'utf8'), /^result\t.*\n(ok|newer)\t/);
  });

  test('the line for an own crontab in the README prints nothing if it succeeds, so that cron mails failures alone', async (t) => {
    const home = await open(t);
    const line = /^ {4}(?:[\d*]+ +){5}(calve upload .*)$/m.exec(exampleText('../README.md'))?.[1] ?? '';
    const own = line.replace('glacier://photos', home.target).replace('/backup/', `${home.folder}/`);
    const silent = { code: 0, signal: null, stdout: '', stderr: '' };
    assert.deepEqual(await pasteIntoShell(own, home.folder, home.env), silent);
    assert.deepEqual(await pasteIntoShell(own, home.folder, home.env), silent);
    assert.equal((await home.archiveIds()).length, 1);
    const failed = await pasteIntoShell(own.replace('weekly', 'missing'), home.folder, home.env);
    assert.match(failed.stderr, /^calve: .*missing\.tar: there is no such file$/m);
  });
});

/** The script as cron starts it: the process with this id is its shell, and no other one stands before it. */
interface StartedScript {
  readonly ended: Promise<Ended>;
  /** Sends a signal to the process of the script alone. */
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal to the script, and then to everything that it started, as `timeout` does. */
  killGroup(signal: NodeJS.Signals): void;
}

function startScript(
  { folder, env }: VaultHome,
  words: readonly string[],
  more: Readonly<Record<string, string>> = {},
  input?: Buffer,
): StartedScript {
  const own = { ...withCalveOnPath(folder, env), CALVE_PART_SIZE: '1M', CALVE_CONCURRENCY: '1', ...more };
  const child = spawn(SCRIPT, words, {
    cwd: folder,
    env: own,
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => undefined).end(input);
  const kill: StartedScript['kill'] = (signal) => void process.kill(child.pid ?? 0, signal);
  return {
    ended: endOf(child),
    kill,
    killGroup(signal) {
      kill(signal);
      process.kill(-(child.pid ?? 0), signal);
    },
  };
}

describe('A signal to the script for cron', { concurrency: 2 }, () => {
  const service = sharedVaults();

  /** Calls `act` when the second part is sent. */
  function atSecondPart(home: VaultHome, act: () => 'hold' | 'pass'): void {
    let parts = 0;
    home.hook({ before: ({ method }) => (method === 'PUT' && ++parts === 2 ? act() : 'pass') });
  }

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`${signal} stops calve, the mail has its reason and number, and the next run sends only what is missing`, async (t) => {
      const home = await service.home(t);
      home.file('weekly.tar', 3 * 1024 * 1024);
      const mailer = fakeMailer(home, 'sendmail');
      const script = startScript(home, ['weekly.tar', home.target]);
      atSecondPart(home, () => {
        script.kill(signal);
        return 'hold';
      });
      assert.deepEqual(await script.ended, { code, signal: null, stdout: '', stderr: '' });
      const mail = mailer.mail() ?? '';
      assert.match(mail, new RegExp(`^Subject: .* ended with ${code}: .* the next run continues$`, 'm'));
      assert.match(mail, new RegExp(`^calve: stopped \\(.*\\): ${signal}; `, 'm'));
      home.hook({});
      // A calve that is still running would have the lock: 11.
      assert.equal((await startScript(home, ['weekly.tar', home.target]).ended).code, 0);
      assert.equal(home.passed().filter(({ method }) => method === 'PUT').length, 3);
      assert.deepEqual([mailer.mail(), (await home.archiveIds()).length, leftInTmp(home)], [null, 1, []]);
    });
  }

  test('SIGHUP is passed on to calve, which ignores it without a terminal, and the upload succeeds', async (t) => {
    const home = await service.home(t);
    home.file('weekly.tar', 3 * 1024 * 1024);
    const mailer = fakeMailer(home, 'sendmail');
    const script = startScript(home, ['weekly.tar', home.target]);
    atSecondPart(home, () => {
      script.kill('SIGHUP');
      return 'pass';
    });
    assert.deepEqual(await script.ended, { code: 0, signal: null, stdout: '', stderr: '' });
    assert.deepEqual([mailer.mail(), (await home.archiveIds()).length], [null, 1]);
  });

  test('a signal to all of its processes, as of timeout, counts once: the upload of a stream is aborted', async (t) => {
    const home = await service.home(t);
    const mailer = fakeMailer(home, 'sendmail');
    const script = startScript(home, ['-', home.target], {}, Buffer.alloc(3 * 1024 * 1024, 7));
    atSecondPart(home, () => {
      script.killGroup('SIGTERM');
      return 'hold';
    });
    const { code, stderr } = await script.ended;
    assert.deepEqual([code, stderr], [143, '']);
    assert.match(mailer.mail() ?? '', /^calve: stopped \(.*\): SIGTERM$/m);
    assert.deepEqual(await home.openIds(), []);
  });
});

describe('The mail of the script for cron', { concurrency: 2 }, () => {
  const service = sharedVaults();

  /** Puts a program with the name of another one before it in PATH. @returns that PATH */
  function replaceProgram({ folder, env }: VaultHome, name: string, ...lines: readonly string[]): string {
    const bin = join(folder, 'replaced');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), `${['#!/bin/sh', ...lines].join('\n')}\n`, { mode: 0o755 });
    return `${bin}:${withCalveOnPath(folder, env)['PATH']}`;
  }

  test('says that the reason could not be kept if TMPDIR is full or is not there; a run that succeeds needs no room', async (t) => {
    const TMPDIR = smallDisk(t, 64 * 1024);
    if (TMPDIR === null) return;
    const home = await service.home(t);
    home.file('weekly.tar', 9);
    const mailer = fakeMailer(home, 'sendmail');
    writeFileSync(join(TMPDIR, 'fill'), Buffer.alloc(64 * 1024));
    for (const folder of [TMPDIR, join(home.folder, 'nowhere')]) {
      const { code } = await startScript(home, ['missing.tar', home.target], { TMPDIR: folder }).ended;
      assert.equal(code, 13);
      const mail = mailer.mail() ?? '';
      assert.match(mail, /^Subject: .* ended with 13: a local file, .* is the cause$/m);
      assert.match(mail, /^What calve printed could not be kept: is there room in \/.*\?$/m);
    }
    const done = await startScript(home, ['weekly.tar', home.target], { TMPDIR }).ended;
    assert.deepEqual([done.code, mailer.mail()], [0, null]);
    const left = readdirSync(TMPDIR).filter((name) => name.startsWith('tmp.'));
    assert.deepEqual(left, []);
  });

  test('has a subject with a reason of its own for every exit number, and for a calve that is not found or killed', async (t) => {
    const home = await service.home(t);
    const mailer = fakeMailer(home, 'sendmail');
    const PATH = replaceProgram(home, 'calve', 'exit "$NUMBER"');
    const subjectOf = async (number: number, more = {}): Promise<string> => {
      const { code } = await startScript(home, ['a', home.target], { PATH, NUMBER: `${number}`, ...more })
        .ended;
      assert.equal(code, number);
      return /^Subject: calve on \S+ ended with \d+: (.*)$/m.exec(mailer.mail() ?? '')?.[1] ?? '';
    };
    const codes = [...EXIT_ROWS.map(({ code }) => code).filter((code) => code !== 0), 126, 127, 137];
    const subjects = new Map<number, string>();
    for (const code of codes) subjects.set(code, await subjectOf(code));
    assert.equal(await subjectOf(77), 'see below');
    assert.ok(![...subjects.values()].some((subject) => subject === '' || subject === 'see below'));
    // The three signals of calve have one reason, and so have both numbers of a program that cannot be started.
    assert.equal(new Set(subjects.values()).size, codes.length - 3, [...subjects].join('\n'));
    assert.match(subjects.get(12) ?? '', /credentials .* missing/);
    const few = withoutMailers(home);
    symlinkSync(join(home.folder, 'bin/sendmail'), join(few, 'sendmail'));
    assert.match(await subjectOf(127, { PATH: few }), /not found in PATH/);
    const killed = replaceProgram(home, 'calve', 'kill -KILL $$');
    assert.match(await subjectOf(137, { PATH: killed }), /was killed/);
  });
});

/** Returns a PATH with the few programs that the script needs, because a machine may have programs for mail. */
function withoutMailers({ folder }: VaultHome): string {
  const bin = join(folder, 'few');
  mkdirSync(bin);
  for (const name of ['sh', 'cat', 'mktemp', 'rm', 'uname']) symlinkSync(join('/bin', name), join(bin, name));
  return bin;
}
