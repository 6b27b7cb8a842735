import { finishFleet } from '../../../transfer/fleet/finish.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openKnownFleets } from '../../compose.js';
import { printArchive } from '../../results.js';
import type { FinishOptions } from './command.js';
import { connectFleet, openFileSession, readFleet } from './open-fleet.js';

/** `calve fleet finish MANIFEST [--verify]` */
export async function finish(
  context: CommandContext<FinishOptions>,
  [word = '']: readonly string[],
): Promise<void> {
  const { io, options } = context;
  const { own } = options;
  const fleet = await readFleet(context, word);
  const catalogue = openArchives(options);
  const connected = await connectFleet(context, options, fleet);
  const { session, close } = openFileSession(context, connected);
  try {
    const file = own.file === null ? null : io.absolute(own.file);
    const result = await finishFleet({ ...session, catalogue }, fleet, {
      file,
      ignoreMtime: own.ignoreMtime,
      verify: own.verify,
    });
    await openKnownFleets(options).forget(fleet.manifest.uploadId);
    await printArchive(context, result);
  } finally {
    await close();
  }
}
