/** The example for cron: a mail comes if an upload fails, and only then. */
import assert from 'node:assert/strict';
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
import { describe, type TestContext, test } from 'node:test';
import type { Ended } from '../support/calve.js';
import { examplePath, exampleText } from '../support/examples.js';
import { pasteIntoShell } from '../support/shell.js';
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

  test('the lines of the file for cron.d run as they are', async (t) => {
    const home = await open(t);
    const lines = exampleText('cron/calve.cron')
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => line.replace(/^(\S+ +){5}root +/, ''));
    assert.equal(lines.length, 3);
    const codes: (number | null)[] = [];
    for (const line of lines) {
      const own = line
        .replaceAll('glacier://photos', home.target)
        .replaceAll('/backup/', `${home.folder}/`)
        .replaceAll('/var/log/', `${home.folder}/`)
        .replace('/usr/local/bin/backup-and-mail.sh', SCRIPT);
      codes.push((await pasteIntoShell(own, home.folder, home.env)).code);
    }
    assert.deepEqual(codes, [0, 0, 0], 'the emulator makes an inventory at once');
    assert.match(readFileSync(join(home.folder, 'calve-audit.tsv'), 'utf8'), /^result\t.*\n(ok|newer)\t/);
  });
});

/** Returns a PATH with the few programs that the script needs, because a machine may have programs for mail. */
function withoutMailers({ folder }: VaultHome): string {
  const bin = join(folder, 'few');
  mkdirSync(bin);
  for (const name of ['sh', 'cat', 'mktemp', 'rm', 'uname']) symlinkSync(join('/bin', name), join(bin, name));
  return bin;
}
