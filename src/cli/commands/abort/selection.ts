/** The uploads that `abort` takes, and the session in which it takes them. */
import { TransferError } from '../../../core/failures.js';
import type { TargetUrl } from '../../../core/target-url.js';
import type { AbortSession } from '../../../transfer/abort.js';
import type { Reporter } from '../../../ui/progress/reporter-parts.js';
import { systemClock } from '../../clock.js';
import { connectTarget, openArchives, openKnownFleets, openState, resolveTarget } from '../../compose.js';
import type { ServiceIo } from '../../io.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import type { Options } from './command.js';

interface AbortContext {
  readonly io: ServiceIo;
  readonly options: Options;
  readonly reporter: Pick<Reporter, 'report'>;
}

/** Which uploads are aborted. */
export interface Selection {
  readonly ids: readonly string[];
  readonly olderThanMs: number | null;
  readonly all: boolean;
}

/** Opens the target and the state. The catalogue only adds a detail to a failure, so that abort works without one. */
export async function openAbort(
  { io, options: typed, reporter }: AbortContext,
  url: TargetUrl,
): Promise<AbortSession> {
  const options = { ...typed, transfer: { ...DEFAULT_TRANSFER, ...typed.lock } };
  const state = openState(options);
  const catalogue = options.catalogue.known === null ? null : openArchives(options);
  const resolved = await resolveTarget(io, options, url);
  const connected = await connectTarget(io, options, resolved, { create: false, reporter });
  const { report } = reporter;
  const { lockWaitMs } = options.transfer;
  const fleets = openKnownFleets(options);
  const own = { state, catalogue, fleets, report, clock: systemClock, signal: io.signal, lockWaitMs };
  return { ...connected, ...own };
}

/** @throws TransferError `usage` unless exactly one way of choosing is given */
export function readSelection({ uploadIds, olderThanMs, all }: Options['own']): Selection {
  const ways = [uploadIds.length > 0, olderThanMs !== null, all].filter(Boolean).length;
  if (ways !== 1 || uploadIds.includes('')) {
    throw new TransferError('usage', {
      what: 'abort',
      why: ways > 1 ? 'only one of --upload-id, --older-than and --all is allowed' : 'no upload is named',
      hint: 'name them with --upload-id=ID, --older-than 12h or --all',
    });
  }
  // The same id twice would be reported as unknown the second time.
  return { ids: [...new Set(uploadIds)], olderThanMs, all };
}
