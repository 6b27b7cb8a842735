import { cleanUp } from '../../../core/clean-up.js';
import { finishFleet } from '../../../transfer/fleet/finish.js';
import { systemClock } from '../../clock.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openKnownFleets, openSources } from '../../compose.js';
import { printArchive } from '../../results.js';
import type { FinishOptions } from './command.js';
import { connectFleet, readFleet } from './open-fleet.js';

/** `calve fleet finish MANIFEST [--verify]` */
export async function finish(
  context: CommandContext<FinishOptions>,
  [word = '']: readonly string[],
): Promise<void> {
  const { io, options, reporter } = context;
  const { own, transfer } = options;
  const fleet = await readFleet(context, word);
  const catalogue = openArchives(options);
  const connected = await connectFleet(context, options, fleet);
  const { close: closeSources, ...sources } = openSources(options);
  try {
    const session = {
      ...connected,
      ...sources,
      ...transfer,
      catalogue,
      report: reporter.report,
      clock: systemClock,
      signal: io.signal,
    };
    const file = own.file === null ? null : io.absolute(own.file);
    const result = await finishFleet(session, fleet, {
      file,
      ignoreMtime: own.ignoreMtime,
      verify: own.verify,
    });
    await openKnownFleets(options).forget(fleet.manifest.uploadId);
    await printArchive(context, result);
  } finally {
    await cleanUp(closeSources, () => connected.target.close());
  }
}
