import { cleanUp } from '../../../core/clean-up.js';
import { TransferError, withContext } from '../../../core/failures.js';
import { STANDARD_INPUT_WORD } from '../../../core/identity.js';
import { verifyFile } from '../../../transfer/verify.js';
import { verifiedJson } from '../../../ui/json.js';
import { safeWhole } from '../../../ui/text/safe-text.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openSources } from '../../compose.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import type { Options } from './command.js';

/** `calve verify FILE` asks no service. A file that differs ends with the exit number of a checksum mismatch. */
export async function verify(context: CommandContext<Options>, words: readonly string[]): Promise<void> {
  const { io, options } = context;
  if (words[0] === STANDARD_INPUT_WORD) {
    throw new TransferError('usage', {
      what: 'verify',
      why: 'it reads a file, and a stream is gone after it was read',
      hint: 'name the file with the same bytes, and the archive: calve verify FILE --archive-id=ID',
    });
  }
  const file = io.absolute(words[0] ?? '');
  const sources = openSources({ transfer: DEFAULT_TRANSFER });
  try {
    const { report } = context.reporter;
    const catalogue = openArchives(options);
    const tools = { catalogue, openSource: sources.openSource, signal: io.signal, report };
    const verified = await verifyFile(tools, file, options.own.archiveId);
    const text = `${safeWhole(verified.file)}: ${verified.match ? 'OK' : 'FAILED'}`;
    await context.result(verifiedJson(verified), text);
    if (verified.match) return;
    const { expected, treeHash: got } = verified;
    const failure = new TransferError('checksum', { what: 'file', index: null, expected, got });
    await context.fail(failure, { file: verified.file });
  } catch (error) {
    throw withContext(error, { file });
  } finally {
    await cleanUp(() => sources.close());
  }
}
