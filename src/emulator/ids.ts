/** Ids of the lengths and the alphabet that captures of the live service show. */
import { randomBytes, randomInt } from 'node:crypto';

const UPLOAD_OR_JOB_ID_LENGTH = 92;
const ARCHIVE_ID_LENGTH = 138;
const REQUEST_ID_LENGTH = 47;

function randomId(length: number): string {
  return randomBytes(Math.ceil((length * 3) / 4))
    .toString('base64url')
    .slice(0, length);
}

/** About one in four begins with `-`, so that a client whose options cannot carry that is found out soon. */
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

/** Whether a word may be looked up on disk: nothing else ever becomes part of a path. */
export function isUploadOrJobId(word: string): boolean {
  return word.length === UPLOAD_OR_JOB_ID_LENGTH && /^[A-Za-z0-9_-]+$/.test(word);
}

export function isArchiveId(word: string): boolean {
  return word.length === ARCHIVE_ID_LENGTH && /^[A-Za-z0-9_-]+$/.test(word);
}
