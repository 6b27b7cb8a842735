/** Opens what the commands of a fleet work with: the manifest, the receipts and the target. */
import { cleanUp } from '../../../core/clean-up.js';
import { isLoopbackEndpoint } from '../../../core/endpoint.js';
import type { FleetWords } from '../../../core/failures.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { openFleetFolder, receiptsFolderOf } from '../../../state/fleet/fleet-folder.js';
import { readManifest } from '../../../state/fleet/manifest.js';
import type { Fleet } from '../../../transfer/fleet/fleet.js';
import { headOf } from '../../../transfer/fleet/manifest-facts.js';
import { sessionAt } from '../../../transfer/session.js';
import { systemClock } from '../../clock.js';
import type { CommandContext } from '../../command.js';
import { type ConnectedTarget, connectTarget, openSources, resolveRecorded } from '../../compose.js';
import type { TargetOptions } from '../../options/session.js';

/**
 * Adds to a target what reads the file of this machine. `close` ends both.
 * @param context its options say how the file is read and sent
 */
export function openFileSession<Connected extends ConnectedTarget>(
  {
    io,
    options,
    reporter,
  }: Pick<CommandContext<Pick<TargetOptions, 'transfer'>>, 'io' | 'options' | 'reporter'>,
  connected: Connected,
) {
  const { close: closeSources, ...sources } = openSources(options);
  const { report } = reporter;
  const own = { ...options.transfer, report, clock: systemClock, signal: io.signal };
  const close = (): Promise<void> => cleanUp(closeSources, () => connected.target.close());
  return { session: { ...connected, ...sources, ...own }, close };
}

/** The options that say where a fleet's receipts are. */
type FleetOptions = Pick<TargetOptions, 'service'> & {
  readonly own: { readonly receipts: readonly string[] };
};

/**
 * Reads the manifest. Asks no service.
 * @throws TransferError `manifest`
 */
export async function readFleet(
  { io, options }: Pick<CommandContext<FleetOptions>, 'io' | 'options'>,
  word: string,
): Promise<Fleet> {
  const manifestPath = io.absolute(word);
  const manifest = await readManifest(manifestPath);
  const receipts = options.own.receipts.map((folder) => io.absolute(folder));
  const [path = receiptsFolderOf(manifestPath), ...others] = receipts;
  const folder = openFleetFolder({ path, others, uploadId: manifest.uploadId });
  const words: FleetWords = { manifest: manifestPath, receipts, endpoint: namedEndpoint(options) };
  return { manifest, manifestPath, folder, words };
}

/** Returns the endpoint that the user has named to confirm that of the manifest; null: there was no need to. */
function namedEndpoint({ service: { endpoint, typed } }: FleetOptions): string | null {
  const isNeeded = endpoint !== null && !isLoopbackEndpoint(endpoint) && typed.includes('--endpoint-url');
  return isNeeded ? endpoint : null;
}

/**
 * Reaches the target of a manifest. Its `close` ends the connections.
 * @throws TransferError `refused` (`endpoint-unconfirmed`): a manifest that somebody changed must not send credentials
 * elsewhere
 */
export async function connectFleet(
  { io, reporter }: CommandContext,
  options: TargetOptions,
  { manifest, manifestPath }: Fleet,
): Promise<ConnectedTarget> {
  const recorded = { head: headOf(manifest), journalPath: manifestPath };
  const resolved = await resolveRecorded(io, options, recorded, 'use the manifest');
  const connected = await connectTarget(io, options, resolved, { create: false, reporter });
  return sessionAt(connected, parseTargetUrl(manifest.target.url).key || null);
}
