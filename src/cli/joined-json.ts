import { sourceName } from '../core/identity.js';
import type { JoinedUpload, ListSession } from '../transfer/list.js';
import { sessionAt } from '../transfer/session.js';
import { type UploadJson, uploadJson } from '../ui/json.js';

/** Returns an upload in progress as `list-uploads` and the dry run of `abort` print it. */
export function joinedJson(session: ListSession, { open, local }: JoinedUpload): UploadJson {
  const progress = local && {
    file: sourceName(local.head.identity.source),
    partsDone: local.parts.size,
    parts: local.head.plan.partCount,
  };
  return uploadJson(open, sessionAt(session, open.key).targetIdentity.url, progress);
}
