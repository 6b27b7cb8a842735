/** Plans the parts of a file or stream: pure arithmetic over a service's limits. */
import { TransferError } from './failures.js';
import { formatSizeOption, GIB_BYTES, MIB_BYTES } from './units.js';

/** The limits of a service. Each target defines its own, with their sources. */
export interface PartLimits {
  readonly partSizeMinBytes: number;
  readonly partSizeMaxBytes: number;
  readonly partsMax: number;
  /** True if `partsMax` is not the limit of the service, but the value of --max-parts. */
  readonly isPartsMaxGiven?: boolean;
  readonly sizeMinBytes: number;
  readonly sizeMaxBytes: number;
}

export interface PartPlan {
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
  readonly partCount: number;
}

/** The plan of a stream that has not ended. Its size and its number of parts may be unknown. */
export interface OpenPlan {
  /** The expected size. Null when it is unknown. */
  readonly sizeBytes: number | null;
  readonly partSizeBytes: number;
  readonly partCount: number | null;
}

/** The range of one part in the file. `endByte` is inclusive, as in the requests. */
export interface PartRange {
  readonly index: number;
  readonly startByte: number;
  readonly endByte: number;
  readonly sizeBytes: number;
}

/**
 * The smallest automatic part size. Smaller parts cost too many requests; with
 * larger ones a lost part costs more.
 */
export const AUTO_PART_SIZE_MIN_BYTES = 16 * MIB_BYTES;

/** The part size of a stream whose size is unknown: 10,000 such parts are 625 GiB. */
const STREAM_PART_SIZE_BYTES = 64 * MIB_BYTES;

/** Returns the limits of a store that takes at most `partsMax` parts, if that is fewer than the service takes. */
export function limitParts(limits: PartLimits, partsMax: number): PartLimits {
  if (partsMax >= limits.partsMax) return limits;
  const sizeMaxBytes = Math.min(limits.sizeMaxBytes, partsMax * limits.partSizeMaxBytes);
  return { ...limits, partsMax, isPartsMaxGiven: true, sizeMaxBytes };
}

function isPowerOfTwo(n: number): boolean {
  return Number.isSafeInteger(n) && n > 0 && 2 ** Math.round(Math.log2(n)) === n;
}

/** Tells whether this service takes parts of this size. */
export function isLegalPartSize(partSizeBytes: number, limits: PartLimits): boolean {
  return (
    isPowerOfTwo(partSizeBytes) &&
    partSizeBytes >= limits.partSizeMinBytes &&
    partSizeBytes <= limits.partSizeMaxBytes
  );
}

/**
 * Returns the smallest automatic part size that keeps a file of this size within
 * the service's number of parts.
 */
export function choosePartSizeBytes(sizeBytes: number, limits: PartLimits): number {
  let partSizeBytes = Math.max(AUTO_PART_SIZE_MIN_BYTES, limits.partSizeMinBytes);
  while (partSizeBytes < limits.partSizeMaxBytes && Math.ceil(sizeBytes / partSizeBytes) > limits.partsMax) {
    partSizeBytes *= 2;
  }
  return partSizeBytes;
}

/**
 * Divides a file of `sizeBytes` into parts.
 * @param partSizeBytes a legal part size (see isLegalPartSize) or `auto`
 * @throws TransferError `limit` when the file is too large for the service, or needs more parts than it takes
 * @throws TransferError `usage` for a part size that is never legal, or that --max-parts rules out
 */
export function planParts(sizeBytes: number, partSizeBytes: number | 'auto', limits: PartLimits): PartPlan {
  if (sizeBytes > limits.sizeMaxBytes) {
    throw new TransferError('limit', { limit: 'size', sizeBytes, maxBytes: limits.sizeMaxBytes });
  }
  const chosen = partSizeBytes === 'auto' ? choosePartSizeBytes(sizeBytes, limits) : partSizeBytes;
  if (!isLegalPartSize(chosen, limits)) throw partSizeUsage(String(partSizeBytes), limits);
  const partCount = Math.max(1, Math.ceil(sizeBytes / chosen));
  if (partCount > limits.partsMax)
    throw tooManyParts({ sizeBytes, partSizeBytes: chosen, partCount }, limits);
  return { sizeBytes, partSizeBytes: chosen, partCount };
}

/**
 * Plans a stream, whose part size must be chosen before its size is known.
 * @param expectedSizeBytes null when it is unknown
 * @throws TransferError `limit` when the expected size does not fit; `usage` for
 * a part size that is never legal
 */
export function planStream(
  expectedSizeBytes: number | null,
  partSizeBytes: number | 'auto',
  limits: PartLimits,
): OpenPlan {
  if (expectedSizeBytes === null) {
    const chosen = partSizeBytes === 'auto' ? STREAM_PART_SIZE_BYTES : partSizeBytes;
    if (!isLegalPartSize(chosen, limits)) throw partSizeUsage(String(partSizeBytes), limits);
    return { sizeBytes: null, partSizeBytes: chosen, partCount: null };
  }
  return planParts(expectedSizeBytes, partSizeBytes, limits);
}

/**
 * Returns the range of a stream's part.
 * @param sizeBytes the size of this part, which is the part size unless the stream ends in it
 * @throws TransferError `limit` for a part number or a size above the service's limit
 */
export function streamRange(
  { partSizeBytes }: Pick<PartPlan, 'partSizeBytes'>,
  index: number,
  sizeBytes: number,
  limits: PartLimits,
): PartRange {
  const { partsMax, sizeMaxBytes: maxBytes } = limits;
  if (index >= partsMax) throw new TransferError('limit', { limit: 'stream', partsMax, partSizeBytes });
  const startByte = index * partSizeBytes;
  const endByte = startByte + sizeBytes - 1;
  if (endByte >= maxBytes)
    throw new TransferError('limit', { limit: 'size', sizeBytes: endByte + 1, maxBytes });
  return { index, startByte, endByte, sizeBytes };
}

function tooManyParts({ sizeBytes, partSizeBytes, partCount }: PartPlan, limits: PartLimits): TransferError {
  const { partsMax, isPartsMaxGiven = false } = limits;
  const fittingPartSizeBytes = choosePartSizeBytes(sizeBytes, limits);
  if (!isPartsMaxGiven) {
    const facts = { limit: 'parts', partCount, partsMax, partSizeBytes, fittingPartSizeBytes } as const;
    return new TransferError('limit', facts);
  }
  return new TransferError('usage', {
    what: `--part-size ${formatSizeOption(partSizeBytes)} with --max-parts ${partsMax}`,
    why: `that makes ${partCount} parts`,
    hint: `use --part-size ${formatSizeOption(fittingPartSizeBytes)}, or omit it: calve then chooses it`,
  });
}

function partSizeRule({ partSizeMinBytes, partSizeMaxBytes }: PartLimits): string {
  return `a part is a power of two from ${partSizeMinBytes / MIB_BYTES} MiB to ${partSizeMaxBytes / GIB_BYTES} GiB`;
}

/**
 * Returns the failure for a part size that this service never takes, with a text
 * that names the sizes it takes.
 */
export function partSizeUsage(given: string, limits: PartLimits): TransferError<'usage'> {
  return new TransferError('usage', {
    what: `--part-size ${given}`,
    why: partSizeRule(limits),
    hint: 'name one such as 16M, 64M or 1G, or let calve choose with --part-size auto',
  });
}

/**
 * Returns the failure for an upload that another program created with a part
 * size that calve does not support.
 */
export function unsupportedPartSize(
  uploadId: string,
  partSizeBytes: number,
  limits: PartLimits,
): TransferError<'usage'> {
  return new TransferError('usage', {
    what: `upload ${uploadId}`,
    why: `its first part on the service has ${partSizeBytes} bytes, but ${partSizeRule(limits)}`,
    hint: 'resume it with the program that created it, or abort it and send the file again with calve upload',
  });
}

/** Returns the range of part `index` (from 0). The last part may be shorter. */
export function partRange(plan: PartPlan, index: number): PartRange {
  if (!Number.isInteger(index) || index < 0 || index >= plan.partCount) {
    throw new RangeError(`part ${index} of ${plan.partCount}`);
  }
  const startByte = index * plan.partSizeBytes;
  const sizeBytes = Math.min(plan.partSizeBytes, plan.sizeBytes - startByte);
  return { index, startByte, endByte: startByte + sizeBytes - 1, sizeBytes };
}

/** Returns the number of bytes of some parts. */
export function bytesOf(plan: PartPlan, indexes: Iterable<number>): number {
  let bytes = 0;
  for (const index of indexes) bytes += partRange(plan, index).sizeBytes;
  return bytes;
}
