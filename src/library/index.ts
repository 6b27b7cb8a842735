/**
 * calve as a library: the use cases of the command line, for programs. docs/library.md describes it. The functions print
 * nothing, and touch neither the exit number nor the signals of the process. Their code loads with the first call.
 */
import type {
  AbortOptions,
  AuditOptions,
  FileUrl,
  ListPartsOptions,
  PlaceOptions,
  ResumeOptions,
  Source,
  UploadOptions,
  VerifyOptions,
} from './options.js';
import type {
  Aborted,
  Archive,
  Audited,
  AuditSummary,
  Hashed,
  Part,
  Unfinished,
  Upload,
  Verified,
} from './results.js';
import { withSource } from './taken-source.js';

/**
 * Uploads a file or a stream as one archive or object. A file continues where an earlier call, or the command line,
 * stopped, and nothing is sent for a file that the catalogue has already.
 * @param target `glacier://VAULT`, `s3://BUCKET/KEY`, `obs://BUCKET/KEY` or `local://VAULT`
 * @throws CalveError
 */
export async function upload(source: Source, target: string, options: UploadOptions = {}): Promise<Archive> {
  return withSource(source, async () => {
    const { uploadSource } = await import('./upload.js');
    return uploadSource(source, target, options);
  });
}

/**
 * Continues an unfinished upload: one that the state folder knows, by its file, its stream's name or its id, or with a
 * target and an `uploadId` one that only the service knows.
 * @throws CalveError
 */
export async function resume(upload: string | FileUrl, options?: ResumeOptions): Promise<Archive>;
export async function resume(
  source: Source,
  target: string,
  options: ResumeOptions & { readonly uploadId: string },
): Promise<Archive>;
export async function resume(
  source: Source,
  targetOrOptions: string | ResumeOptions = {},
  options: ResumeOptions = {},
): Promise<Archive> {
  return withSource(source, async () => {
    const { resumeSource } = await import('./resume.js');
    return typeof targetOrOptions === 'string'
      ? resumeSource(source, targetOrOptions, options)
      : resumeSource(source, null, targetOrOptions);
  });
}

/**
 * Aborts uploads, without a question. The service deletes the parts that were sent.
 * @returns the uploads that were aborted
 * @throws CalveError the first failure, after the other uploads were tried
 */
export async function abort(target: string, options: AbortOptions): Promise<Aborted[]> {
  const { abortUploads } = await import('./abort.js');
  return abortUploads(target, options);
}

/** Yields the uploads in progress on the service, page by page. @throws CalveError */
export async function* listUploads(
  target: string,
  options: PlaceOptions = {},
): AsyncGenerator<Upload, void, undefined> {
  const { eachUpload } = await import('./lists.js');
  yield* eachUpload(target, options);
}

/** Yields the parts of an upload that the service has, page by page. @throws CalveError */
export async function* listParts(
  target: string,
  options: ListPartsOptions,
): AsyncGenerator<Part, void, undefined> {
  const { eachPart } = await import('./lists.js');
  yield* eachPart(target, options);
}

/** Yields the unfinished uploads that the state folder knows. Asks no service. @throws CalveError */
export async function* status(options: PlaceOptions = {}): AsyncGenerator<Unfinished, void, undefined> {
  const { eachUnfinished } = await import('./lists.js');
  yield* eachUnfinished(options);
}

/** Computes the SHA-256 tree hash of a file or a stream. @throws CalveError */
export async function hash(source: Source, options: PlaceOptions = {}): Promise<Hashed> {
  return withSource(source, async () => {
    const { hashSource } = await import('./files.js');
    return hashSource(source, options);
  });
}

/**
 * Checks that a file still has the tree hash that was archived. Asks no service.
 * @throws CalveError `checksum` if the file differs; `not-found` if the catalogue does not have it
 */
export async function verify(file: string | FileUrl, options: VerifyOptions = {}): Promise<Verified> {
  return withSource(file, async () => {
    const { verifySource } = await import('./files.js');
    return verifySource(file, options);
  });
}

/**
 * Compares the catalogue with what the service holds. Yields one result for each archive, and last a summary. An archive
 * that is missing or different is a result, not an error.
 * @throws CalveError `inventory-pending` while a vault makes its inventory
 */
export async function* audit(
  target: string,
  options: AuditOptions = {},
): AsyncGenerator<Audited | AuditSummary, void, undefined> {
  const { eachAudited } = await import('./audit.js');
  yield* eachAudited(target, options);
}

export type { FailureFacts, FailureKind, ServiceResponse } from '../core/failures.js';
export type { TransferEvent } from '../transfer/events.js';
export { type AnyCalveError, CalveError } from './calve-error.js';
export type * from './options.js';
export type * from './results.js';
