/** Folders of many small files, to S3 over TLS, beside the AWS CLI and rclone. Each client has its own defaults. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awsClis, type Command, folderCommands, rcloneVersion } from './clients.js';
import type { Bench, Row } from './figures.js';
import { compare, inTurns, withLab } from './tls-rows.js';
import { median } from './tools.js';

const FILE_BYTES = 10 * 1024;
const FILES_IN_FOLDER = 100;
const FILES = 2000;
const MANY_FILES = 20_000;

/** Makes a folder of small files that all differ, in folders of 100. */
function makeFiles({ files }: Bench, count: number): string {
  const folder = join(files, `small-${count}`);
  for (let file = 0; file < count; file += 1) {
    const within = join(folder, `folder-${Math.floor(file / FILES_IN_FOLDER)}`);
    if (file % FILES_IN_FOLDER === 0) mkdirSync(within, { recursive: true });
    writeFileSync(join(within, `file-${file}`), Buffer.alloc(FILE_BYTES, `file ${file} `));
  }
  return folder;
}

const smallFiles: Row = {
  name: 'files',
  run: (bench) =>
    withLab('files', bench, { file: '' }, async (lab) => {
      const folder = makeFiles(bench, FILES);
      const upload = { ...lab.upload, file: folder };
      const commands: Record<string, () => Command> = { calve: () => folderCommands.calve(upload, 'calve') };
      for (const cli of awsClis(upload))
        commands[`aws s3 cp --recursive ${cli.version}`] = () => folderCommands.aws(upload, cli, 'aws');
      const rclone = rcloneVersion(upload);
      if (rclone !== null) commands[`rclone ${rclone}`] = () => folderCommands.rclone(upload, 'rclone');
      const cost = (command: Command) => lab.cost(command, FILES * FILE_BYTES);
      const { calve: ours = [], ...others } = await inTurns({ ...lab, cost }, commands);
      rmSync(folder, { recursive: true });
      const limits = { wall: { atLeast: 1, aim: 0.5 }, cpu: { atLeast: 1, aim: 0.5 } };
      return Object.entries(others).flatMap(([name, theirs]) =>
        compare({ what: `2,000 files of 10 KiB to s3:// against ${name}`, ours, theirs, ...limits }),
      );
    }),
};

const manyFiles: Row = {
  name: 'many-files',
  run: (bench) =>
    withLab('many-files', bench, { file: '' }, async (lab) => {
      const costOf = async (count: number) => {
        const folder = makeFiles(bench, count);
        const command = folderCommands.calve({ ...lab.upload, file: folder }, `calve-${count}`);
        const cost = await lab.cost(command, count * FILE_BYTES);
        rmSync(folder, { recursive: true });
        return { perFile: cost.wallSeconds / count, peakMiB: cost.peakMiB };
      };
      const rounds: { readonly time: number; readonly memory: number; readonly from: string }[] = [];
      for (let round = 0; round < Math.min(bench.rounds, 3); round += 1) {
        const [few, many] = [await costOf(FILES), await costOf(MANY_FILES)];
        const [fewMs, manyMs] = [few, many].map(({ perFile }) => `${(perFile * 1000).toFixed(2)} ms`);
        const from = `${manyMs} and ${fewMs} a file, ${many.peakMiB.toFixed(0)} and ${few.peakMiB.toFixed(0)} MiB`;
        rounds.push({ time: many.perFile / few.perFile, memory: many.peakMiB / few.peakMiB, from });
      }
      const common = { unit: 'ratio', atLeast: 1.1, aim: 1, better: 'lower' } as const;
      const [time, memory] = [median(rounds, (one) => one.time), median(rounds, (one) => one.memory)];
      return [
        { what: 'time per file: 20,000 files against 2,000', value: time.time, ...common, from: time.from },
        {
          what: 'peak memory: 20,000 files against 2,000',
          value: memory.memory,
          ...common,
          from: memory.from,
        },
      ];
    }),
};

export const FILES_ROWS: readonly Row[] = [smallFiles, manyFiles];
