import { cleanUp } from '../../../core/clean-up.js';
import { fleetStatus } from '../../../transfer/fleet/status.js';
import { fleetJson, type ShareRow, shareJson } from '../../../ui/fleet-json.js';
import { jsonLine } from '../../../ui/json.js';
import { fleetLineOfStatus, sharesTable } from '../../../ui/tables/shares-table.js';
import type { CommandContext } from '../../command.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import { showsUnicode } from '../../reporter.js';
import { tableOptions } from '../../results.js';
import type { StatusOptions } from './command.js';
import { connectFleet, readFleet } from './open-fleet.js';

/** `calve fleet status MANIFEST` */
export async function status(
  context: CommandContext<StatusOptions>,
  [word = '']: readonly string[],
): Promise<void> {
  const { io, output, reporter } = context;
  const fleet = await readFleet(context, word);
  const options = { ...context.options, transfer: DEFAULT_TRANSFER };
  const connected = await connectFleet(context, options, fleet);
  try {
    const session = { ...connected, report: reporter.report, signal: io.signal };
    const { shares, archive } = await fleetStatus(session, fleet);
    const partsDone = shares.reduce((sum, { held }) => sum + held.size, 0);
    const summary = fleetJson(fleet.manifestPath, fleet.manifest, { partsDone, archive });
    const rows: ShareRow[] = shares.map((share) => ({ ...shareJson(share), share }));
    if (output.json) {
      await io.stdout.line(jsonLine(summary));
      for (const { share } of rows) await io.stdout.line(jsonLine(shareJson(share)));
      return;
    }
    const unicode = showsUnicode(io);
    const tableForm = { ...tableOptions(context), unicode };
    await io.stdout.line(sharesTable(rows, tableForm).trimEnd());
    if (io.stdout.isTerminal) await io.stdout.line(fleetLineOfStatus(summary, shares, unicode));
  } finally {
    await cleanUp(() => connected.target.close());
  }
}
