/** The headers that guard the bytes of a request, and the comparison of the store's answer with them. */
import { TransferError } from '../../core/failures.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { PartReceipt } from '../../transfer/ports/target.js';
import { incompleteResponse } from '../aws/failures.js';
import type { ResponseHead } from '../aws/repeated-request.js';
import type { Operation } from './failures.js';
import { bareEtag, base64OfHex, isMd5 } from './hashes.js';
import type { PartGuard } from './part-guard.js';

/** The facts that a request states about its bytes. */
export interface Guarding {
  readonly guard: PartGuard;
  /** The MD5 of the bytes in hex; null if it is not sent. */
  readonly md5: string | null;
  /** True if the ETag of the answer is the MD5 of the bytes on every store of this dialect, so that the two are compared. */
  readonly isEtagMd5: boolean;
}

/** The store has taken a part whose bytes the signature did not cover, and does not say that it compared the checksum. */
export class UnconfirmedPartError extends Error {
  override readonly name = 'UnconfirmedPartError';
}

/** The checksum of a part as its header and as the field of the SDK, without which the SDK would choose one of its own. */
interface PartChecksum {
  readonly header: 'x-amz-checksum-sha256' | 'x-amz-checksum-crc32';
  readonly field: 'ChecksumSHA256' | 'ChecksumCRC32';
  /** Base64. */
  readonly value: string;
}

/** A part with what its request says about the bytes. */
export interface DescribedPart {
  readonly guarding: Guarding;
  readonly part: PreparedPart;
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: PartChecksum | null;
}

/**
 * Returns the headers that describe a part. If the signature covers the linear hash, a store that checks signatures
 * refuses damaged bytes. In both cases the SDK does not hash the body again.
 */
export async function describePart(guarding: Guarding, part: PreparedPart): Promise<DescribedPart> {
  const { guard, md5 } = guarding;
  const { isSigned } = guard;
  const checksum = await checksumOf(guard, part);
  const headers = {
    'content-length': String(part.range.sizeBytes),
    'x-amz-content-sha256': isSigned ? await part.digest('sha256') : 'UNSIGNED-PAYLOAD',
    ...(checksum !== null && { [checksum.header]: checksum.value }),
    ...(md5 !== null && { 'content-md5': base64OfHex(md5) }),
  };
  return { guarding, part, headers, checksum };
}

async function checksumOf({ checksum }: PartGuard, part: PreparedPart): Promise<PartChecksum | null> {
  if (checksum === null) return null;
  const isSha256 = checksum === 'SHA256';
  const value = base64OfHex(await part.digest(isSha256 ? 'sha256' : 'crc32'));
  return isSha256
    ? { header: 'x-amz-checksum-sha256', field: 'ChecksumSHA256', value }
    : { header: 'x-amz-checksum-crc32', field: 'ChecksumCRC32', value };
}

/** Returns true if the store encrypts with keys of its key service or of the customer: an ETag is then not an MD5. */
function isKeyEncrypted({ headers }: ResponseHead): boolean {
  const sse = headers['x-amz-server-side-encryption'];
  const customer = headers['x-amz-server-side-encryption-customer-algorithm'];
  return customer !== undefined || (sse !== undefined && sse !== 'AES256');
}

/** A receipt, and whether the store has repeated the checksum of the request. */
export interface ConfirmedReceipt extends PartReceipt {
  readonly etag: string;
  readonly isConfirmed: boolean;
}

/** @throws UnconfirmedPartError; TransferError `checksum` (retryClass `corrupt`) */
export function receiptOf(
  response: ResponseHead,
  { guarding, part, checksum }: DescribedPart,
  operation: Operation,
): ConfirmedReceipt {
  const etag = bareEtag(response.headers['etag']);
  if (etag === null) throw incompleteResponse(operation, 'ETag');
  const failChecksum = (expected: string, got: string): never => {
    const facts = { what: 'part', index: part.range.index, expected, got } as const;
    throw new TransferError('checksum', facts, { retryClass: 'corrupt' });
  };
  const confirmed = checksum === null ? undefined : response.headers[checksum.header];
  if (confirmed !== undefined && confirmed !== checksum?.value) {
    failChecksum(checksum?.value ?? '', confirmed);
  }
  const { md5, isEtagMd5, guard } = guarding;
  const isComparable = isEtagMd5 && isMd5(etag) && !isKeyEncrypted(response);
  if (md5 !== null && isComparable && etag !== md5) failChecksum(md5, etag);
  if (!guard.isSigned && checksum !== null && confirmed === undefined) throw new UnconfirmedPartError();
  return { treeHash: part.treeHash, etag, isConfirmed: confirmed !== undefined };
}

/** Returns the part as failures name it, by a hash that its request contains. */
export function sentPart({ range, treeHash, digests }: PreparedPart): NonNullable<Operation['sent']> {
  const { sha256, crc32, md5 } = digests;
  return { what: 'part', index: range.index, hash: sha256 ?? crc32 ?? md5 ?? treeHash };
}

/** The member of a command that this module uses. */
interface Command {
  readonly middlewareStack: { add(middleware: never, options: never): void };
}

/** Makes the command send the headers that describe a part. They are set before the SDK signs. */
export function addPartHeaders(command: Command, headers: DescribedPart['headers']): void {
  const step =
    (next: (args: unknown) => unknown) =>
    (args: { readonly request: unknown }): unknown => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
      return next(args);
    };
  command.middlewareStack.add(step as never, { step: 'build', priority: 'high', name: 'knownHash' } as never);
}
