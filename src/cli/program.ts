/** Every command and its options. Bodies are loaded when they are run, so that --help stays quick. */
import { Command, Option } from 'commander';
import { exitNumbersHelp } from '../ui/text/help-text.js';
import { EXIT_ROWS, type ExitCode } from './exit-codes.js';
import type { Io } from './io.js';
import {
  addOutputOptions,
  addServiceOptions,
  addStateOptions,
  addTransferOptions,
  collect,
} from './options.js';
import { type CommandContext, runCommand } from './run-command.js';

type Body = (context: CommandContext, words: readonly string[]) => Promise<void>;

export interface Program {
  readonly command: Command;
  /** The exit number of the command that was run. */
  exitCode(): ExitCode;
}

export function buildProgram(io: Io, version: string): Program {
  let exitCode: ExitCode = 0;
  const program = new Command('calve')
    .description('Multipart uploads to cold storage: in parallel, resumable, verified.')
    // Without the usual -V (which bin takes alone): an id such as -Vx1 would be taken for it, and end with 0.
    .version(version, '--version')
    .helpCommand('help [command]', 'display help for a command')
    .addHelpText('after', `\n${exitNumbersHelp(EXIT_ROWS)}`);

  const add = (usage: string, description: string, load: () => Promise<Body>): Command => {
    const command = addOutputOptions(program.command(usage).description(description));
    return command.action(async () => {
      exitCode = await runCommand(io, command, async (context) => {
        await (await load())(context, command.processedArgs.flat() as string[]);
      });
    });
  };

  addUploadCommands(add);
  addServiceCommands(add);
  addLocalCommands(add);
  add('completion <shell>', 'A script that completes these words in bash, zsh or fish.', async () => {
    const { completion } = await import('./commands/completion.js');
    return (context, words) => completion(context, words, program);
  });
  return { command: program, exitCode: () => exitCode };
}

type Add = (usage: string, description: string, load: () => Promise<Body>) => Command;

function addUploadCommands(add: Add): void {
  const upload = add(
    'upload <file-or-target...>',
    'Send files (- for standard input) to a target, or go on where an earlier run stopped.',
    async () => (await import('./commands/upload.js')).upload,
  ).usage('[options] FILE... TARGET\n       calve upload [options] TARGET --from-command -- CMD [ARG...]');
  addObjectOptions(addPlanOptions(upload))
    .option('--from-command', 'send what a command prints, if it ends with 0')
    .option('--fresh', 'a new upload, whatever is unfinished or archived')
    .option('--dry-run', 'print the plan of a new upload, ask and send nothing');
  addServiceOptions(addStateOptions(addTransferOptions(upload)));

  const resume = add(
    'resume [file-or-upload-id-or-target...]',
    'Go on with unfinished uploads: these, or all that the state folder knows.',
    async () => (await import('./commands/resume.js')).resume,
  )
    .usage('[options] [FILE|UPLOAD-ID]...\n       calve resume [options] FILE TARGET --upload-id ID')
    .option('--upload-id <id>', "adopt this upload from the service's own part list");
  addServiceOptions(addStateOptions(addTransferOptions(resume)));
}

function addPlanOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--part-size <size>',
        'a power of two: vaults 1M to 4G, objects 8M to 4G; or auto (default)',
      ).env('CALVE_PART_SIZE'),
    )
    .addOption(
      new Option('--expected-size <size>', 'of standard input, at least: chooses the part size').env(
        'CALVE_EXPECTED_SIZE',
      ),
    )
    .addOption(
      new Option('--description <text>', "the archive's description (default: the file's name)").env(
        'CALVE_DESCRIPTION',
      ),
    );
}

function addObjectOptions(command: Command): Command {
  const withEnv = (flags: string, description: string, variable: string): Option =>
    new Option(flags, description).env(variable);
  return command
    .addOption(
      withEnv('--storage-class <class>', "of an object, by S3's or OBS's names", 'CALVE_STORAGE_CLASS'),
    )
    .addOption(withEnv('--sse <kind>', 'encrypt objects: AES256, aws:kms or aws:kms:dsse', 'CALVE_SSE'))
    .addOption(
      withEnv('--sse-kms-key-id <id>', "with this key (default: the account's)", 'CALVE_SSE_KMS_KEY_ID'),
    )
    .addOption(withEnv('--tagging <tags>', "an object's tags, as in kind=backup&host=nas", 'CALVE_TAGGING'))
    .addOption(withEnv('--no-overwrite', 'an object that is there stays (exit 17)', 'CALVE_NO_OVERWRITE'));
}

function addServiceCommands(add: Add): void {
  const listUploads = add(
    'list-uploads <target>',
    'Uploads in progress on the service, with what is known of them here.',
    async () => (await import('./commands/list-uploads.js')).listUploads,
  )
    .option('--limit <n>', 'one page of so many entries (vaults: 50 at the most)')
    .option('--marker <marker>', 'one page, from this marker on');
  addServiceOptions(addStateOptions(listUploads));

  const listParts = add(
    'list-parts <target>',
    'The parts that the service holds of one upload.',
    async () => (await import('./commands/list-parts.js')).listParts,
  ).requiredOption('--upload-id <id>', 'the upload (may begin with -)');
  addServiceOptions(addStateOptions(listParts));

  const abort = add(
    'abort <target>',
    'Drop uploads and what the service holds of them.',
    async () => (await import('./commands/abort.js')).abort,
  )
    .option('--upload-id <id>', 'this upload (repeatable)', collect)
    .option('--older-than <time>', 'those without activity for so long, as in 12h')
    .option('--all', 'every one of them')
    .option('--yes', 'do not ask')
    .option('--drop-record', 'drop what is recorded here of one that is gone though its archive may exist')
    .option('--dry-run', 'list what would be aborted');
  addServiceOptions(addStateOptions(abort)).addOption(
    new Option('--lock-wait <time>', "wait for another calve's lock").env('CALVE_LOCK_WAIT'),
  );
}

function addLocalCommands(add: Add): void {
  addStateOptions(
    add('status', 'Unfinished uploads: how far, and how long until they expire.', async () => {
      return (await import('./commands/status.js')).status;
    }),
  );
  addStateOptions(
    add('archives', 'The archives that were made, with their ids.', async () => {
      return (await import('./commands/archives.js')).archives;
    }).option('--forget <archive-id>', 'drop this entry from the catalogue (not the archive)'),
  );
  addStateOptions(
    add('verify <file>', 'Whether a file here still has the tree hash that was archived.', async () => {
      return (await import('./commands/verify.js')).verify;
    }).option('--archive-id <id>', 'compare with this archive (default: the newest of the file)'),
  );
  add('hash <file...>', 'SHA-256 tree hash, one line a file (- for standard input).', async () => {
    return (await import('./commands/hash.js')).hash;
  });
  addEmulatorOptions(
    add('emulator', 'A Glacier REST server on loopback, for trials and tests.', async () => {
      return (await import('./commands/emulator.js')).emulator;
    }),
  );
}

function addEmulatorOptions(command: Command): void {
  command
    .option('--port <n>', 'default 0: any free one')
    .option('--data-dir <dir>', 'default: a temporary folder, removed at the end')
    .option('--vault <name>', 'make this vault (repeatable)', collect)
    .option('--access-key-id <id>', 'default: a fixed demo pair, printed at start')
    .option('--secret-access-key <secret>', 'of that key')
    .option('--signature <mode>', 'verify (default) or lenient')
    .option('--upload-ttl <time>', 'idle uploads expire after this (default 24h)')
    .option('--signature-window <time>', 'a request must be in within this of its signing (default 5m)')
    .option('--fault <spec>', 'misbehave, as in throttle@upload-part:3 (repeatable)', collect)
    .option('--latency <time>', 'before every answer')
    .option('--bandwidth <rate>', 'bytes a second that are read, all connections together, as in 5M');
}
