import type { JoinedUpload } from '../transfer/abort.js';
import type { Session } from '../transfer/session.js';
import { type UploadJson, uploadJson } from '../ui/json.js';

/** An upload in progress as `list-uploads` and abort's dry run print it. */
export function joinedJson(session: Session, { open, local }: JoinedUpload): UploadJson {
  const progress = local && {
    file: local.head.identity.file,
    partsDone: local.parts.size,
    parts: local.head.plan.partCount,
  };
  return uploadJson(open, session.place.url, progress);
}
