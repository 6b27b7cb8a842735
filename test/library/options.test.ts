import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import type { Option } from 'commander';
import type { Io } from '../../src/cli/io.js';
import { buildProgram } from '../../src/cli/program.js';
import { startEmulator } from '../../src/library/emulator.js';
import { camelCase } from '../../src/library/given.js';
import {
  type AbortOptions,
  type AuditOptions,
  abort,
  hash,
  type ListPartsOptions,
  listParts,
  listUploads,
  type PlaceOptions,
  type ResumeOptions,
  resume,
  status,
  type UploadOptions,
  upload,
  type VerifyOptions,
} from '../../src/library/index.js';
import { startSmallStore } from '../support/small-store.js';
import { collect, openBench, rejection, TARGET } from './support.js';

const { command: program } = buildProgram({} as Io, '0');

function optionsOf(command: string): readonly Option[] {
  return program.commands.find((each) => each.name() === command)?.options ?? [];
}

const PLACE: Record<Exclude<keyof PlaceOptions, 'signal' | 'onEvent' | 'credentials'>, true> = {
  stateDir: true,
  catalogue: true,
  trustGroup: true,
  region: true,
  profile: true,
  endpointUrl: true,
  accountId: true,
  pathStyle: true,
  requestHeader: true,
  allowHttp: true,
  noVerifyTls: true,
  localDir: true,
  maxAttempts: true,
  retryDelay: true,
  giveUpAfter: true,
  connectTimeout: true,
  readTimeout: true,
};

type Own<O> = Record<Exclude<keyof O, keyof PlaceOptions>, true>;

const UPLOAD: Own<UploadOptions> = {
  concurrency: true,
  threads: true,
  limitRate: true,
  lockWait: true,
  storageClass: true,
  sse: true,
  sseKmsKeyId: true,
  tagging: true,
  noOverwrite: true,
  allowEmpty: true,
  partSize: true,
  name: true,
  maxParts: true,
  expectedSize: true,
  description: true,
  fresh: true,
};
const RESUME: Own<ResumeOptions> = {
  concurrency: true,
  threads: true,
  limitRate: true,
  lockWait: true,
  partSize: true,
  name: true,
  uploadId: true,
};
const ABORT: Own<AbortOptions> = {
  lockWait: true,
  uploadId: true,
  olderThan: true,
  all: true,
  dropRecord: true,
};
const LIST_PARTS: Own<ListPartsOptions> = { uploadId: true };
const VERIFY: Own<VerifyOptions> = { archiveId: true };
const AUDIT: Own<AuditOptions> = { import: true };

/** Options that the command has and the function has not, with the reason. */
const COMMAND_ALONE: Readonly<Record<string, string>> = {
  '--json': 'the results are objects',
  '--quiet': 'nothing is printed',
  '--progress': 'onEvent hears what happens',
  '--debug': 'errors have their stacks',
  '--help': 'docs/library.md',
  '--help-all': 'docs/library.md',
  '--from-command': 'a program starts its commands itself',
  '--dry-run': 'it prints what a command line would do',
  '--yes': 'nobody is asked',
  '--limit': 'a list comes entry by entry',
  '--marker': 'a list comes entry by entry',
  '--recursive': 'a program walks folders itself',
  '--files-from': 'a program has its own lists',
  '--null': 'a program has its own lists',
  '--include': 'a program chooses its files',
  '--exclude': 'a program chooses its files',
  '--follow-links': 'a program walks folders itself',
  '--one-file-system': 'a program walks folders itself',
};

test('each function takes the options of its command, in camelCase, or there is a reason', () => {
  const functions: readonly [command: string, own: Readonly<Record<string, true>>][] = [
    ['upload', UPLOAD],
    ['resume', RESUME],
    ['abort', ABORT],
    ['list-uploads', {}],
    ['list-parts', LIST_PARTS],
    ['status', {}],
    ['hash', {}],
    ['verify', VERIFY],
    ['audit', AUDIT],
  ];
  for (const [command, own] of functions) {
    const shared = optionsOf(command).map(({ long }) => long ?? '');
    const names = shared.filter((long) => COMMAND_ALONE[long] === undefined).map(camelCase);
    const wanted = names.filter((name) => !(name in PLACE)).sort();
    assert.deepEqual(Object.keys(own).sort(), wanted, command);
    for (const name of names.filter((each) => !(each in own))) assert.ok(name in PLACE, `${command} ${name}`);
  }
});

test('the emulator takes the options of its command', () => {
  const names = optionsOf('emulator').map(({ long }) => camelCase(long ?? ''));
  const given: Record<string, string> = { vault: 'vaults', fault: 'faults' };
  const keys = [
    'accessKeyId',
    'secretAccessKey',
    'json',
    'quiet',
    'progress',
    'debug',
    'help',
    'helpAll',
    'stopOnEof',
  ];
  const own = names.filter((name) => !keys.includes(name)).map((name) => given[name] ?? name);
  const type: Record<Exclude<keyof NonNullable<Parameters<typeof startEmulator>[0]>, 'credentials'>, true> = {
    vaults: true,
    faults: true,
    port: true,
    dataDir: true,
    signature: true,
    uploadTtl: true,
    signatureWindow: true,
    latency: true,
    bandwidth: true,
  };
  assert.deepEqual(own.sort(), Object.keys(type).sort());
});

test('a value that the command line refuses is refused in the same words, with the name that the program gave', async () => {
  const refused: readonly [options: object, message: RegExp][] = [
    [{ partSizeBytes: 1 }, /^option partSizeBytes: the function has no such option/],
    [{ partSize: '3M' }, /^partSize 3M: a part is a power of two from 1 MiB to 4 GiB/],
    [{ partSize: 1.5 }, /^partSize 1\.5: a size is an integer/],
    [{ partSize: true }, /^partSize: it takes a string or a number/],
    [{ partSize: Number.NaN }, /^partSize NaN: a size is an integer/],
    [{ concurrency: 0 }, /^concurrency 0: it takes a whole number from 1 to 64/],
    [{ fresh: 'yes' }, /^fresh: it takes true or false/],
    [{ readTimeout: -1 }, /^readTimeout -1: a time is an integer/],
    [{ connectTimeout: '10' }, /^connectTimeout 10: a time is an integer and a unit/],
    [{ region: 'no region' }, /^region no region: /],
    [{ stateDir: '' }, /^stateDir : it names no folder/],
    [{ sse: 'AES' }, /^sse AES: it is one of AES256/],
    [{ tagging: 'kind=x' }, /^tagging: it is for objects only|^tagging kind=x: it is for objects only/],
    [{ name: 'a' }, /^name a: a file has a name/],
    [{ credentials: { accessKeyId: 'AK' } }, /^credentials: they are an accessKeyId/],
    [{ credentials: 'secret' }, /^credentials: they are an accessKeyId/],
    [{ signal: 'now' }, /^signal: it is an AbortSignal/],
    [{ onEvent: 1 }, /^onEvent: it is a function/],
    [{ endpointUrl: 'http://example.com' }, /^endpointUrl http:\/\/example\.com: /],
  ];
  for (const [options, message] of refused) {
    const error = await rejection(upload('package.json', TARGET, { region: 'eu-west-1', ...options }));
    assert.equal(error.kind, 'usage', error.message);
    assert.match(error.message, message);
    assert.equal(error.exitCode, 2);
  }
  const calls: readonly [call: () => Promise<unknown>, message: RegExp][] = [
    [() => upload('package.json', 'photos'), /^target photos: it has no scheme/],
    [() => upload('', TARGET), /^source: it names no file/],
    [() => upload(null as never, TARGET), /^source: it is neither a file nor a stream/],
    [() => upload(new URL('https://example.com'), TARGET), /^source: https: is not the protocol of a file/],
    [() => upload('package.json', TARGET, null as never), /^options: they are an object/],
    [() => resume(Buffer.from('x') as never), /^resume: a stream needs a target and an uploadId/],
    [() => resume('a', TARGET, {} as never), /^resume: an upload on the service is named with uploadId/],
    [() => abort(TARGET, {}), /^abort: no upload is named/],
    [() => collect(listParts(TARGET, {} as never)), /^listParts: no upload is named/],
    [() => startEmulator({ port: 70_000 }), /^port 70000: it takes a whole number from 0 to 65535/],
    [() => startEmulator({ vaults: ['a/b'] }), /^vaults: "a\/b" is not a vault name/],
    [() => startEmulator({ faults: ['sulk'] }), /^faults: fault "sulk": there is no kind "sulk"/],
    [() => startEmulator({ vault: 'a' } as never), /^option vault: the function has no such option/],
    [
      () => startEmulator({ accessKeyId: 'AK' } as never),
      /^option accessKeyId: the function has no such option/,
    ],
    [
      () => startEmulator({ credentials: { accessKeyId: 'AK' } } as never),
      /^credentials: they are an accessKeyId/,
    ],
    [() => startEmulator({ credentials: (() => null) as never }), /^credentials: they are .* white space$/],
    [
      () => startEmulator({ signal: AbortSignal.abort() } as never),
      /^option signal: the function has no such/,
    ],
    [() => startEmulator(null as never), /^options: they are an object/],
  ];
  for (const [call, message] of calls) assert.match((await rejection(call())).message, message);
});

test('one object of options serves every function, and undefined and null are absent', async (t) => {
  const { place, file } = await openBench(t);
  const path = file('a.tar', 1000);
  const loose = { ...place, profile: undefined, accountId: null };
  assert.equal((await hash(path, loose)).size, 1000);
  assert.deepEqual(await collect(status(loose)), []);
  assert.deepEqual(await collect(listUploads(TARGET, loose)), []);
});

test('an option that says where is ignored by a target that has no use for it, so that one object serves all', async (t) => {
  const { home, place, file } = await openBench(t);
  const all: Required<Pick<PlaceOptions, 'localDir' | 'pathStyle' | 'accountId' | 'requestHeader'>> = {
    localDir: `${home.folder}/vaults`,
    pathStyle: true,
    accountId: '-',
    requestHeader: 'x-amz-meta-origin=nas',
  };
  const path = file('a.tar', 1000);
  assert.equal((await upload(path, TARGET, { ...place, ...all })).size, 1000);
  const local = await upload(path, 'local://photos', { ...place, ...all, profile: 'none' });
  assert.deepEqual([local.target, local.size], ['local://photos', 1000]);
  const store = await startSmallStore(t);
  const object = await upload(path, 's3://bucket/', { ...place, ...all, endpointUrl: store.url });
  assert.equal(object.key, 'a.tar');
  const refused = await rejection(upload(path, TARGET, { ...place, ...all, tagging: 'a=b' }));
  assert.match(refused.message, /^tagging/, 'an option that says what is sent is not ignored');
});

test('the variables of calve do not configure a program, and those of AWS do', async (t) => {
  const { place, file } = await openBench(t);
  const { endpointUrl, region, credentials, ...others } = place;
  const { accessKeyId, secretAccessKey } = credentials as { accessKeyId: string; secretAccessKey: string };
  const variables = {
    CALVE_PART_SIZE: '3M',
    CALVE_REQUEST_HEADER: 'nonsense',
    CALVE_STATE_DIR: '/nonexistent/state',
    AWS_REGION: String(region),
    AWS_ENDPOINT_URL_GLACIER: String(endpointUrl),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const before = { ...process.env };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  assert.equal((await upload(file('a.tar', 1000), TARGET, others)).partSize, 16 * 1024 * 1024);
});

test('credentials that cannot be looked up are refused with the words of the program, and a secret is never shown', async (t) => {
  const { place, file } = await openBench(t);
  const path = file('a.tar', 1000);
  const closed = new Error('the safe is closed');
  const failing = async () => {
    throw closed;
  };
  const refused = await rejection(upload(path, TARGET, { ...place, credentials: failing }));
  assert.deepEqual([refused.kind, refused.exitCode], ['refused', 12]);
  assert.match(refused.message, /the safe is closed/);
  assert.equal(refused.cause, closed);
  assert.equal(refused.hint, 'check the function that is given as credentials');
  const bucket = { ...place, region: 'ap-southeast-1', credentials: failing };
  const obs = await rejection(upload(path, 'obs://bucket/', bucket));
  assert.deepEqual([obs.cause, obs.hint], [closed, refused.hint]);
  const wrong = { accessKeyId: 'AKIDWRONG', secretAccessKey: 'very-secret-key' };
  for (const credentials of [
    wrong,
    async () => wrong,
    async () => ({ secretAccessKey: 'very-secret-key' }) as never,
  ]) {
    const error = await rejection(upload(path, TARGET, { ...place, credentials }));
    assert.equal(error.kind, 'refused');
    assert.doesNotMatch(JSON.stringify([error, error.message, error.stack, error.hint]), /very-secret/);
  }
});
