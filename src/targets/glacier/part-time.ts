/**
 * Limits the time for sending a part. The service checks a signature when the whole body has arrived, not when it starts:
 * a part that takes longer than the signature is valid is refused on every retry.
 * Source: responses of the service, "Signature expired: … is now earlier than … (… - 5 min.)".
 */
import { type FailureFacts, isFailure, TransferError, wrapFailure } from '../../core/failures.js';
import type { PartRange } from '../../core/part-plan.js';

const SIGNATURE_VALIDITY_MS = 5 * 60_000;
/** The share of that time that a part may take. The rest is for the response, and for clocks that differ. */
const USABLE_SHARE = 0.9;

/** The limit until a response of the service shows another validity. */
export const PART_TIME_MS = USABLE_SHARE * SIGNATURE_VALIDITY_MS;

const BASIC_TIME = '(\\d{8}T\\d{6}Z)';
const EXPIRED = new RegExp(`signature expired: ${BASIC_TIME}.*?${BASIC_TIME}.*?${BASIC_TIME}`, 'i');

function basicTimeMs(text: string | undefined): number {
  return Date.parse(String(text).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** Reads how long signatures are valid from the message of a refusal; null if the message does not show it. */
export function readValidityMs(message: string | null): number | null {
  const match = EXPIRED.exec(message ?? '');
  const validityMs = basicTimeMs(match?.[3]) - basicTimeMs(match?.[2]);
  return validityMs > 0 ? validityMs : null;
}

/** The time limit for the parts of one target, which its refusals may lower. */
export class PartTime {
  #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  get ms(): number {
    return this.#ms;
  }

  tooSlow(range: PartRange, elapsedMs: number, sentBytes: number | null): TransferError<'too-slow'> {
    return new TransferError('too-slow', this.#facts(range, elapsedMs, sentBytes));
  }

  /** Returns `too-slow` for a signature that was refused because its part took too long; otherwise the error itself. */
  classify(error: unknown, range: PartRange, elapsedMs: number): unknown {
    if (!isFailure(error, 'unreachable') || error.retryClass !== 'resign') return error;
    const validityMs = readValidityMs(error.service?.message ?? null) ?? SIGNATURE_VALIDITY_MS;
    // An earlier refusal means that the clock is wrong. The SDK corrects it by the date of every response.
    if (elapsedMs < USABLE_SHARE * validityMs) return error;
    this.#ms = Math.min(this.#ms, USABLE_SHARE * validityMs);
    // The service checks the signature after the whole part has arrived.
    return wrapFailure(error, 'too-slow', this.#facts(range, elapsedMs, range.sizeBytes));
  }

  #facts(
    { index, sizeBytes }: PartRange,
    elapsedMs: number,
    sentBytes: number | null,
  ): FailureFacts['too-slow'] {
    const measured = { bytesPerSecond: null, fittingPartSizeBytes: null };
    return { index, sizeBytes, elapsedMs, partTimeMs: this.#ms, sentBytes, ...measured };
  }
}
