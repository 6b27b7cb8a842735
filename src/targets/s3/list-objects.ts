/** Lists the objects of a bucket. The older list is used, because OBS and some other stores have no other one. */
import type {
  _Object as ListedObject,
  ListObjectsCommandInput,
  ListObjectsCommandOutput,
} from '@aws-sdk/client-s3';
import { isFailure } from '../../core/failures.js';
import { namesMany, parseTargetUrl, withKey } from '../../core/target-url.js';
import type { ArchivesPage, ListedArchive, RestoreState } from '../../transfer/ports/archive-list.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import type { BucketCaller } from './client.js';
import type { Dialect } from './dialect.js';
import type { Operation } from './failures.js';
import { bareEtag } from './hashes.js';

export interface ObjectLister {
  readonly caller: BucketCaller;
  readonly operation: Operation;
  readonly dialect: Dialect;
  /** The target: a bucket, a key prefix that ends in `/`, or one key. */
  readonly url: string;
  readonly restores: RestoreQuestion;
}

/** `isAsked`: true if a list is asked for the restores of cold objects. The targets of all keys share it. */
export interface RestoreQuestion {
  isAsked: boolean;
}

/** Source: Amazon S3 API reference, ListObjects. @throws TransferError `unreachable` for a response without a list */
export async function listObjectsPage(
  lister: ObjectLister,
  marker: string | null,
  signal: AbortSignal,
): Promise<ArchivesPage> {
  const { operation, url } = lister;
  const isMany = namesMany(parseTargetUrl(url));
  const { bucket, key } = operation;
  const input = {
    Bucket: bucket,
    ...(key !== '' && { Prefix: key }),
    // The list is sorted, so that the key comes before the keys that begin with it.
    ...(!isMany && { MaxKeys: 1 }),
    ...(marker !== null && { Marker: marker }),
    // XML cannot have every character of a key.
    EncodingType: 'url' as const,
  };
  const response = await requestList(lister, input, signal);
  if (response.IsTruncated === undefined || response.Name === undefined) {
    throw incompleteResponse(operation, 'list of objects');
  }
  const decode = keyDecoder(response, operation);
  const objects = (response.Contents ?? []).map((object) => ({ object, key: decode(object.Key) }));
  const wanted = objects.filter((each) => isMany || each.key === key);
  const archives = wanted.map((each) => listedArchive(lister, each.key, each.object));
  if (!isMany || !response.IsTruncated) return { archives, marker: null };
  // S3 gives no marker unless keys are grouped. Some stores do, and leave its encoding out.
  const next = objects.at(-1)?.key ?? decode(response.NextMarker);
  return { archives, marker: readId(next, operation, 'marker of the next page') };
}

/** Most stores ignore the question for restores. One that refuses the request is asked without it from then on. */
async function requestList(
  lister: ObjectLister,
  input: ListObjectsCommandInput,
  signal: AbortSignal,
): Promise<ListObjectsCommandOutput> {
  const { caller, operation, restores } = lister;
  const { isAsked } = restores;
  const asked = isAsked ? { OptionalObjectAttributes: ['RestoreStatus' as const] } : {};
  try {
    return await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListObjectsCommand({ ...input, ...asked }), send),
    );
  } catch (error) {
    if (!isAsked || !isFailure(error, 'refused') || error.facts.why !== 'rejected') throw error;
    restores.isAsked = false;
    return requestList(lister, input, signal);
  }
}

/** Returns a function that undoes the encoding of keys, which a store may have ignored. */
function keyDecoder(
  { EncodingType }: ListObjectsCommandOutput,
  operation: Operation,
): (key: string | undefined) => string {
  return (key) => {
    try {
      const text = EncodingType === 'url' ? decodeURIComponent(`${key}`.replaceAll('+', ' ')) : key;
      return readId(text, operation, 'key of an object');
    } catch (error) {
      throw error instanceof URIError ? incompleteResponse(operation, 'key that can be read') : error;
    }
  };
}

function listedArchive(
  { dialect, operation, url }: ObjectLister,
  key: string,
  object: ListedObject,
): ListedArchive {
  const { Size: sizeBytes, LastModified, StorageClass = 'STANDARD' } = object;
  if (!Number.isSafeInteger(sizeBytes) || Number(sizeBytes) < 0 || LastModified === undefined) {
    throw incompleteResponse(operation, 'size or date of an object');
  }
  return {
    archiveId: withKey(url, key),
    sizeBytes: Number(sizeBytes),
    treeHash: null,
    etag: bareEtag(object.ETag),
    description: null,
    createdAt: LastModified.toISOString(),
    storageClass: dialect.ownClass(StorageClass),
    restore: restoreState(object),
  };
}

function restoreState({ RestoreStatus }: ListedObject): RestoreState | null {
  if (RestoreStatus?.IsRestoreInProgress === true) return 'restoring';
  return RestoreStatus?.RestoreExpiryDate === undefined ? null : 'restored';
}
