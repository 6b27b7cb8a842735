import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { CommanderError } from 'commander';
import fc from 'fast-check';
import type { Io } from '../../src/cli/io.js';
import { commandName, givenOptions, leafCommands } from '../../src/cli/options/given.js';
import { readGroups } from '../../src/cli/options/group.js';
import { type OutputOptions, outputOptions } from '../../src/cli/options/output.js';
import type { SessionOptions } from '../../src/cli/options/session.js';
import { buildProgram, COMMANDS as DEFINITIONS } from '../../src/cli/program.js';
import { isFailure } from '../../src/core/failures.js';
import { describeFailure, failureText } from '../../src/ui/wording/failures.js';
import { sharedVaults } from '../support/vault-service.js';
import { fuzz, hostileText } from './fuzz.js';

const io = {
  env: {},
  homeDir: '/home/u',
  absolute: (path: string) => resolve('/work', path),
} as unknown as Io;
const wordingEnv = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: false };

const COMMANDS = [
  ...['upload', 'resume', 'list-uploads', 'list-parts', 'abort', 'status', 'archives', 'verify', 'hash'],
  ...['check', 'audit', 'emulator'],
  ...['fleet create', 'fleet send', 'fleet status', 'fleet finish', 'fleet abort'],
];
const FLAGS: readonly string[] = [
  ...new Set(
    leafCommands(buildProgram(io, '0').command).flatMap((each) => each.options.map(({ long }) => long ?? '')),
  ),
];

const numberLike = fc.oneof(
  fc.constantFrom('0', '1', '64', '65', '-1', '1.5', '0x10', '1e3', '١', ' 4', '4 ', '99999999999999999999'),
  fc
    .tuple(fc.nat(), fc.constantFrom('', 'K', 'M', 'GiB', 'MB', 's', 'ms', 'h', 'w', 'µs'))
    .map((each) => each.join('')),
);
const value = fc.oneof(
  hostileText,
  numberLike,
  fc.constantFrom(
    'https://x',
    'http://127.0.0.1:1',
    'http://10.0.0.1',
    'https://u:p@h',
    'file:///etc/passwd',
    'auto',
  ),
  fc.constantFrom('eu-west-1', 'EU', 'a/b', 'verify', 'lenient', 'json', 'glacier://v', 's3://', '--'),
);
const word = fc.oneof(
  value,
  fc.constantFrom(...FLAGS),
  fc.tuple(fc.constantFrom(...FLAGS), value).map(([flag, given]) => `${flag}=${given}`),
);
const commandLine = fc.tuple(fc.constantFrom(...COMMANDS), fc.array(word, { maxLength: 6 }));

/** The options of any command: each has some of the groups. */
type Options = { readonly output: OutputOptions } & Partial<SessionOptions>;

/** Parses as the program does, and reads the options, but runs nothing. */
function read(words: readonly string[]): Options | null {
  const { command: program } = buildProgram(io, '0');
  let options: Options | null = null;
  for (const each of [program, ...program.commands, ...leafCommands(program)]) {
    each.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    const definition = DEFINITIONS.find(({ name }) => name === commandName(each));
    if (definition === undefined) continue;
    each.action(() => {
      options = readGroups(
        { ...definition.groups, output: outputOptions },
        givenOptions(each),
        io,
      ) as Options;
    });
  }
  program.parse(words, { from: 'user' });
  return options;
}

const isPositive = (n: number): boolean => Number.isSafeInteger(n) && n > 0;

function assertServiceInBounds({ service }: Pick<SessionOptions, 'service'>): void {
  const { retry } = service;
  const times = [retry.retryDelayMs, retry.giveUpAfterMs, service.connectTimeoutMs, service.readTimeoutMs];
  for (const time of [...times, retry.maxAttempts]) assert.ok(isPositive(time), String(time));
  assert.match(service.accountId, /^(-|\d{12})$/);
  if (service.region !== null) assert.match(service.region, /^[A-Za-z0-9-]{1,63}$/);
  if (service.endpoint !== null) {
    const { protocol, hostname, username, search } = new URL(service.endpoint);
    assert.ok(protocol === 'https:' || service.allowHttp || /^(127\.|localhost$|\[::1\])/.test(hostname));
    assert.deepEqual([username, search], ['', '']);
  }
}

function assertInBounds({ output, state, catalogue, service, transfer }: Options): void {
  if (transfer !== undefined) {
    assert.ok(transfer.concurrency >= 1 && transfer.concurrency <= 64);
    assert.ok(transfer.lockWaitMs === 0 || isPositive(transfer.lockWaitMs));
  }
  if (service !== undefined) assertServiceInBounds({ service });
  for (const folder of [state, catalogue, service?.localDir]) {
    if (folder !== undefined) assert.match(folder.path(), /^\//);
  }
  assert.equal(typeof output.json, 'boolean');
}

test('Any words are options within their bounds, or a usage error in words that are safe to print', async (t) => {
  await fuzz(t, 3000, commandLine, ([command, words]) => {
    try {
      const options = read([...command.split(' '), ...words]);
      if (options !== null) assertInBounds(options);
    } catch (error) {
      if (error instanceof CommanderError) return; // Put in our words by cli/run.
      assert.ok(isFailure(error, 'usage'), `${JSON.stringify(words)}: ${error}`);
      const text = failureText(describeFailure(error, wordingEnv));
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      assert.ok(text.length < 4000, `${text.length} characters`);
    }
  });
});

describe('The program itself', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('never ends with 1, nor with a stack, whatever the words', async (t) => {
    const home = await service.home(t);
    home.file('f', 9);
    const withoutNul = word.map((each) => each.replaceAll('\0', ''));
    // The emulator would serve for ever, and these would go where the words say.
    const harmless = withoutNul.filter(
      (each) => !/^(--(endpoint-url|profile|state-dir|catalogue|local-dir|debug))/.test(each),
    );
    const commands = fc.constantFrom(...COMMANDS.filter((each) => each !== 'emulator'));
    const lines = fc.tuple(
      commands,
      fc.array(harmless, { maxLength: 5 }),
      fc.constantFrom('f', home.target, '-'),
    );
    await fuzz(t, 12, lines, async ([command, words, last]) => {
      const line = [...command.split(' '), ...words, last];
      const { code, signal, stderr } = await home.run(line, {
        CALVE_MAX_ATTEMPTS: '2',
        CALVE_READ_TIMEOUT: '5s',
      });
      const known = [0, 2, 3, 10, 11, 12, 13, 14, 15, 16];
      assert.ok(
        signal === null && known.includes(code ?? -1),
        `${JSON.stringify(line)}: ${code ?? signal} ${stderr}`,
      );
      assert.doesNotMatch(stderr, /^\s+at .*:\d+/m, stderr);
    });
  });
});
