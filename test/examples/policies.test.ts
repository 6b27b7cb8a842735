/** The policies in `examples/iam` allow what calve calls, and nothing else; a refusal names the action that is missing. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Ended } from '../support/calve.js';
import { assertWords } from '../support/failed.js';
import { type Home, openHome } from '../support/home.js';
import { bucketNeed, type PolicyGuard, policyGuard, vaultNeed } from '../support/policies.js';
import { startSmallStore } from '../support/small-store.js';
import { openVault } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

/** A service that applies a policy to the requests of one home. */
interface Guarded {
  readonly home: Home;
  readonly guard: PolicyGuard;
  /** The vault or the bucket. */
  readonly target: string;
  readonly partSizeBytes: number;
  /** Returns the id of the only upload in progress. */
  openId(): Promise<string>;
}

async function guardedVault(t: TestContext): Promise<Guarded> {
  const home = await openVault(t);
  const guard = policyGuard('vault');
  home.hook({
    before: (passing) => {
      const need = vaultNeed(passing);
      if (guard.allows(need)) return 'pass';
      return { status: 403, code: 'AccessDeniedException', message: 'User is not authorized' };
    },
  });
  const openId = async (): Promise<string> => (await home.openIds())[0] ?? '';
  return { home, guard, target: home.target, partSizeBytes: MIB_BYTES, openId };
}

function guardedBucket(scheme: 's3' | 'obs') {
  return async (t: TestContext): Promise<Guarded> => {
    const store = await startSmallStore(t);
    const home = openHome(t, store.env);
    const guard = policyGuard(scheme);
    store.refuse = (operation, _, key) =>
      guard.allows(bucketNeed(scheme, operation, key)) ? null : { status: 403, code: 'AccessDenied' };
    const openId = async (): Promise<string> => [...store.uploads.keys()][0] ?? '';
    return { home, guard, target: `${scheme}://photos`, partSizeBytes: 8 * MIB_BYTES, openId };
  };
}

/** The actions of one service; `parts` is the action whose refusal leaves an unfinished upload. */
interface Actions {
  readonly parts: string;
  readonly listParts: string;
  readonly listUploads: string;
  readonly abort: string;
  readonly audit: string;
  /** An action without which an upload still succeeds, with a note that names it. */
  readonly noted: string;
}

const VAULT: Actions = {
  parts: 'glacier:UploadMultipartPart',
  listParts: 'glacier:ListParts',
  listUploads: 'glacier:ListMultipartUploads',
  abort: 'glacier:AbortMultipartUpload',
  audit: 'glacier:GetJobOutput',
  noted: 'glacier:DescribeVault',
};
const S3: Actions = {
  parts: 's3:PutObject',
  listParts: 's3:ListMultipartUploadParts',
  listUploads: 's3:ListBucketMultipartUploads',
  abort: 's3:AbortMultipartUpload',
  audit: 's3:ListBucket',
  noted: 's3:GetObject',
};
const OBS: Actions = {
  parts: 'obs:object:PutObject',
  listParts: 'obs:object:ListMultipartUploadParts',
  listUploads: 'obs:bucket:ListBucketMultipartUploads',
  abort: 'obs:object:AbortMultipartUpload',
  audit: 'obs:bucket:ListBucket',
  noted: 'obs:object:GetObject',
};

const SERVICES = [
  ['vault', guardedVault, VAULT],
  ['S3', guardedBucket('s3'), S3],
  ['OBS', guardedBucket('obs'), OBS],
] as const;

/** Runs a line that is refused without one action, and then succeeds with the whole policy. */
async function refusedThenAllowed(
  { home, guard }: Guarded,
  action: string,
  words: readonly string[],
): Promise<Ended> {
  guard.without = action;
  const refused = await home.run(words);
  guard.without = null;
  assert.equal(refused.code, 12, `${words.join(' ')}: ${refused.stderr}`);
  assertWords(refused.stderr);
  assert.match(refused.stderr, new RegExp(`^hint: .*\\(${action}\\)`, 'm'));
  const allowed = await home.run(words);
  assert.equal(allowed.code, 0, `${words.join(' ')}: ${allowed.stderr}`);
  return allowed;
}

for (const [name, open, actions] of SERVICES) {
  describe(`The policy of the example for ${name}`, () => {
    test('allows every command and no more than they call, and a refusal names the missing action', async (t) => {
      const guarded = await open(t);
      const { home, guard, target, partSizeBytes, openId } = guarded;
      const to = target.startsWith('glacier:') ? target : `${target}/2026/`;
      const file = home.file('large.tar', partSizeBytes + 5);
      const upload = ['upload', file, to, `--part-size=${partSizeBytes}`];
      const run = async (...words: readonly string[]): Promise<Ended> => {
        const ended = await home.run(words);
        assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
        return ended;
      };
      await refuseSecondPart(guarded, actions.parts, upload);
      await refusedThenAllowed(guarded, actions.listUploads, ['list-uploads', target]);
      const urlOf = (key: string): string => (target.startsWith('glacier:') ? target : `${to}${key}`);
      const ofUpload = async (command: string, key: string): Promise<string[]> => [
        command,
        urlOf(key),
        `--upload-id=${await openId()}`,
      ];
      await refusedThenAllowed(guarded, actions.listParts, await ofUpload('list-parts', 'large.tar'));
      await run('resume', file);

      guard.without = actions.noted;
      const noted = await home.run(['upload', file, to]);
      guard.without = null;
      assert.equal(noted.code, 0, noted.stderr);
      assert.match(noted.stderr, new RegExp(`^note: .*\\(${actions.noted}\\)`, 'm'));
      await run('upload', file, to);

      await refuseSecondPart(guarded, actions.parts, [
        'upload',
        home.file('other.tar', partSizeBytes + 5),
        to,
        upload[3] ?? '',
      ]);
      await refusedThenAllowed(guarded, actions.abort, await ofUpload('abort', 'other.tar'));
      await refusedThenAllowed(guarded, actions.audit, ['audit', target]);
      await run('check', target, '--write');

      // The first statement is enough to send a file.
      guard.statements = 1;
      await run('upload', home.file('small.txt', 9), to);
      guard.statements = Number.POSITIVE_INFINITY;

      const allowed = guard.policy.Statement.flatMap(({ Action }) => Action);
      assert.deepEqual([...guard.used].sort(), [...new Set(allowed)].sort());
      assert.equal(new Set(allowed).size, allowed.length, 'no action is allowed twice');
      assert.ok(
        allowed.every((action) => !action.includes('*')),
        'each action is named',
      );
    });
  });
}

/** Runs an upload whose second part is refused, so that it is left unfinished, and the hint names the action. */
async function refuseSecondPart(
  { home, guard }: Guarded,
  action: string,
  words: readonly string[],
): Promise<void> {
  const { allows } = guard;
  let times = 0;
  guard.allows = (need) => {
    if (need.action === action) times += 1;
    // A bucket counts the request that creates the upload, too.
    return allows(need) && times <= (action.startsWith('glacier:') ? 1 : 2);
  };
  const refused = await home.run([...words, '--concurrency=1']);
  guard.allows = allows;
  assert.equal(refused.code, 12, refused.stderr);
  assert.match(refused.stderr, new RegExp(`^hint: .*\\(${action}\\)`, 'm'));
}
