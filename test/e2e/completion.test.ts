/** The completion scripts in real shells, where these are installed: the tests type words into them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { assertFailed } from '../support/failed.js';
import { withCalveOnPath } from '../support/shell.js';
import { missingTerminal } from '../support/terminal.js';
import { missingShell, startTypingShell, type TypingShellName } from '../support/typing-shell.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

/** A folder with a file, a folder and a program to be named. */
function furnish(home: VaultHome): Record<string, string> {
  home.file('weekly backup.tar', 9);
  mkdirSync(join(home.folder, 'weekly-state'));
  const env = withCalveOnPath(home.folder, home.env);
  writeFileSync(join(home.folder, 'bin/dump-of-everything'), '#!/bin/sh\n', { mode: 0o755 });
  return env;
}

/** A stranger's `calve` in front of ours: a state folder with ids that no service should have sent. */
function withHostileIds(home: VaultHome, env: Record<string, string>): void {
  const [ours = ''] = (env['PATH'] ?? '').split(':');
  const script = `#!/bin/sh
if [ "$1" = completion ]; then exec '${ours}/calve' "$@"; fi
printf 'FILE\\tUPLOAD ID\\nf\\t$(touch pwned)\\nf\\t\`touch pwned\`\\nf\\t-plain_id-\\n'
`;
  const folder = join(home.folder, 'hostile');
  mkdirSync(folder);
  writeFileSync(join(folder, 'calve'), script, { mode: 0o755 });
  env['PATH'] = `${folder}:${env['PATH']}`;
}

async function typing(t: TestContext, home: VaultHome, shell: TypingShellName, env: Record<string, string>) {
  const { complete } = await startTypingShell(t, shell, { folder: home.folder, env });
  return async (typed: string): Promise<string> => (await complete(typed)).line;
}

const SHELLS: readonly TypingShellName[] = ['bash', 'zsh'];

describe('Completion', { concurrency: 2 }, () => {
  const service = sharedVaults();

  for (const shell of SHELLS) {
    const skip = missingTerminal() || missingShell(shell);

    test(`${shell} completes commands, options, their values, files and targets`, { skip }, async (t) => {
      const home = await service.home(t);
      const type = await typing(t, home, shell, furnish(home));
      for (const [typed, line] of [
        ['calve upl', 'calve upload '],
        ['calve list-u', 'calve list-uploads '],
        ['calve upload --part', /^calve upload --part-size[ =]$/],
        ['calve upload --part-size 64', 'calve upload --part-size 64M '],
        ['calve upload --part-size=64', 'calve upload --part-size=64M '],
        ['calve upload --progress js', 'calve upload --progress json '],
        ['calve abort --older', /^calve abort --older-than[ =]$/],
        ['calve status --state-dir weekly', 'calve status --state-dir weekly-state/'],
        ['calve upload weekly\\ b', 'calve upload weekly\\ backup.tar '],
        ['calve upload weekly\\ backup.tar gla', 'calve upload weekly\\ backup.tar glacier://'],
        ['calve list-uploads ob', 'calve list-uploads obs://'],
        ['calve list-uploads glacier://ph', 'calve list-uploads glacier://ph'],
        ['calve completion z', 'calve completion zsh '],
      ] as const) {
        const completed = await type(typed);
        if (typeof line === 'string') assert.equal(completed, line);
        else assert.match(completed, line);
      }
    });

    test(`${shell} completes ids of what is unfinished and of what is archived`, { skip }, async (t) => {
      const home = await service.home(t);
      const env = furnish(home);
      const uploadId = await home.leaveUnfinished(home.file('f', 3 * MIB_BYTES), 1);
      const { stdout } = await home.run(['upload', home.file('g', 9), home.target]);
      const type = await typing(t, home, shell, env);
      assert.equal(
        await type(`calve abort ${home.target} --upload-id `),
        `calve abort ${home.target} --upload-id ${uploadId} `,
      );
      assert.equal(await type(`calve resume -- ${uploadId.slice(0, 9)}`), `calve resume -- ${uploadId} `);
      assert.equal(
        await type('calve verify g --archive-id '),
        `calve verify g --archive-id ${stdout.trim()} `,
      );
    });

    test(`${shell} is offered an id that begins with - where it may stand, and none that it could run`, {
      skip,
    }, async (t) => {
      const home = await service.home(t);
      const env = furnish(home);
      withHostileIds(home, env);
      const type = await typing(t, home, shell, env);
      const line = await type('calve abort glacier://v --upload-id ');
      assert.equal(line, 'calve abort glacier://v --upload-id -plain_id- ');
      assert.equal(await type('calve resume '), 'calve resume ');
      assert.equal(await type('calve resume -- -p'), 'calve resume -- -plain_id- ');
      assert.equal(existsSync(join(home.folder, 'pwned')), false);
    });
  }

  test('bash completes the command that is to be run', { skip: missingTerminal() }, async (t) => {
    const home = await service.home(t);
    const type = await typing(t, home, 'bash', furnish(home));
    const line = 'calve upload glacier://v --from-command -- ';
    assert.equal(await type(`${line}dump-of`), `${line}dump-of-everything `);
    assert.equal(await type(`${line}tar weekly\\ b`), `${line}tar weekly\\ backup.tar `);
  });

  test('fish completes commands, options, values, files and ids', {
    skip: missingShell('fish'),
  }, async (t) => {
    const home = await service.home(t);
    const env = furnish(home);
    const uploadId = await home.leaveUnfinished(home.file('f', 3 * MIB_BYTES), 1);
    const complete = (typed: string): string[] => {
      const line = `calve completion fish | source; complete -C '${typed}'`;
      const home_ = { HOME: join(home.folder, 'home'), XDG_CONFIG_HOME: join(home.folder, 'fish') };
      const text = execFileSync('fish', ['--private', '-c', line], {
        cwd: home.folder,
        env: { ...env, ...home_ },
        encoding: 'utf8',
      });
      return text
        .trim()
        .split('\n')
        .map((each) => each.split('\t')[0] ?? '');
    };
    assert.deepEqual(complete('calve upl'), ['upload']);
    assert.deepEqual(complete('calve upload --part-s'), ['--part-size']);
    assert.deepEqual(complete('calve upload --part-size 64'), ['64M']);
    assert.deepEqual(complete('calve upload --part-size=64'), ['--part-size=64M']);
    assert.deepEqual(complete('calve upload weekly'), ['weekly backup.tar', 'weekly-state/']);
    assert.deepEqual(complete('calve list-uploads gla'), ['glacier://']);
    assert.deepEqual(complete('calve status --state-dir week'), ['weekly-state/']);
    assert.ok(complete('calve abort x --upload-id ').includes(uploadId));
  });

  test('a shell that is not known is a usage error, and --json prints the script as an object', async (t) => {
    const home = await service.home(t);
    const line = assertFailed(await home.run(['completion', 'tcsh']), 2);
    assert.equal(line, 'calve: completion tcsh: it is one of bash, zsh, fish');
    const { stdout } = await home.run(['completion', 'fish', '--json']);
    const object = JSON.parse(stdout) as { type: string; shell: string; script: string };
    assert.deepEqual([object.type, object.shell], ['completion', 'fish']);
    assert.match(object.script, /^# fish completion/);
  });
});
