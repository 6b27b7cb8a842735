import { resolve } from 'node:path';
import { STANDARD_INPUT_WORD } from '../../../core/identity.js';
import { openStandardInput } from '../../../source/byte-streams.js';
import { hashFile, hashStream } from '../../../source/hash-file.js';
import { hashJson } from '../../../ui/json.js';
import { safeWhole } from '../../../ui/text/safe-text.js';
import type { CommandContext } from '../../command.js';

/** `calve hash FILE...` prints tree hashes in the lines of sha256sum. */
export async function hash(context: CommandContext, words: readonly string[]): Promise<void> {
  const { io } = context;
  for (const word of words) {
    const isStream = word === STANDARD_INPUT_WORD;
    const file = isStream ? word : resolve(io.cwd, word);
    try {
      const hashed = isStream
        ? await hashStream(openStandardInput(io.stdin), io.signal)
        : await hashFile(file, io.signal);
      const { sizeBytes, treeHash } = hashed;
      await context.result(hashJson(file, sizeBytes, treeHash), `${treeHash}  ${safeWhole(word)}`);
    } catch (error) {
      await context.fail(error, { file });
      if (io.signal.aborted) return;
    }
  }
}
