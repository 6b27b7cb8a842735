/** Random ids, with the lengths and the alphabet that recorded responses of the live service show. */
import { randomBytes, randomInt } from 'node:crypto';

const UPLOAD_OR_JOB_ID_LENGTH = 92;
const ARCHIVE_ID_LENGTH = 138;
const REQUEST_ID_LENGTH = 47;

function randomId(length: number): string {
  return randomBytes(Math.ceil((length * 3) / 4))
    .toString('base64url')
    .slice(0, length);
}

/** About one id in four begins with `-`, which soon exposes a client whose option parser cannot handle that. */
export function newUploadId(): string {
  const id = randomId(UPLOAD_OR_JOB_ID_LENGTH);
  return randomInt(4) === 0 ? `-${id.slice(1)}` : id;
}

export function newJobId(): string {
  return randomId(UPLOAD_OR_JOB_ID_LENGTH);
}

export function newArchiveId(): string {
  return randomId(ARCHIVE_ID_LENGTH);
}

export function newRequestId(): string {
  return randomId(REQUEST_ID_LENGTH);
}

/** Returns true for a well-formed id. Only a well-formed id may become part of a path on disk. */
export function isUploadOrJobId(word: string): boolean {
  return word.length === UPLOAD_OR_JOB_ID_LENGTH && /^[A-Za-z0-9_-]+$/.test(word);
}

export function isArchiveId(word: string): boolean {
  return word.length === ARCHIVE_ID_LENGTH && /^[A-Za-z0-9_-]+$/.test(word);
}
