/** Compares the tags of an object with those that were asked for: some stores drop the tags of an upload in parts. */
import type { ArchiveRemark } from '../../transfer/ports/target.js';
import type { Operation } from './failures.js';
import type { ObjectReader } from './head-object.js';

/**
 * Never fails, because the object is made.
 * @param tagging `k1=v1&k2=v2`, the format of the header
 * @returns null if the object has these tags
 */
export async function compareTags(
  { caller, address }: ObjectReader,
  tagging: string,
  signal: AbortSignal,
): Promise<ArchiveRemark | null> {
  const operation: Operation = { name: 'GetObjectTagging', ...address, uploadId: null, sent: null };
  const input = { Bucket: address.bucket, Key: address.key };
  try {
    const { TagSet = [] } = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.GetObjectTaggingCommand(input), send),
    );
    const tags = new Map(TagSet.map(({ Key, Value }) => [Key, Value]));
    const hasAll = [...new URLSearchParams(tagging)].every(([key, value]) => tags.get(key) === value);
    return hasAll ? null : 'tags-missing';
  } catch {
    return 'tags-unchecked';
  }
}
