/** The table of `examples/README.md` names the statements of the policies that `check` and the commands of a fleet need. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exampleText } from '../support/examples.js';
import { type Home, openHome } from '../support/home.js';
import { bucketNeed, type Need, policyGuard, vaultNeed } from '../support/policies.js';
import { startSmallStore } from '../support/small-store.js';
import { openVault } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
/** The order of the statements in each file. */
const STATEMENTS = {
  vault: ['Upload', 'Abort', 'Audit'],
  s3: ['Upload', 'Resume', 'Abort', 'List'],
} as const;
type Service = keyof typeof STATEMENTS;

/** Returns the statements that the table names for each command, in its order. */
function namedStatements(service: Service): Map<string, readonly string[]> {
  const rows = exampleText('README.md').matchAll(/^\| `((?:check|fleet)[^`]*)` +\| (.*?) +\| (.*?) +\|$/gm);
  const column = service === 'vault' ? 1 : 2;
  return new Map(
    [...rows].map(([, command = '', ...cells]) => [
      command,
      (cells[column - 1] ?? '').split(', ').map((word) => word.replaceAll('`', '')),
    ]),
  );
}

async function open(t: TestContext, service: Service, allows: (need: Need) => boolean): Promise<Home> {
  if (service === 'vault') {
    const home = await openVault(t);
    home.hook({
      before: (passing) =>
        allows(vaultNeed(passing))
          ? 'pass'
          : { status: 403, code: 'AccessDeniedException', message: 'User is not authorized' },
    });
    return home;
  }
  const store = await startSmallStore(t);
  store.refuse = (operation, _, key) =>
    allows(bucketNeed(service, operation, key)) ? null : { status: 403, code: 'AccessDenied' };
  return openHome(t, store.env);
}

for (const service of ['vault', 's3'] as const) {
  test(`${service}: check and the commands of a fleet need the statements that the table names, and no others`, async (t) => {
    const { policy } = policyGuard(service);
    const named = namedStatements(service);
    let allowed: readonly string[] = [];
    const used = new Set<string>();
    const home = await open(t, service, ({ action }) => {
      const index = policy.Statement.findIndex(({ Action }) => Action.includes(action));
      const statement = STATEMENTS[service][index] ?? action;
      if (allowed.includes(statement)) used.add(statement);
      return allowed.includes(statement);
    });
    const run = async (command: string, ...words: readonly string[]): Promise<void> => {
      allowed = named.get(command) ?? [];
      used.clear();
      const { code, stderr } = await home.run([...command.split(' '), ...words]);
      assert.equal(code, 0, `${command}: ${stderr}`);
      assert.deepEqual([...used].sort(), [...allowed].sort(), `${command}: each statement is needed`);
    };
    const sizeBytes = (service === 'vault' ? 1 : 8) * MIB_BYTES;
    const file = home.file('large.tar', sizeBytes + 5);
    const target = service === 'vault' ? 'glacier://photos' : 's3://photos/large.tar';
    const [first, second] = ['first.json', 'second.json'].map((name) => join(home.folder, name)) as [
      string,
      string,
    ];
    const create = (manifest: string) =>
      run('fleet create', file, target, '--shards=1', `--manifest=${manifest}`, `--part-size=${sizeBytes}`);

    await run('check', target.replace('/large.tar', ''));
    await run('check --write', target.replace('/large.tar', ''));
    await create(first);
    await run('fleet send', first, '--shard=0');
    await run('fleet status', first);
    await run('fleet finish', first);
    await create(second);
    await run('fleet abort', second);
    assert.equal(named.size, 7, 'every row was run');
  });
}
