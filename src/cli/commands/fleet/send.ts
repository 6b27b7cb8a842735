import { hostname } from 'node:os';
import { chooseShard, indexesOf } from '../../../core/fleet.js';
import { type ShareResult, sendShare } from '../../../transfer/fleet/send.js';
import { sentShareJson } from '../../../ui/fleet-json.js';
import type { CommandContext } from '../../command.js';
import { openKnownFleets } from '../../compose.js';
import type { SendOptions } from './command.js';
import { connectFleet, openFileSession, readFleet } from './open-fleet.js';

type Context = CommandContext<SendOptions>;

/** `calve fleet send MANIFEST [--shard K] [--file PATH]` */
export async function send(context: Context, [word = '']: readonly string[]): Promise<void> {
  const { io, options, given } = context;
  const { own } = options;
  if (own.receipts.length > 1) given.refuse('--receipts', 'a run writes the receipts to one folder');
  const read = await readFleet(context, word);
  const { manifest } = read;
  const shard = chooseShard(own.shard, io.env, manifest.shards);
  const fleet = { ...read, words: { ...read.words, shard } };
  const print = (result: ShareResult): Promise<void> =>
    context.result(sentShareJson(fleet, result), `sent\t${result.shard}`);
  // There are more shares than parts: there is no part to send, whatever this machine has.
  if (indexesOf(shard, manifest.plan.partCount, manifest).length === 0) return print(emptyShare(shard));
  const connected = await connectFleet(context, options, fleet);
  const { manifestPath } = fleet;
  const known = { uploadId: manifest.uploadId, manifestPath, receiptsPath: fleet.folder.path };
  await openKnownFleets(options).note(known);
  const { session, close } = openFileSession(context, connected);
  try {
    const file = own.file === null ? null : io.absolute(own.file);
    const { ignoreMtime, replace } = own;
    await print(await sendShare(session, fleet, { shard, file, ignoreMtime, replace, host: hostname() }));
  } finally {
    await close();
  }
}

function emptyShare(shard: number): ShareResult {
  return {
    shard,
    parts: 0,
    partsSent: 0,
    partsReused: 0,
    bytesSent: 0,
    durationMs: 0,
    isFinished: false,
  };
}
