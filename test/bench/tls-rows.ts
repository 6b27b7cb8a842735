/** The rows over TLS, as real services speak it. Each ratio is taken within a round in which the clients take turns. */
import { mkdtempSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  awsClis,
  awsCommand,
  botoCommand,
  type Command,
  calveCommand,
  rcloneCommand,
  rcloneVersion,
  type Upload,
} from './clients.js';
import { type Bench, type Figure, type Row, seconds } from './figures.js';
import { compileTlsSink, startTlsSink, type TlsSink } from './tls-sink.js';
import {
  benchEnv,
  type Cost,
  cpuSeconds,
  GIB,
  MIB,
  makeFullFile,
  measure,
  median,
  medianRatio,
  withSparseFile,
} from './tools.js';

const FILE_BYTES = GIB;
/** Both programs take half a second to start, which must not count beside boto3. */
const VAULT_FILE_BYTES = 4 * GIB;
const SHAPE = '1 GiB, 16 MiB × 4';
const VAULT_SHAPE = '4 GiB, 16 MiB × 4';

export interface TlsCost extends Cost {
  /** The CPU time of the server during the run. */
  readonly sinkSeconds: number;
}

/** A server that is running, and how to measure uploads to it. */
export interface Lab {
  readonly bench: Bench;
  readonly upload: Upload;
  /** @throws if the command fails, or if less than `sizeBytes` arrived */
  cost(command: Command, sizeBytes?: number): Promise<TlsCost>;
}

interface LabNeeds {
  readonly file: string;
  /** The cores of the server, as taskset takes them; null: all. */
  readonly sinkCores?: string | null;
}

function labOf(bench: Bench, sink: TlsSink, file: string): Lab {
  const { url, certificatePath } = sink;
  const { folder } = bench;
  const upload = { file, url, certificatePath, env: benchEnv(folder), folder };
  return {
    bench,
    upload,
    async cost({ words, env }, sizeBytes = statSync(file).size) {
      const before = await sink.usage();
      const cost = await measure(words, env);
      const after = await sink.usage();
      const arrived = after.bodyBytes - before.bodyBytes;
      if (arrived < sizeBytes) throw new Error(`only ${arrived} bytes arrived from ${words.join(' ')}`);
      const sinkSeconds = cpuSeconds(after) - cpuSeconds(before);
      return { ...cost, sinkSeconds };
    },
  };
}

/** Starts a server for `use`. Reports what is missing, and measures nothing, where none can be compiled. */
export async function withLab(
  name: string,
  bench: Bench,
  { file, sinkCores = null }: LabNeeds,
  use: (lab: Lab) => Promise<Figure[]>,
): Promise<Figure[]> {
  const own = mkdtempSync(join(bench.folder, 'sink-'));
  const compiled = compileTlsSink(own);
  if ('missing' in compiled) {
    bench.skip(`${name}: ${compiled.missing}`);
    return [];
  }
  const sink = await startTlsSink(compiled.path, own, sinkCores);
  try {
    return await use(labOf(bench, sink, file));
  } finally {
    await sink.stop();
  }
}

/** Runs each command once in each round. @returns the costs by name, one for each round */
export async function inTurns<Name extends string>(
  { bench, cost }: Lab,
  commands: Readonly<Record<Name, () => Command>>,
): Promise<Record<Name, TlsCost[]>> {
  const names = Object.keys(commands) as Name[];
  const costs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, TlsCost[]>;
  for (let round = 0; round < bench.rounds; round += 1)
    for (const name of names) costs[name].push(await cost(commands[name]()));
  return costs;
}

const wall = (cost: Cost): number => cost.wallSeconds;

interface Limits {
  readonly atLeast: number;
  readonly aim: number | null;
}

interface Comparison {
  readonly what: string;
  readonly ours: readonly TlsCost[];
  readonly theirs: readonly TlsCost[];
  readonly wall: Limits;
  readonly cpu: Limits;
}

export function compare({ what, ours, theirs, wall: wallLimits, cpu: cpuLimits }: Comparison): Figure[] {
  const figure = (name: string, of: (cost: Cost) => number, limits: Limits): Figure => ({
    what: `${name} over TLS, ${what}`,
    value: medianRatio(ours, theirs, of),
    unit: 'ratio',
    ...limits,
    better: 'lower',
    from: `${seconds(median(ours.map(of), Number))} and ${seconds(median(theirs.map(of), Number))}`,
  });
  return [figure('wall time', wall, wallLimits), figure('CPU time', cpuSeconds, cpuLimits)];
}

function fullFile({ files }: Bench, sizeBytes = FILE_BYTES): string {
  const file = join(files, 'full');
  makeFullFile(file, sizeBytes);
  return file;
}

const vault: Row = {
  name: 'tls-vault',
  run: (bench) =>
    withLab('tls-vault', bench, { file: fullFile(bench, VAULT_FILE_BYTES) }, async (lab) => {
      const { upload } = lab;
      const { ours, theirs } = await inTurns(lab, {
        ours: () => calveCommand(upload),
        theirs: () => botoCommand(upload),
      });
      return [
        ...compare({
          what: `a vault against boto3, ${VAULT_SHAPE}`,
          ...{ ours, theirs },
          wall: { atLeast: 0.85, aim: 0.75 },
          cpu: { atLeast: 0.93, aim: 0.85 },
        }),
        {
          what: 'peak memory over TLS, 16 MiB parts × 4',
          value: Math.max(...ours.map((cost) => cost.peakMiB)),
          unit: 'MiB',
          atLeast: 220,
          aim: 160,
          better: 'lower',
          from: `the highest of ${ours.length} runs`,
        },
      ];
    }),
};

const object: Row = {
  name: 'tls-s3',
  run: (bench) =>
    withLab('tls-s3', bench, { file: fullFile(bench) }, async (lab) => {
      const { upload } = lab;
      const clis = awsClis(upload);
      if (clis.length === 0) bench.skip('tls-s3 against aws s3 cp: aws is not installed');
      const rclone = rcloneVersion(upload);
      if (rclone === null) bench.skip('tls-s3 against rclone: rclone is not installed');
      const commands: Record<string, () => Command> = {
        calve: () => calveCommand(upload, 's3://bench-bucket/calve'),
      };
      for (const cli of clis) commands[`aws s3 cp ${cli.version}`] = () => awsCommand(upload, cli, 'aws');
      if (rclone !== null) commands[`rclone ${rclone}`] = () => rcloneCommand(upload, 'rclone');
      const { calve: ours = [], ...others } = await inTurns(lab, commands);
      return Object.entries(others).flatMap(([name, theirs]) => {
        const limits = name.startsWith('rclone')
          ? { wall: { atLeast: 0.6, aim: 0.45 }, cpu: { atLeast: 0.5, aim: 0.4 } }
          : { wall: { atLeast: 0.8, aim: 0.65 }, cpu: { atLeast: 0.9, aim: 0.75 } };
        return compare({ what: `s3:// against ${name}, ${SHAPE}`, ours, theirs, ...limits });
      });
    }),
};

const obs: Row = {
  name: 'tls-obs',
  run: (bench) =>
    withLab('tls-obs', bench, { file: fullFile(bench) }, async (lab) => {
      const { ours, theirs } = await inTurns(lab, {
        ours: () => calveCommand(lab.upload, 'obs://bench-bucket/calve'),
        theirs: () => calveCommand(lab.upload),
      });
      return compare({
        what: `obs:// against a vault, ${SHAPE}`,
        ...{ ours, theirs },
        wall: { atLeast: 1.15, aim: 1 },
        cpu: { atLeast: 1.3, aim: 1.1 },
      });
    }),
};

const LONG_BYTES = 2 * GIB;
const SHORT_BYTES = 16 * MIB;

/** The cost of a start is in both files, and so not in their difference. */
const mainThread: Row = {
  name: 'tls-main-thread',
  run: (bench) =>
    withLab('tls-main-thread', bench, { file: '' }, async ({ upload, cost }) => {
      const costOf = (sizeBytes: number): Promise<TlsCost> =>
        withSparseFile(sizeBytes, (file) => cost(calveCommand({ ...upload, file }), sizeBytes));
      const all: { readonly perGib: number; readonly short: number }[] = [];
      for (let round = 0; round < bench.rounds; round += 1) {
        const short = (await costOf(SHORT_BYTES)).mainThreadSeconds;
        const long = (await costOf(LONG_BYTES)).mainThreadSeconds;
        if (short === null || long === null) {
          bench.skip('tls-main-thread: the kernel does not report the CPU time of threads');
          return [];
        }
        all.push({ perGib: ((long - short) * GIB) / (LONG_BYTES - SHORT_BYTES), short });
      }
      const { perGib } = median(all, (one) => one.perGib);
      const { short } = median(all, (one) => one.short);
      return [
        {
          what: "the main thread's CPU time for each GiB over TLS, a vault, 16 MiB × 4",
          value: perGib,
          unit: 'seconds',
          atLeast: 0.2,
          aim: 0.1,
          better: 'lower',
          from: `2 GiB less 16 MiB, which take ${seconds(short)}`,
        },
      ];
    }),
};

/**
 * Compares a client on one core with the same one on two. With more cores the server has the others. With two it needs one
 * of them: it then works beside the client on one core, and half of its CPU time is subtracted from the run on both.
 */
const cores: Row = {
  name: 'tls-cores',
  async run(bench) {
    const count = availableParallelism();
    if (count < 2) {
      bench.skip('tls-cores: there is only one core');
      return [];
    }
    const file = fullFile(bench);
    const others = count > 2 ? `2-${count - 1}` : null;
    const pinned = (lab: Lab, clientCores: string): Promise<TlsCost> => {
      const { words, env } = calveCommand(lab.upload);
      return lab.cost({ words: ['taskset', '-c', clientCores, ...words], env });
    };
    const beside = { file, sinkCores: others ?? '1' };
    return withLab('tls-cores', bench, beside, (besideLab) =>
      withLab('tls-cores', bench, { file, sinkCores: others }, async (sharedLab) => {
        const rounds: { readonly one: number; readonly two: number; readonly sink: number }[] = [];
        for (let round = 0; round < bench.rounds; round += 1) {
          const one = wall(await pinned(besideLab, '0'));
          const two = await pinned(sharedLab, '0,1');
          rounds.push({ one, two: wall(two), sink: others === null ? two.sinkSeconds / 2 : 0 });
        }
        const { one, two, sink } = median(rounds, ratioOfCores);
        const subtracted = sink === 0 ? '' : ` less ${seconds(sink)} for the server`;
        return [
          {
            what: `two cores against one over TLS: times as fast, a vault, ${SHAPE}`,
            value: ratioOfCores({ one, two, sink }),
            unit: 'ratio',
            atLeast: 1.7,
            aim: 1.9,
            better: 'higher',
            from: `${seconds(one)}, and ${seconds(two)}${subtracted}`,
          },
        ];
      }),
    );
  },
};

function ratioOfCores({ one, two, sink }: { one: number; two: number; sink: number }): number {
  return one / (two - sink);
}

/** Compares with another build of calve, for a change that is being made. */
const build: Row = {
  name: 'tls-build',
  async run(bench) {
    const { otherCheckout } = bench;
    if (otherCheckout === null) return [];
    const other = [process.execPath, join(otherCheckout, 'bin/calve.js')];
    return withLab('tls-build', bench, { file: fullFile(bench) }, async (lab) => {
      const figures: Figure[] = [];
      for (const target of ['glacier://v', 's3://bench-bucket/calve', 'obs://bench-bucket/calve']) {
        const { ours, theirs } = await inTurns(lab, {
          ours: () => calveCommand(lab.upload, target),
          theirs: () => calveCommand(lab.upload, target, other),
        });
        const what = `${target.split(':')[0]}:// against the other build, ${SHAPE}`;
        const limits = { atLeast: 1, aim: null };
        figures.push(...compare({ what, ours, theirs, wall: limits, cpu: limits }));
      }
      return figures;
    });
  },
};

export const TLS_ROWS: readonly Row[] = [vault, object, obs, mainThread, cores, build];
