/** Command lines that are printed to be pasted. */
import type { FailureContext, FleetWords } from '../../core/failures.js';
import { isStandardInput, isStream, STANDARD_INPUT_WORD, type UploadAddress } from '../../core/identity.js';
import { shellQuote } from '../../core/shell-quote.js';
import { isControl } from '../text/safe-text.js';

/** The facts about a run that messages need. */
export interface WordingEnvironment {
  /** The state folder in use; null where the command opened none. */
  readonly stateDirectory: string | null;
  /** True if an option or the environment named that folder, so that a hint must name it again. */
  readonly stateDirectoryGiven: boolean;
  /** The catalogue where an option or the environment named it: a pasted line must record in the same one. */
  readonly catalogueGiven?: string | null;
  readonly isTerminal: boolean;
}

/** `$'…'` with octal bytes: the one quoting in which a newline or an escape sequence can be printed without acting. */
function quoteActing(word: string): string {
  const escaped = Array.from(word, (character) => {
    if (character === '\\' || character === "'") return `\\${character}`;
    if (!isControl(character)) return character;
    return Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  });
  return `$'${escaped.join('')}'`;
}

/** The words as one line that a shell reads back as these words, and that is safe to print whatever they hold. */
export function pasteLine(words: readonly string[]): string {
  return words
    .map((word) => (Array.from(word).some(isControl) ? quoteActing(word) : shellQuote(word)))
    .join(' ');
}

/**
 * The state folder as an option. It is named off a terminal too: cron and sudo change HOME, and the line is pasted
 * into a shell whose default folder is another.
 */
function folderWords(env: WordingEnvironment): string[] {
  const isNeeded = env.stateDirectory !== null && (env.stateDirectoryGiven || !env.isTerminal);
  const state = isNeeded ? ['--state-dir', env.stateDirectory] : [];
  return env.catalogueGiven ? [...state, '--catalogue', env.catalogueGiven] : state;
}

/** Returns the options that name the same target again on a command line. */
function targetWords({ target, connection }: UploadAddress): string[] {
  const { region, endpoint } = target;
  const { profile, accountId, pathStyle } = connection;
  // The endpoint of the embedded emulator is its data folder.
  if (target.url.startsWith('local://')) return [`--local-dir=${endpoint}`];
  return [
    ...(region === null ? [] : [`--region=${region}`]),
    ...(profile === null ? [] : [`--profile=${profile}`]),
    ...(endpoint === null ? [] : [`--endpoint-url=${endpoint}`]),
    ...(accountId === '-' ? [] : [`--account-id=${accountId}`]),
    ...(pathStyle ? ['--path-style'] : []),
  ];
}

/** Returns the exact line that aborts an upload, from any shell. */
export function abortLine(address: UploadAddress, env: WordingEnvironment): string {
  const { target, uploadId } = address;
  const words = ['calve', 'abort', target.url, `--upload-id=${uploadId}`];
  return pasteLine([...words, ...targetWords(address), ...folderWords(env)]);
}

/** Returns the exact line that continues the upload of a stream, whose bytes must be sent into it again. */
export function resendLine(
  address: UploadAddress,
  { file }: Pick<FailureContext, 'file'>,
  env: WordingEnvironment,
): string {
  const { target, uploadId } = address;
  const words = ['calve', 'resume', STANDARD_INPUT_WORD, target.url, `--upload-id=${uploadId}`];
  const name = file === undefined || isStandardInput(file) ? [] : [`--name=${file}`];
  return pasteLine([...words, ...name, ...targetWords(address), ...folderWords(env)]);
}

/**
 * Returns the exact line of a fleet's command. Each of the words of `more` is one word of the line.
 * @param shell text that a shell must expand, and that is therefore not quoted
 */
export function fleetLine(
  command: string,
  { manifest, receipts, endpoint }: FleetWords,
  more: readonly string[] = [],
  shell = '',
): string {
  const options = [
    ...receipts.map((folder) => `--receipts=${folder}`),
    ...(endpoint === null ? [] : [`--endpoint-url=${endpoint}`]),
  ];
  return `${pasteLine(['calve', 'fleet', command, manifest, ...more, ...options])}${shell}`;
}

/** The exact line that goes on with an upload, by its file where it has one; null where it cannot go on. */
export function resumeLine(context: FailureContext, env: WordingEnvironment): string | null {
  const isFile = context.file !== undefined && !isStream(context.file);
  const word = isFile ? context.file : context.uploadId;
  if (context.resumable !== true || word === undefined) return null;
  if (context.fleet !== undefined) return fleetAgain(context.fleet);
  if (context.resend !== undefined) return resendLine(context.resend, context, env);
  // Ids are base64url and may begin with `-`, which only a bare `--` keeps from being read as an option.
  const operand = word.startsWith('-') ? ['--', word] : [word];
  return pasteLine(['calve', 'resume', ...folderWords(env), ...operand]);
}

/** Returns the line that runs the command of a fleet again: that of a share, or that of the end. */
function fleetAgain(fleet: FleetWords): string {
  const { shard } = fleet;
  return shard === undefined ? fleetLine('finish', fleet) : fleetLine('send', fleet, [`--shard=${shard}`]);
}
