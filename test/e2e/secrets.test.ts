/** No secret is written down, and nothing of the state is anybody else's to read, whatever the umask. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { CALVE_BIN, type Ended } from '../support/calve.js';
import { isPart } from '../support/requests.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const TOKEN = 'SESSION-TOKEN-THAT-NOBODY-MAY-SEE';
const SECRET = 'secret/key+that/nobody/may/see/anywhere0';

function walk(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => ({
    path: join(entry.parentPath, entry.name),
    isFolder: entry.isDirectory(),
  }));
}

describe('Secrets', { concurrency: 2 }, () => {
  const service = sharedVaults({ accessKeyId: 'AKIDSECRETS', secretAccessKey: SECRET });

  test('are in no file, on no stdout and on no stderr, --debug included, whatever happens', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const token = { AWS_SESSION_TOKEN: TOKEN };
    const runs: Ended[] = [];
    const run = async (words: readonly string[], more = {}): Promise<void> => {
      runs.push(await home.run([...words, '--debug'], { ...token, ...more }));
    };
    await home.leaveUnfinished(file, 1, ['--debug']);
    await run(['status', '--json']);
    await run(['resume', file], { AWS_ACCESS_KEY_ID: 'AKIDOTHER' });
    await run(['resume', file], { AWS_SECRET_ACCESS_KEY: `${SECRET}x` });
    await run(['resume', file, '--max-attempts=2'], { CALVE_READ_TIMEOUT: '1ms' });
    await run(['list-uploads', home.target, '--json']);
    await run(['upload', file, 'glacier://nowhere', '--json']);
    const before = runs.length;
    await run(['resume', file, '--json', '--progress', 'json']);
    assert.equal(runs[before]?.code, 0, runs[before]?.stderr);
    await run(['archives', '--json']);
    const printed = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    const written = walk(home.folder)
      .filter(({ isFolder, path }) => !isFolder && path !== file)
      .map(({ path }) => path + readFileSync(path, 'latin1'));
    assert.ok(written.length >= 1, 'there is a catalogue entry at least');
    for (const secret of [SECRET, encodeURIComponent(SECRET), TOKEN, 'AWS4-HMAC-SHA256', 'Signature=']) {
      assert.ok(!printed.includes(secret), `${secret} was printed`);
      assert.ok(!written.join('\n').includes(secret), `${secret} was written`);
    }
  });

  for (const umask of ['000', '077']) {
    test(`and state are in folders 0700 and files 0600 under umask ${umask}`, async (t) => {
      const home = await service.home(t);
      const file = home.file('f', 3 * MIB_BYTES);
      const run = async (words: readonly string[]): Promise<void> => {
        const line = ['-c', `umask ${umask}; exec "$0" "$@"`, process.execPath, CALVE_BIN, ...words];
        await promisify(execFile)('sh', line, { env: home.env, cwd: home.folder });
      };
      await run(['upload', file, 'local://trial', '--part-size=1M']);
      await run(['upload', file, home.target]);
      // One that ends half-way, so that a journal is there.
      home.hook({ after: (passing) => (isPart(passing) ? 'cut' : 'pass') });
      await assert.rejects(run(['upload', file, home.target, '--fresh', '--max-attempts=1']), { code: 3 });
      const entries = walk(join(home.folder, 'home/.local'));
      for (const extension of ['.json', '.jsonl']) {
        assert.ok(
          entries.some(({ path }) => path.endsWith(extension)),
          extension,
        );
      }
      for (const { path, isFolder } of entries) {
        const mode = statSync(path).mode & 0o777;
        assert.equal(mode.toString(8), isFolder ? '700' : '600', path);
      }
    });
  }
});
