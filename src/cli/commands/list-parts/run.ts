import { cleanUp } from '../../../core/clean-up.js';
import { withContext } from '../../../core/failures.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { listPartsPages } from '../../../transfer/list-parts.js';
import { type PartJson, partJson } from '../../../ui/json.js';
import { partsTable } from '../../../ui/tables/tables.js';
import type { CommandContext } from '../../command.js';
import { connectTarget, resolveTarget } from '../../compose.js';
import { checkKey } from '../../object-key.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import { rowPrinter } from '../../results.js';
import type { Options } from './command.js';

/** `calve list-parts TARGET --upload-id ID` */
export async function listParts(context: CommandContext<Options>, words: readonly string[]): Promise<void> {
  const { io, reporter } = context;
  const options = { ...context.options, transfer: DEFAULT_TRANSFER };
  const url = parseTargetUrl(words[0] ?? '');
  checkKey(url, 'list-parts');
  const uploadId = options.own.uploadId ?? '';
  const resolved = await resolveTarget(io, options, url);
  const { target } = await connectTarget(io, options, resolved, { create: false, reporter });
  try {
    const printer = rowPrinter<PartJson>(context, partsTable);
    for await (const page of listPartsPages(target, uploadId, io.signal)) {
      for (const part of page.parts) await printer.print(partJson(part, page.partSizeBytes));
    }
    await printer.end();
  } catch (error) {
    throw withContext(error, { target: url.url, uploadId });
  } finally {
    await cleanUp(() => target.close());
  }
}
