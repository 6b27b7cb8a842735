/**
 * How long a part may take. The service judges a signature when the body is in, not when it begins: a part that takes
 * longer than the signature holds is refused, however often it is sent the same way.
 * Source: answers of the service, "Signature expired: … is now earlier than … (… - 5 min.)".
 */
import { isFailure, TransferError } from '../../core/failures.js';
import type { PartRange } from '../../core/part-plan.js';

const SIGNATURE_HOLDS_MS = 5 * 60_000;
/** The share of that time after which a part is ended: what is left is for its answer, and for clocks that differ. */
const USABLE = 0.9;

/** What is offered before the service has said anything else. */
export const PART_TIME_MS = USABLE * SIGNATURE_HOLDS_MS;

const BASIC_TIME = '(\\d{8}T\\d{6}Z)';
const EXPIRED = new RegExp(`signature expired: ${BASIC_TIME}.*?${BASIC_TIME}.*?${BASIC_TIME}`, 'i');

function basicTimeMs(text: string | undefined): number {
  return Date.parse(String(text).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** How long a signature holds, by what the service says of one that it refuses; null where it does not say. */
export function readHoldsMs(message: string | null): number | null {
  const match = EXPIRED.exec(message ?? '');
  const holdsMs = basicTimeMs(match?.[3]) - basicTimeMs(match?.[2]);
  return holdsMs > 0 ? holdsMs : null;
}

/** The time that parts have on one target: learned from what it refuses. */
export class PartTime {
  #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  get ms(): number {
    return this.#ms;
  }

  late(range: PartRange, elapsedMs: number, sentBytes: number | null): TransferError<'too-slow'> {
    return this.#tooSlow(range, elapsedMs, sentBytes);
  }

  /** A signature that was refused because its part took too long is a late part; any other failure stays as it is. */
  judge(error: unknown, range: PartRange, elapsedMs: number): unknown {
    if (!isFailure(error, 'unreachable') || error.retryClass !== 'resign') return error;
    const holdsMs = readHoldsMs(error.service?.message ?? null) ?? SIGNATURE_HOLDS_MS;
    // What was refused sooner was dated by a clock that goes wrong. The SDK corrects its own by every answer's date.
    if (elapsedMs < USABLE * holdsMs) return error;
    this.#ms = Math.min(this.#ms, USABLE * holdsMs);
    // It is judged when it is all there.
    return this.#tooSlow(range, elapsedMs, range.sizeBytes, error);
  }

  #tooSlow(
    { index, sizeBytes }: PartRange,
    elapsedMs: number,
    sentBytes: number | null,
    cause: TransferError | null = null,
  ): TransferError<'too-slow'> {
    const measured = { bytesPerSecond: null, fittingPartSizeBytes: null };
    const facts = { index, sizeBytes, elapsedMs, partTimeMs: this.#ms, sentBytes, ...measured };
    const service = cause?.service ?? null;
    return new TransferError('too-slow', facts, {
      ...(cause !== null && { cause }),
      ...(service !== null && { service }),
    });
  }
}
