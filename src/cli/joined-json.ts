import { sourceName } from '../core/identity.js';
import { storesObjects, type TargetUrl } from '../core/target-url.js';
import type { JoinedUpload } from '../transfer/list.js';
import { type Session, sessionAt } from '../transfer/session.js';
import { type UploadJson, uploadJson } from '../ui/json.js';
import { keyedUploadsTable, uploadsTable } from '../ui/tables/tables.js';

/** The table that uploads to this target are listed in. */
export function uploadsTableFor({ scheme }: TargetUrl): typeof uploadsTable {
  return storesObjects(scheme) ? keyedUploadsTable : uploadsTable;
}

/** An upload in progress as `list-uploads` and abort's dry run print it. */
export function joinedJson(session: Session, { open, local }: JoinedUpload): UploadJson {
  const progress = local && {
    file: sourceName(local.head.identity.source),
    partsDone: local.parts.size,
    parts: local.head.plan.partCount,
  };
  return uploadJson(open, sessionAt(session, open.key).targetIdentity.url, progress);
}
