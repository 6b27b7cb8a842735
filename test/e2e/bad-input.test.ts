/** Invalid or missing words on the command line end in exit 2 and are named, and nothing is sent. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

type Row = readonly [words: readonly string[], told: RegExp];

/** Runs each row, a few at a time. */
async function assertUsage(home: VaultHome, rows: readonly Row[]): Promise<void> {
  for (const [words, told] of rows) {
    const ended = await home.run(words);
    assert.match(assertFailed(ended, 2), told, words.join(' '));
    assert.match(ended.stderr, /^hint: /m, words.join(' '));
  }
  assert.equal(home.passed().length, 0, 'nothing was sent');
  assert.equal(existsSync(join(home.folder, 'home/.local')), false, 'no folder was made');
}

describe('Bad input on the command line exits 2 and is named', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('part sizes', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const size = (given: string, why: RegExp): Row => [
      ['upload', file, home.target, `--part-size=${given}`],
      new RegExp(`^calve: --part-size${given === '' ? '' : ` ${given}`}: ${why.source}`),
    ];
    await assertUsage(home, [
      ...['', '0', '3MB', '1.5G', '-1'].map((given) => size(given, /a size is an integer/)),
      ...['3M', '8G', '512K'].map((given) => size(given, /a part is a power of two from 1 MiB/)),
    ]);
  });

  test('numbers and times', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const upload = (option: string, told: RegExp): Row => [
      ['upload', file, home.target, ...option.split(' ')],
      told,
    ];
    await assertUsage(home, [
      upload('--concurrency 0', /^calve: --concurrency 0: it takes a whole number from 1 to 64$/),
      upload('--concurrency 65', /^calve: --concurrency 65: /),
      upload('--max-attempts 0', /^calve: --max-attempts 0: /),
      upload('--retry-delay 5', /^calve: --retry-delay 5: a time is an integer and a unit/),
      upload('--read-timeout 1y', /^calve: --read-timeout 1y: /),
      upload('--lock-wait soon', /^calve: --lock-wait soon: /),
      upload('--progress loud', /^calve: --progress loud: it is one of auto, bar, plain, json, none$/),
    ]);
  });

  test('targets and words', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    await assertUsage(home, [
      [
        ['upload', file, 'gs://bucket/key'],
        /^calve: target gs:\/\/bucket\/key: gs:\/\/ is not the scheme of a target/,
      ],
      [['upload', file, 'glacier://'], /^calve: target glacier:\/\/: a vault name is 1 to 255/],
      [['upload', file, 'glacier://a b'], /^calve: target glacier:\/\/a b: /],
      [['upload', file, `glacier://${'v'.repeat(256)}`], /a vault name is 1 to 255/],
      [['upload', file, 'glacier://photos/2026'], /a vault identifies archives by id, not by path/],
      [['upload', file, home.target, 'local://other'], /a run has one target; glacier:\S+ is a second one/],
      [['upload', file], /the last word must be the target; \S+ is not a target/],
      [['upload', home.target], /no file is named/],
      [['upload', '-', '-', home.target], /standard input can be sent only once/],
      [['upload'], /^calve: upload: missing required argument/],
      [['upload', file, home.target, '--bogus'], /^calve: upload: unknown option '--bogus'/],
      [['status', 'stray'], /^calve: status: too many arguments/],
      [['uplaod', file, home.target], /^calve: command line: unknown command 'uplaod'.*Did you mean upload/],
      [['--upload-id'], /^calve: command line: unknown option/],
      [['list-parts', home.target], /^calve: list-parts: required option '--upload-id <id>' not specified/],
      [['list-parts', home.target, '--upload-id'], /argument missing/],
      [['list-parts', home.target, '--upload-id='], /^calve: --upload-id/],
      [['resume', file, home.target, '--upload-id='], /^calve: --upload-id/],
      [['verify'], /missing required argument/],
      [['hash'], /missing required argument/],
    ]);
  });

  test('folders, lists and patterns', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const upload = (words: string, told: RegExp): Row => [['upload', ...words.split(' ')], told];
    const list = `--files-from ${file}`;
    await assertUsage(home, [
      upload(`--recursive . s3://bucket/x`, /all files would overwrite each other under one key$/),
      upload(`--recursive - ${home.target}`, /^calve: upload: standard input is no folder$/),
      upload(`--recursive . ./ ${home.target}`, /^calve: upload: \.\/ is named twice$/),
      upload(`--recursive ${home.target}`, /no file is named$/),
      upload(`${home.target} --recursive --from-command -- ls`, /^calve: --recursive: a command prints one/),
      upload(
        `${file} ${list} ${home.target}`,
        /the list of --files-from names the files, and \S+ is one more$/,
      ),
      upload(`--files-from= ${home.target}`, /^calve: --files-from: it names no list$/),
      upload(`-0 ${file} ${home.target}`, /^calve: --null: it says how a list is written$/),
      upload(`${file} ${home.target} --exclude x`, /^calve: --exclude: it does nothing for files/),
      upload(`${file} ${home.target} --one-file-system`, /^calve: --one-file-system: it does nothing/),
      upload(
        `--recursive . --include [a ${home.target}`,
        /^calve: --include \[a: a \[ in the pattern has no \]/,
      ),
      upload(
        `--recursive . --description x ${home.target}`,
        /^calve: --description( x)?: all archives would/,
      ),
    ]);
  });

  test('misspelt commands and names of other tools, also with --help: each hint names what exists', async (t) => {
    const home = await service.home(t);
    const rows: readonly (readonly [words: readonly string[], hint: RegExp])[] = [
      [['uplaod', '--help'], /^hint: see calve --help$/m],
      [['doctor', '-h'], /^hint: what a run needs is checked by: calve check TARGET$/m],
      [['help', 'uplaod'], /^hint: see calve --help$/m],
      [['cp', 'f', home.target], /^hint: files are sent with: calve upload FILE\.\.\. TARGET$/m],
      [['ls'], /^hint: calve list-uploads TARGET .* calve status .* calve archives /m],
      [['rm', home.target], /^hint: calve abort TARGET --upload-id ID .*; calve deletes no archives$/m],
      [['-q', 'upload', 'f', home.target], /^hint: .*, for example: calve upload --quiet$/m],
      [['upload', 'f', home.target, '-n'], /^hint: .*: --dry-run$/m],
      [['-v'], /^hint: .*: --debug$/m],
      [
        ['-x', 'status'],
        /^hint: options come after the command; calve status --help-all lists its options$/m,
      ],
    ];
    for (const [words, hint] of rows) {
      const ended = await home.run(words);
      assert.match(assertFailed(ended, 2), /^calve: [\w -]+: unknown (command|option) '/, words.join(' '));
      assert.match(ended.stderr, hint, words.join(' '));
    }
    const suggested = await home.run(['uplaod', '--help']);
    assert.match(assertFailed(suggested, 2), /unknown command 'uplaod' \(Did you mean upload\?\)$/);
    assert.match((await home.run(['help', 'upload'])).stdout, /^Usage: calve upload /);
  });

  test('storage classes that are known names, but for case and separators', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const upload = (given: string, meant: string): Row => [
      ['upload', file, 's3://bucket/f', '--storage-class', given, '--dry-run'],
      new RegExp(`^calve: --storage-class ${given}: the name of this class is ${meant}$`),
    ];
    await assertUsage(home, [upload('DEEPARCHIVE', 'DEEP_ARCHIVE'), upload('glacier-ir', 'GLACIER_IR')]);
    const own = ['upload', file, 's3://bucket/f', '--storage-class', 'FAST_DISKS', '--dry-run'];
    assert.equal((await home.run(own)).code, 0, 'a store may have classes of its own');
  });

  test('descriptions that a vault does not take', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const upload = (text: string, told: RegExp): Row => [
      ['upload', file, home.target, '--description', text],
      told,
    ];
    await assertUsage(home, [
      upload('Grüße', /^calve: --description: a vault accepts only printable ASCII/),
      upload('two\nlines', /^calve: --description: a vault accepts only printable ASCII/),
      upload(
        'x'.repeat(1025),
        /^calve: --description: it has 1025 characters, and a vault accepts at most 1024$/,
      ),
    ]);
  });

  test('regions, endpoints, accounts and folders', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const upload = (option: string, told: RegExp): Row => [['upload', file, home.target, option], told];
    await assertUsage(home, [
      [
        ['upload', file, 'obs://photos/a', '--region=EU-West-1'],
        /^calve: region EU-West-1: .* lower-case letters$/,
      ],
      upload('--region=evil.example/', /^calve: --region evil\.example\/: /),
      upload('--region=', /^calve: --region: /),
      upload('--endpoint-url=nonsense', /^calve: --endpoint-url nonsense: it is not a URL$/),
      upload('--endpoint-url=ftp://127.0.0.1', /its scheme is ftp:/),
      upload(
        '--endpoint-url=http://203.0.113.7:80',
        /plain http would send your archive over the network unencrypted/,
      ),
      upload('--endpoint-url=https://203.0.113.7/?x=1', /an endpoint cannot have a query/),
      upload('--account-id=12345', /^calve: --account-id 12345: an account number is 12 digits, or -$/),
      upload('--state-dir=', /^calve: --state-dir: it names no folder$/),
      upload('--catalogue=', /^calve: --catalogue: it names no folder$/),
      upload('--local-dir=', /^calve: --local-dir: it names no folder$/),
    ]);
    const secret = await home.run(['upload', file, home.target, '--endpoint-url=https://user:hunter2@host']);
    assert.match(assertFailed(secret, 2), /^calve: --endpoint-url: credentials belong in the environment/);
    assert.doesNotMatch(secret.stderr, /hunter2/);
  });

  test('options of the service that the target does not use, so that none is dropped in silence', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    await assertUsage(home, [
      [
        ['list-uploads', home.target, '--request-header=a=b'],
        /^calve: --request-header: it is for objects only/,
      ],
      [
        ['upload', file, home.target, '--local-dir=x'],
        /^calve: --local-dir: it is for local:\/\/ vaults only$/,
      ],
      [
        ['upload', file, 's3://photos/a', '--account-id=111122223333'],
        /^calve: --account-id: it is for vaults only/,
      ],
      [['upload', file, 'local://v', '--region=eu-west-1'], /^calve: --region: it is for services, /],
      [
        ['upload', file, 'local://v', '--region=eu-west-1', '--dry-run'],
        /^calve: --region: it is for services, /,
      ],
      [
        ['upload', file, 's3://photos/k', '--request-header=host=a', '--dry-run'],
        /^calve: --request-header host: /,
      ],
    ]);
  });

  test('CALVE_ variables, by their own names', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const wrong: Record<string, string> = {
      CALVE_PART_SIZE: '3MB',
      CALVE_CONCURRENCY: 'many',
      CALVE_RETRY_DELAY: '10',
      CALVE_MAX_ATTEMPTS: '0',
      CALVE_LOCK_WAIT: '1 h',
      CALVE_PROGRESS: 'loud',
      CALVE_REGION: 'EU_1',
      CALVE_ENDPOINT_URL: 'nonsense',
      CALVE_ACCOUNT_ID: '1',
    };
    for (const [name, value] of Object.entries(wrong)) {
      const ended = await home.run(['upload', file, home.target], { [name]: value });
      assert.ok(assertFailed(ended, 2).startsWith(`calve: ${name}=${value}: `), ended.stderr);
    }
    const described = await home.run(['upload', file, home.target], { CALVE_DESCRIPTION: 'Grüße' });
    assert.match(
      assertFailed(described, 2),
      /^calve: CALVE_DESCRIPTION: a vault accepts only printable ASCII/,
    );
    const folder = await home.run(['status'], { CALVE_STATE_DIR: '' });
    assert.match(assertFailed(folder, 2), /^calve: CALVE_STATE_DIR: it names no folder$/);
    assert.equal(home.passed().length, 0);
  });

  test('a flag wins over its variable, which is then not looked at', async (t) => {
    const home = await service.home(t);
    const words = ['upload', home.file('f', 9), home.target, '--part-size', '1M', '--dry-run'];
    const { code, stderr } = await home.run(words, { CALVE_PART_SIZE: 'nonsense' });
    assert.equal(code, 0, stderr);
  });

  test('no region anywhere: with the ways to give one', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['upload', home.file('f', 9), home.target], { AWS_REGION: '' });
    assert.match(assertFailed(ended, 2), /: no region is named$/);
    assert.match(ended.stderr, /^hint: set --region, AWS_REGION, or a region in your AWS profile$/m);
    assert.equal(home.passed().length, 0);
  });

  test('usage errors are objects where --json or CALVE_JSON asks for them', async (t) => {
    const home = await service.home(t);
    const lines: (readonly string[])[] = [
      ['upload', home.file('f', 9), home.target, '--part-size=3M'],
      ['upload', '--bogus'],
      ['abort', home.target],
    ];
    for (const words of lines) {
      const asked = assertFailedJson(await home.run([...words, '--json']), 2);
      const variable = assertFailedJson(await home.run(words, { CALVE_JSON: '1' }), 2);
      assert.deepEqual(variable, asked);
      assert.deepEqual([asked['kind'], asked['resumable']], ['usage', false]);
    }
    assertFailed(await home.run(['upload', '--bogus'], { CALVE_JSON: '0' }), 2);
  });

  test('calve alone shows its help on stderr, and says what is missing where a program listens', async (t) => {
    const home = await service.home(t);
    const plain = await home.run([]);
    assert.deepEqual([plain.code, plain.stdout], [2, '']);
    assert.match(plain.stderr, /^Usage: calve /);
    const json = await home.run([], { CALVE_JSON: '1' });
    assert.equal(json.code, 2);
    assert.match(
      json.stdout,
      /^{"type":"error","kind":"usage","exitCode":2,"message":"command line: no command/,
    );
  });

  test('--debug shows the stack of a failure, and nothing else does', async (t) => {
    const home = await service.home(t);
    const words = ['upload', 'missing', home.target];
    assertWords((await home.run(words)).stderr);
    assert.match((await home.run([...words, '--debug'])).stderr, /^\s+at .*\.js:\d+/m);
  });
});
