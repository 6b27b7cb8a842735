import { createReadStream, statSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { cleanUp } from '../../../core/clean-up.js';
import { isFailure, TransferError } from '../../../core/failures.js';
import { isStandardInput } from '../../../core/identity.js';
import { parseJournalLine } from '../../../core/mtglacier-journal.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { type Line, linesOf } from '../../../source/lines.js';
import { sourceFailure } from '../../../source/open-file.js';
import { decodeExported } from '../../../state/catalogue-record.js';
import { type DecodedLine, type ImportedFile, importLines } from '../../../transfer/import-lines.js';
import { entryOfJournal } from '../../../transfer/mtglacier.js';
import type { Catalogue } from '../../../transfer/ports/state.js';
import type { Session } from '../../../transfer/session.js';
import { importedJson } from '../../../ui/json.js';
import type { CommandContext } from '../../command.js';
import { connectTarget, openArchives, resolveTarget } from '../../compose.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import type { Options } from './command.js';
import { vaultOf } from './journal-vault.js';

/** Adds the archives of a file to the catalogue, and ends with 13 if a line of it is not one. */
export async function importArchives(context: CommandContext<Options>): Promise<void> {
  const { options, io } = context;
  const catalogue = openArchives(options);
  const word = options.own.import ?? '';
  if (options.own.format === 'mtglacier') return importJournal(context, catalogue, word);
  const path = isStandardInput(word) ? word : io.absolute(word);
  const lines = isStandardInput(word) ? linesOf(io.stdin) : fileLines(path);
  await addAll(context, catalogue, { path, lines, decode: decodeOwn });
}

function decodeOwn(line: Buffer): DecodedLine {
  const entry = decodeExported(line);
  if (entry === 'newer') return { fault: 'newer' };
  return entry === null || !isTarget(entry.identity.target.url) ? { fault: 'damaged' } : entry;
}

/** An edited line may name anything, and a list of the catalogue would fail later. */
function isTarget(url: string): boolean {
  try {
    return parseTargetUrl(url).url === url;
  } catch (error) {
    if (isFailure(error, 'usage')) return false;
    throw error;
  }
}

async function addAll(
  context: CommandContext<Options>,
  catalogue: Catalogue,
  file: ImportedFile,
): Promise<void> {
  await catalogue.proveWritable();
  const { report } = context.reporter;
  const totals = await importLines({ catalogue, report, signal: context.io.signal }, file);
  await context.result(importedJson(file.path, totals), null);
  const { refused: count, firstRefused } = totals;
  if (firstRefused !== null)
    await context.fail(new TransferError('lines-refused', { path: file.path, count, ...firstRefused }));
}

/** @throws TransferError `source` */
async function* fileLines(path: string): AsyncGenerator<Line> {
  try {
    yield* linesOf(createReadStream(path));
  } catch (error) {
    throw error instanceof TransferError ? error : sourceFailure(path, error);
  }
}

/** Reads the file twice: an archive that a later line deletes must not be in the catalogue, not even for a moment. */
async function importJournal(
  context: CommandContext<Options>,
  catalogue: Catalogue,
  word: string,
): Promise<void> {
  const { given, io, options, reporter } = context;
  const target = vaultOf(given, options.filter.target ?? '');
  const path = io.absolute(word);
  if (isStandardInput(word) || (await stat(path).catch(() => null))?.isFile() === false)
    given.refuse(
      '--import',
      'a journal is read twice, and a stream is gone after it was read',
      'name a file',
    );
  const deleted = await deletedIds(path, io.signal);
  const base = io.absolute(options.own.base ?? '.');
  const withService = { ...options, transfer: DEFAULT_TRANSFER };
  const resolved = await resolveTarget(io, withService, target);
  const session = await connectTarget(io, withService, resolved, { create: false, reporter });
  try {
    const decode = journalDecoder(session, await realpath(base).catch(() => base), deleted);
    await addAll(context, catalogue, { path, lines: fileLines(path), decode });
  } finally {
    await cleanUp(() => session.target.close());
  }
}

async function deletedIds(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { bytes } of fileLines(path)) {
    signal.throwIfAborted();
    const line = parseJournalLine(textOf(bytes) ?? '');
    if (line.type === 'deleted') ids.add(line.archiveId);
  }
  return ids;
}

function journalDecoder(
  session: Pick<Session, 'target' | 'targetIdentity'>,
  base: string,
  deleted: ReadonlySet<string>,
): (bytes: Buffer) => DecodedLine {
  return (bytes) => {
    const line = parseJournalLine(textOf(bytes) ?? '');
    if (line.type === 'deleted' || line.type === 'other') return 'none';
    if (line.type !== 'created') return { fault: line.type };
    if (deleted.has(line.archive.archiveId)) return 'deleted';
    return entryOfJournal(session, line.archive, { base, fileFacts });
  };
}

/** @returns null for bytes that are not UTF-8 */
function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r$/, '');
  } catch {
    return null;
  }
}

/** A file that cannot be looked at is like one that is not there: the archive exists in both cases. */
function fileFacts(path: string) {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats?.isFile() ? { sizeBytes: Number(stats.size), mtimeNs: String(stats.mtimeNs) } : null;
  } catch {
    return null;
  }
}
