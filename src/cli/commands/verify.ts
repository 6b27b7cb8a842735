import { resolve } from 'node:path';
import { TransferError } from '../../core/failures.js';
import { STANDARD_INPUT_WORD } from '../../core/identity.js';
import { verifyFile } from '../../transfer/verify.js';
import { verifiedJson } from '../../ui/json.js';
import { safeWhole } from '../../ui/text/safe-text.js';
import { openArchives, openSources } from '../compose.js';
import type { CommandContext } from '../run-command.js';

/** `calve verify FILE`: asks no service. A file that differs ends in the number of a checksum mismatch. */
export async function verify(context: CommandContext, words: readonly string[]): Promise<void> {
  const { io, options } = context;
  if (words[0] === STANDARD_INPUT_WORD) {
    throw new TransferError('usage', {
      what: 'verify',
      why: 'it reads a file, and what came as a stream is not there any more',
      hint: 'name the file that it came from or was saved to, and the archive: calve verify FILE --archive-id=ID',
    });
  }
  const file = resolve(io.cwd, words[0] ?? '');
  const sources = openSources(options);
  try {
    const tools = { catalogue: openArchives(options), openSource: sources.openSource, signal: io.signal };
    const verified = await verifyFile(tools, file, options.read.named('archiveId', 'archive'));
    const text = `${safeWhole(verified.file)}: ${verified.match ? 'OK' : 'FAILED'}`;
    await context.result(verifiedJson(verified), text);
    if (verified.match) return;
    const { expected, treeHash: got } = verified;
    const failure = new TransferError('checksum', { what: 'file', index: null, expected, got });
    await context.fail(failure, { file: verified.file });
  } finally {
    await sources.close();
  }
}
