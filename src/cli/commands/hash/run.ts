import type { FailureContext } from '../../../core/failures.js';
import { STANDARD_INPUT_WORD } from '../../../core/identity.js';
import { openStandardInput } from '../../../source/byte-streams.js';
import { type HashedBytes, hashFile, hashStream } from '../../../source/hash-file.js';
import { hashJson } from '../../../ui/json.js';
import { checksumLine } from '../../../ui/text/safe-text.js';
import type { CommandContext } from '../../command.js';

/** `calve hash FILE...` prints tree hashes in the lines of sha256sum. */
export async function hash(context: CommandContext, words: readonly string[]): Promise<void> {
  const { io } = context;
  for (const word of words) {
    const about: FailureContext = {};
    try {
      about.file = word === STANDARD_INPUT_WORD ? word : io.absolute(word);
      const { sizeBytes, treeHash } = await hashOf(context, about.file);
      await context.result(hashJson(about.file, sizeBytes, treeHash), checksumLine(treeHash, word));
    } catch (error) {
      await context.fail(error, about);
      if (io.signal.aborted) return;
    }
  }
}

async function hashOf({ io, reporter }: CommandContext, file: string): Promise<HashedBytes> {
  const onRead = (readBytes: number, totalBytes: number | null = null): void =>
    reporter.report({ type: 'reading', file, readBytes, totalBytes });
  if (file !== STANDARD_INPUT_WORD) return hashFile(file, io.signal, onRead);
  const hashed = await hashStream(openStandardInput(io.stdin), io.signal, onRead);
  onRead(hashed.sizeBytes, hashed.sizeBytes);
  return hashed;
}
