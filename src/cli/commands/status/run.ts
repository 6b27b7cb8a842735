import { schemeOf } from '../../../core/target-url.js';
import { TARGETS } from '../../../targets/registry.js';
import type { UnfinishedUpload } from '../../../transfer/ports/state.js';
import { jsonLine, unfinishedJson } from '../../../ui/json.js';
import { partMap } from '../../../ui/tables/part-map.js';
import { unfinishedTable } from '../../../ui/tables/tables.js';
import { systemClock } from '../../clock.js';
import type { CommandContext } from '../../command.js';
import { openState } from '../../compose.js';
import { showsUnicode } from '../../reporter.js';
import { tableOptions } from '../../results.js';
import type { Options } from './command.js';

const MAP_CELLS_MAX = 24;

/** `calve status` asks no service. */
export async function status(context: CommandContext<Options>): Promise<void> {
  const { io, options, output } = context;
  const uploads = await openState(options).all();
  if (output.json) {
    for (const upload of uploads) await io.stdout.line(jsonLine(toJson(upload)));
    return;
  }
  const unicode = showsUnicode(io);
  const rows = uploads.map((upload) => ({
    ...toJson(upload),
    description: upload.head.description,
    map: partMap(upload.head.plan.partCount, upload.parts, { cellsMax: MAP_CELLS_MAX, unicode }),
  }));
  const table = unfinishedTable(rows, { ...tableOptions(context), nowMs: systemClock.nowMs() });
  await io.stdout.line(table.trimEnd());
}

function toJson(upload: UnfinishedUpload) {
  const scheme = schemeOf(upload.head.identity.target.url);
  return unfinishedJson(upload, TARGETS[scheme].capabilities.idleExpiryMs);
}
