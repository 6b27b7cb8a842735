import type { ArchiveResult } from '../transfer/session.js';
import { archiveJson } from '../ui/archive-json.js';
import type { CommandContext } from './run-command.js';

/** The result of `upload` and `resume`: the archive id alone, or the whole object under --json. */
export async function printArchive(context: CommandContext, result: ArchiveResult): Promise<void> {
  const { archiveId } = result.entry;
  await context.result(archiveJson(result.entry, result), archiveId, archiveId);
}
