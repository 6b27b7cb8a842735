/** The rows of the benchmark: each measures one thing and says at least how good it must be. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Figure, type Row, seconds } from './figures.js';
import {
  awsCliEnv,
  awsCopy,
  benchEnv,
  botoUpload,
  CALVE,
  type Cost,
  cpuSeconds,
  GIB,
  MIB,
  makeFullFile,
  measure,
  median,
  medianRatio,
  opensslBytesPerSecond,
  startSink,
  TARGET,
  withSparseFile,
} from './tools.js';

function uploadWords(file: string, url: string, more: readonly string[], target = TARGET): string[] {
  return [...CALVE, 'upload', file, target, '--endpoint-url', url, '--fresh', '--quiet', ...more];
}

/** So many runs of each, in turn, so that the machine's mood falls on both. */
async function inTurn(rounds: number, ours: () => Promise<Cost>, theirs: () => Promise<Cost>) {
  const mine: Cost[] = [];
  const others: Cost[] = [];
  for (let i = 0; i < rounds; i += 1) {
    mine.push(await ours());
    others.push(await theirs());
  }
  return { mine, others };
}

const throughput: Row = {
  name: 'throughput',
  async run({ folder, files }) {
    const env = benchEnv(folder);
    const file = join(files, 'full');
    makeFullFile(file, 4 * GIB);
    const sink = await startSink();
    const size = ['--part-size', '16M', '--concurrency', '4'];
    const floorSeconds = async (cores: number): Promise<number> =>
      (2 * 4 * GIB) / (await opensslBytesPerSecond(env, cores));
    const floors: number[] = [];
    const alone: number[] = [];
    const { mine, others } = await inTurn(
      5,
      async () => {
        floors.push(await floorSeconds(Math.min(availableParallelism(), 4)));
        alone.push(await floorSeconds(1));
        return measure(uploadWords(file, sink.url, size), env);
      },
      () => measure(botoUpload(file, 16 * MIB, 4, sink.url), env),
    );
    await sink.stop();
    rmSync(file);
    const wall = (cost: Cost): number => cost.wallSeconds;
    const [ourWall, theirWall] = [wall(median(mine, wall)), wall(median(others, wall))];
    const [ourCpu, theirCpu] = [cpuSeconds(median(mine, cpuSeconds)), cpuSeconds(median(others, cpuSeconds))];
    const peak = Math.max(...mine.map((cost) => cost.peakMiB));
    const [floor, floorAlone] = [median(floors, Number), median(alone, Number)];
    return [
      {
        what: 'wall time against boto3, 4 GiB, 16 MiB × 4',
        value: medianRatio(mine, others, wall),
        unit: 'ratio',
        atLeast: 0.85,
        aim: 0.7,
        better: 'lower',
        from: `${seconds(ourWall)} and ${seconds(theirWall)}`,
      },
      {
        what: 'CPU time against boto3, the same',
        value: medianRatio(mine, others, cpuSeconds),
        unit: 'ratio',
        atLeast: 0.9,
        aim: 0.75,
        better: 'lower',
        from: `${seconds(ourCpu)} and ${seconds(theirCpu)}`,
      },
      {
        what: 'share of two SHA-256 passes (openssl speed on all cores at once) in the CPU time',
        value: medianRatio(floors, mine.map(cpuSeconds), Number),
        unit: 'share',
        atLeast: 0.65,
        aim: 0.85,
        better: 'higher',
        from: `${seconds(floor)} of ${seconds(ourCpu)}; on one core alone ${seconds(floorAlone)}`,
      },
      {
        what: 'peak memory, 16 MiB parts × 4',
        value: peak,
        unit: 'MiB',
        atLeast: 220,
        aim: 150,
        better: 'lower',
        from: 'the highest of 5 runs',
      },
    ];
  },
};

const BUCKET_ENV = { OBS_ACCESS_KEY_ID: 'bench', OBS_SECRET_ACCESS_KEY: 'bench' };

/** The same bytes to a vault and to objects, and to an object by the AWS CLI: each run beside the others. */
const buckets: Row = {
  name: 'buckets',
  async run({ folder, files }) {
    const env = { ...benchEnv(folder), ...BUCKET_ENV, CALVE_REGION: 'us-east-1' };
    const file = join(files, 'full');
    makeFullFile(file, 2 * GIB);
    const sink = await startSink();
    const size = ['--part-size', '16M', '--concurrency', '4'];
    const to = (target: string) => () =>
      measure(
        uploadWords(file, sink.url, size.concat(target === TARGET ? [] : ['--path-style']), target),
        env,
      );
    const kinds = {
      vault: to(TARGET),
      s3: to('s3://bench-bucket/full'),
      obs: to('obs://bench-bucket/full'),
      cli: () =>
        measure(awsCopy(file, 's3://bench-bucket/cli', sink.url), awsCliEnv(folder, env, 16 * MIB, 4)),
    };
    const costs: Record<keyof typeof kinds, Cost[]> = { vault: [], s3: [], obs: [], cli: [] };
    for (let round = 0; round < 3; round += 1)
      for (const kind of ['vault', 's3', 'obs', 'cli'] as const) costs[kind].push(await kinds[kind]());
    await sink.stop();
    rmSync(file);
    const wall = (kind: keyof typeof kinds) => median(costs[kind], (cost) => cost.wallSeconds).wallSeconds;
    const cpu = (kind: keyof typeof kinds) => cpuSeconds(median(costs[kind], cpuSeconds));
    const against = (ours: keyof typeof kinds, theirs: keyof typeof kinds, what: string): Figure[] =>
      ([wall, cpu] as const).map((figure) => ({
        what: `${figure === wall ? 'wall' : 'CPU'} time, ${what}, 2 GiB, 16 MiB × 4`,
        value: figure(ours) / figure(theirs),
        unit: 'ratio',
        atLeast: theirs === 'vault' ? 1.1 : 1,
        aim: null,
        better: 'lower',
        from: `${seconds(figure(ours))} and ${seconds(figure(theirs))}`,
      }));
    return [
      ...against('s3', 'vault', 's3:// against a vault'),
      ...against('obs', 'vault', 'obs:// against a vault'),
      ...against('s3', 'cli', 's3:// against aws s3 cp'),
    ];
  },
};

const line: Row = {
  name: 'line',
  async run({ folder, files }) {
    const env = benchEnv(folder);
    const file = join(files, 'full');
    const parts = join(files, 'parts');
    makeFullFile(file, GIB);
    mkdirSync(parts);
    for (let i = 0; i < 64; i += 1) makeFullFile(join(parts, `p${i}`), 16 * MIB);
    const sink = await startSink(['--rate', '20000000', '--latency', '0.08']);
    const begun = await fetch(`${sink.url}/-/vaults/v/multipart-uploads`, {
      method: 'POST',
      headers: { 'x-amz-part-size': String(16 * MIB) },
    });
    const upload = `${sink.url}/-/vaults/v/multipart-uploads/${begun.headers.get('x-amz-multipart-upload-id')}`;
    const curl = [
      'curl',
      '-sS',
      '--no-progress-meter',
      '-Z',
      '--parallel-max',
      '8',
      '-H',
      'Expect:',
      '-o',
      '/dev/null',
    ];
    const puts = [...Array(64).keys()].flatMap((i) => [
      '-T',
      join(parts, `p${i}`),
      upload,
      '-o',
      '/dev/null',
    ]);
    const { mine, others } = await inTurn(
      3,
      () => measure(uploadWords(file, sink.url, ['--part-size', '16M', '--concurrency', '8']), env),
      () => measure([...curl, '-H', 'Content-Range: bytes 0-1/*', ...puts], env),
    );
    await sink.stop();
    rmSync(file);
    rmSync(parts, { recursive: true });
    const wall = (cost: Cost): number => cost.wallSeconds;
    const [ours, theirs] = [wall(median(mine, wall)), wall(median(others, wall))];
    return [
      {
        what: 'use of the line: 8 connections of 20 MB/s, 80 ms answers, beside parallel curl',
        value: theirs / ours,
        unit: 'share',
        atLeast: 0.93,
        aim: 0.98,
        better: 'higher',
        from: `${seconds(ours)}, curl ${seconds(theirs)}`,
      },
    ];
  },
};

const memory: Row = {
  name: 'memory',
  async run({ folder }) {
    const env = benchEnv(folder);
    const sink = await startSink();
    const figures: Figure[] = [];
    for (const [partSize, sizeBytes] of [
      ['1G', 8 * GIB],
      ['4G', 20 * GIB],
    ] as const) {
      const words = ['--part-size', partSize, '--concurrency', '4'];
      const cost = await withSparseFile(sizeBytes, (file) =>
        measure(uploadWords(file, sink.url, words), env),
      );
      figures.push({
        what: `peak memory, ${partSize.replace('G', ' GiB')} parts × 4`,
        value: cost.peakMiB,
        unit: 'MiB',
        atLeast: 260,
        aim: 150,
        better: 'lower',
        from: `a sparse file of ${sizeBytes / GIB} GiB`,
      });
    }
    await sink.stop();
    return figures;
  },
};

const scale: Row = {
  name: 'scale',
  async run({ folder }) {
    const env = benchEnv(folder);
    const sink = await startSink();
    const costOf = (gib: number): Promise<Cost> =>
      withSparseFile(gib * GIB, (file) => measure(uploadWords(file, sink.url, ['--part-size', '16M']), env));
    const small: number[] = [];
    const addSmall = async (runs: number): Promise<void> => {
      for (let run = 0; run < runs; run += 1) small.push(cpuSeconds(await costOf(1)));
    };
    // Small ones on both sides of the large one, which takes minutes: the machine's mood changes meanwhile.
    await addSmall(5);
    const large = await costOf(64);
    await addSmall(4);
    await sink.stop();
    const one = median(small, Number);
    const many = cpuSeconds(large) / 64;
    return [
      {
        what: 'CPU per GiB of a 64 GiB file against that of 1 GiB',
        value: many / one,
        unit: 'ratio',
        atLeast: 1.1,
        aim: 1,
        better: 'lower',
        from: `${seconds(many)} and ${seconds(one)}`,
      },
      {
        what: 'peak memory, 64 GiB in 16 MiB parts × 4',
        value: large.peakMiB,
        unit: 'MiB',
        atLeast: 220,
        aim: 150,
        better: 'lower',
        from: 'a sparse file',
      },
    ];
  },
};

const UNBUNDLED = join(import.meta.dirname, 'unbundled.js');

/** The share of a CPU profile's samples that are in files below `part`. */
function shareIn(profilePath: string, part: string): number {
  const profile = JSON.parse(readFileSync(profilePath, 'utf8')) as {
    nodes: { id: number; callFrame: { url: string } }[];
    samples: number[];
  };
  const urls = new Map(profile.nodes.map((node) => [node.id, node.callFrame.url]));
  const inside = profile.samples.filter((id) => urls.get(id)?.includes(part)).length;
  return inside / profile.samples.length;
}

const manyParts: Row = {
  name: 'many-parts',
  run: ({ folder }) => withSparseFile(10_000 * MIB, (file) => sendManyParts(folder, file)),
};

async function sendManyParts(folder: string, file: string): Promise<Figure[]> {
  const env = benchEnv(folder);
  const sink = await startSink(['--hold-after', '9990']);
  const profiles = join(folder, 'profiles');
  const words = ['upload', file, TARGET, '--endpoint-url', sink.url, '--part-size', '1M', '--quiet'];
  const child = spawn(process.execPath, ['--cpu-prof', '--cpu-prof-dir', profiles, UNBUNDLED, ...words], {
    env,
    stdio: 'ignore',
  });
  const uploads = join(folder, 'home/.local/state/calve/v2/uploads');
  const journal = await journalOf(uploads, 9990);
  child.kill('SIGINT');
  await new Promise((resolve) => child.once('exit', resolve));
  const profile = readdirSync(profiles)
    .map((name) => join(profiles, name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0];
  const journalBytes = statSync(journal).size;
  await fetch(`${sink.url}/bench/release`);
  const startedSeconds = Date.now() / 1000;
  await measure([...CALVE, 'resume', file, '--quiet'], env);
  const [first = Number.NaN] = (await (await fetch(`${sink.url}/bench/first-part`)).json()) as number[];
  await sink.stop();
  return [
    {
      what: 'journal of 10,000 parts',
      value: journalBytes / 1e6,
      unit: 'MB',
      atLeast: 4,
      aim: null,
      better: 'lower',
      from: `${journalBytes} bytes after 9,990 parts`,
    },
    {
      what: "the state's share of the main thread's time, 10,000 parts",
      value: shareIn(profile ?? '', '/dist/src/state/'),
      unit: 'share',
      atLeast: 0.02,
      aim: null,
      better: 'lower',
      from: 'samples of a CPU profile, waiting included',
    },
    {
      what: 'resume with 9,990 of 10,000 parts done: to the first byte sent',
      value: first - startedSeconds,
      unit: 'seconds',
      atLeast: 1.5,
      aim: 0.5,
      better: 'lower',
      from: '200 pages of parts are listed first',
    },
  ];
}

/** Waits until the journal knows so many parts. */
async function journalOf(uploads: string, parts: number): Promise<string> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const name = readSafely(uploads).find((each) => each.endsWith('.jsonl'));
    if (name === undefined) continue;
    const path = join(uploads, name);
    if (readFileSync(path, 'utf8').split('"type":"part"').length > parts) return path;
  }
}

function readSafely(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const hash: Row = {
  name: 'hash',
  async run({ folder, files }) {
    const env = benchEnv(folder);
    const file = join(files, 'full');
    makeFullFile(file, 2 * GIB);
    const wall = (cost: Cost): number => cost.wallSeconds;
    const other = async (words: readonly string[]) => {
      const { mine, others } = await inTurn(
        3,
        () => measure([...CALVE, 'hash', file], env),
        () => measure([...words, file], env),
      );
      return { ours: wall(median(mine, wall)), theirs: wall(median(others, wall)) };
    };
    const sum = await other(['sha256sum']);
    const openssl = await other(['openssl', 'dgst', '-sha256']);
    rmSync(file);
    const figure = (name: string, times: { ours: number; theirs: number }): Figure => ({
      what: `calve hash of 2 GiB: times as fast as ${name}`,
      value: times.theirs / times.ours,
      unit: 'ratio',
      atLeast: 1.7,
      aim: 1.9,
      better: 'higher',
      from: `${seconds(times.ours)} and ${seconds(times.theirs)}`,
    });
    return [figure('sha256sum', sum), figure('openssl dgst -sha256', openssl)];
  },
};

const start: Row = {
  name: 'start',
  async run({ folder }) {
    const env = benchEnv(folder);
    const [node = ''] = CALVE;
    const { mine, others } = await inTurn(
      15,
      () => measure([...CALVE, '--version'], env),
      () => measure([node, '-e', '0'], env),
    );
    const ours = cpuSeconds(median(mine, cpuSeconds));
    const theirs = cpuSeconds(median(others, cpuSeconds));
    return [
      {
        what: 'CPU of calve --version against bare node -e 0',
        value: ours / theirs,
        unit: 'ratio',
        atLeast: 1.6,
        aim: 1.2,
        better: 'lower',
        from: `${(ours * 1000).toFixed(0)} and ${(theirs * 1000).toFixed(0)} ms`,
      },
    ];
  },
};

const list: Row = {
  name: 'list',
  async run({ folder }) {
    const env = benchEnv(folder);
    const peak = async (uploads: number): Promise<number> => {
      const sink = await startSink(['--uploads', String(uploads)]);
      const cost = await measure([...CALVE, 'list-uploads', TARGET, '--endpoint-url', sink.url], env);
      await sink.stop();
      return cost.peakMiB;
    };
    const few = await peak(50_000);
    const many = await peak(100_000);
    return [
      {
        what: 'peak memory of list-uploads, 100,000 uploads against 50,000',
        value: many / few,
        unit: 'ratio',
        atLeast: 1.1,
        aim: 1,
        better: 'lower',
        from: `${many.toFixed(0)} and ${few.toFixed(0)} MiB`,
      },
    ];
  },
};

export const ROWS: readonly Row[] = [start, throughput, buckets, line, hash, list, manyParts, memory, scale];
