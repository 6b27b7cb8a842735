import { cleanUp } from '../../../core/clean-up.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { removeManifest } from '../../../state/fleet/manifest.js';
import { abortFleet } from '../../../transfer/fleet/abort.js';
import { abortedJson } from '../../../ui/json.js';
import { safeWhole } from '../../../ui/text/safe-text.js';
import { systemClock } from '../../clock.js';
import type { CommandContext } from '../../command.js';
import { openArchives, openKnownFleets } from '../../compose.js';
import { ownKey } from '../../object-key.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import type { AbortOptions } from './command.js';
import { connectFleet, readFleet } from './open-fleet.js';

/** `calve fleet abort MANIFEST` */
export async function abort(
  context: CommandContext<AbortOptions>,
  [word = '']: readonly string[],
): Promise<void> {
  const { io, reporter } = context;
  const options = { ...context.options, transfer: { ...DEFAULT_TRANSFER, ...context.options.lock } };
  const fleet = await readFleet(context, word);
  const catalogue = options.catalogue.known === null ? null : openArchives(options);
  const connected = await connectFleet(context, options, fleet);
  try {
    const session = {
      ...connected,
      ...options.transfer,
      catalogue,
      report: reporter.report,
      clock: systemClock,
      signal: io.signal,
    };
    const { uploadId, answer } = await abortFleet(session, fleet, () => removeManifest(fleet.manifestPath));
    await openKnownFleets(options).forget(uploadId);
    const { url } = fleet.manifest.target;
    const object = abortedJson({ uploadId, target: url, key: ownKey(parseTargetUrl(url)) }, answer);
    await context.result(object, `aborted\t${safeWhole(uploadId)}`);
  } finally {
    await cleanUp(() => connected.target.close());
  }
}
