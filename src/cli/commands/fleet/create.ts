import { basename } from 'node:path';
import { TransferError } from '../../../core/failures.js';
import { looksLikeTarget, parseTargetUrl, urlOfFile } from '../../../core/target-url.js';
import { receiptsFolderOf } from '../../../state/fleet/fleet-folder.js';
import { manifestPlace } from '../../../state/fleet/manifest-place.js';
import { withMaxParts } from '../../../transfer/decorators/max-parts.js';
import { createFleet } from '../../../transfer/fleet/create.js';
import { sessionAt } from '../../../transfer/session.js';
import { fleetJson } from '../../../ui/fleet-json.js';
import { safeWhole } from '../../../ui/text/safe-text.js';
import type { CommandContext } from '../../command.js';
import { connectTarget, openKnownFleets, resolveTarget } from '../../compose.js';
import { ownKey } from '../../object-key.js';
import { readArchiveOptions, withObjectSettings } from '../upload/upload-options.js';
import type { CreateOptions } from './command.js';
import { openFileSession } from './open-fleet.js';

type Context = CommandContext<CreateOptions>;

/** `calve fleet create FILE TARGET --shards N --manifest M` */
export async function create(context: Context, words: readonly string[]): Promise<void> {
  const { io, reporter, given } = context;
  const { own, plan } = context.options;
  const [word = '', target = ''] = words;
  if (!looksLikeTarget(target)) throw notTarget(target);
  if (given.isTyped('--allow-empty'))
    given.refuse('--allow-empty', 'it is for streams, and a fleet sends a file');
  const url = urlOfFile(parseTargetUrl(target), basename(word));
  const archive = readArchiveOptions(context, url);
  const options = withObjectSettings(context.options);
  const place = manifestPlace(io.absolute(own.manifest ?? ''));
  const resolved = await resolveTarget(io, options, url);
  const connected = sessionAt(
    await connectTarget(io, options, resolved, { create: true, reporter }),
    ownKey(url),
  );
  const { session: opened, close } = openFileSession(context, connected);
  try {
    const session = { ...opened, target: withMaxParts(opened.target, plan.maxParts) };
    const { shards, interleave, hash } = own;
    const asked = { ...archive, file: io.absolute(word), shards: shards ?? 1, interleave, hash };
    const { manifest } = await createFleet(session, place, asked);
    const { uploadId } = manifest;
    const receiptsPath = receiptsFolderOf(place.path);
    await openKnownFleets(options).note({ uploadId, manifestPath: place.path, receiptsPath });
    await context.result(fleetJson(place.path, manifest, null), safeWhole(uploadId));
  } finally {
    await close();
  }
}

function notTarget(word: string): TransferError<'usage'> {
  return new TransferError('usage', {
    what: 'fleet create',
    why: `the second word must be the target; ${word} is not a target`,
    hint: 'for example: calve fleet create disk.img glacier://images --shards 8 --manifest disk.fleet',
  });
}
