import { isStandardInput } from '../../../core/identity.js';
import { formatCreated } from '../../../core/mtglacier-journal.js';
import { encodeEntry } from '../../../state/catalogue-record.js';
import { journalArchive, type LeftOut } from '../../../transfer/mtglacier.js';
import type { CatalogueEntry } from '../../../transfer/ports/state.js';
import { exportedJson } from '../../../ui/json.js';
import type { CommandContext } from '../../command.js';
import { openArchives } from '../../compose.js';
import { chosenOrder } from './choose.js';
import type { Options } from './command.js';
import { vaultOf } from './journal-vault.js';
import { openTextFile, type TextFile } from './text-file.js';

/** A catalogue with other targets would have as many lines on stderr as archives. */
const LEFT_OUT_REPORTED = 20;
const WRITTEN_TOGETHER = 64 * 1024;

/** Writes the archives that the options choose. A file has its name only when it is complete. */
export async function exportArchives(context: CommandContext<Options>): Promise<void> {
  const { io, options, reporter } = context;
  const toLine = options.own.format === 'mtglacier' ? journalLine(context) : encodeEntry;
  // The archives of other targets are left out with a notice, not without one.
  const order = chosenOrder(options, options.own.format === 'mtglacier' ? null : options.filter.target);
  const name = options.own.export ?? '';
  const isStdout = isStandardInput(name);
  const path = isStdout ? name : io.absolute(name);
  const file = isStdout ? standardOutput(io.stdout) : await openTextFile(path);
  let [exported, leftOut] = [0, 0];
  try {
    let held = '';
    for await (const entry of openArchives(options).inOrder(order)) {
      io.signal.throwIfAborted();
      const line = toLine(entry);
      if (line.endsWith('\n')) exported += 1;
      else {
        leftOut += 1;
        const { archiveId } = entry;
        if (leftOut <= LEFT_OUT_REPORTED)
          reporter.report({ type: 'notice', notice: 'left-out', archiveId, why: line as LeftOut });
        continue;
      }
      held += line;
      if (held.length < WRITTEN_TOGETHER) continue;
      await file.write(held);
      held = '';
    }
    await file.write(held);
    await file.finish();
  } finally {
    await file.close();
  }
  reporter.report({ type: 'notice', notice: 'exported', path, exported, leftOut });
  if (!isStdout) await context.result(exportedJson(path, exported, leftOut), null);
}

/** Returns a function that gives the line of an archive, or why it has none. */
function journalLine({ io, options, given }: CommandContext<Options>): (entry: CatalogueEntry) => string {
  const { url: target } = vaultOf(given, options.filter.target ?? '');
  const base = io.absolute(options.own.base ?? '.');
  return (entry) => {
    const archive = journalArchive(entry, { target, base });
    return typeof archive === 'string' ? archive : formatCreated(archive);
  };
}

function standardOutput(stdout: CommandContext['io']['stdout']): TextFile {
  return {
    write: async (text) => {
      if (text !== '') await stdout.line(text.replace(/\n$/, ''));
    },
    finish: async () => undefined,
    close: async () => undefined,
  };
}
