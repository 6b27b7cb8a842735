/** Fault specs: `KIND[@OPERATION][:WHEN]` (docs/emulator.md has examples). */
import { OPERATIONS, type Operation } from '../operations.js';

export const FAULT_KINDS = [
  'unavailable',
  'throttle',
  'timeout',
  'expired',
  'no-longer-supported',
  'denied',
  'reset',
  'lost-answer',
  'html',
  'empty',
  'wrong-hash',
  'garbage',
  'slow',
  'hang',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

type FaultTime =
  | { readonly when: 'every' }
  | { readonly when: 'first'; readonly count: number }
  | { readonly when: 'only'; readonly nth: number }
  | { readonly when: 'share'; readonly share: number; readonly seed: number };

interface Fault {
  readonly kind: FaultKind;
  /** Null: any. */
  readonly operation: Operation | null;
  readonly time: FaultTime;
}

/** A spec that cannot be read. Its message is for the person who wrote it. */
export class FaultSpecError extends Error {
  readonly spec: string;

  constructor(spec: string, why: string) {
    super(`fault "${spec}": ${why}`);
    this.name = 'FaultSpecError';
    this.spec = spec;
  }
}

/** @throws FaultSpecError */
export function parseFaultSpec(spec: string): Fault {
  const match = /^([^@:]*)(?:@([^:]*))?(?::(.*))?$/.exec(spec);
  const [, kindName = '', operationName, when] = match ?? [];
  const kind = FAULT_KINDS.find((known) => known === kindName);
  if (kind === undefined) {
    throw new FaultSpecError(spec, `no kind "${kindName}"; there are ${FAULT_KINDS.join(', ')}`);
  }
  const operation = OPERATIONS.find((known) => known === operationName) ?? null;
  if (operation === null && operationName !== undefined) {
    throw new FaultSpecError(spec, `no operation "${operationName}"; there are ${OPERATIONS.join(', ')}`);
  }
  return { kind, operation, time: parseTime(spec, when) };
}

function parseTime(spec: string, text: string | undefined): FaultTime {
  if (text === undefined) return { when: 'every' };
  const first = /^([1-9]\d{0,8})$/.exec(text);
  if (first) return { when: 'first', count: Number(first[1]) };
  const only = /^#([1-9]\d{0,8})$/.exec(text);
  if (only) return { when: 'only', nth: Number(only[1]) };
  const share = /^(\d{1,3}(?:\.\d+)?)%(?:\/(\d{1,9}))?$/.exec(text);
  if (share && Number(share[1]) <= 100) {
    return { when: 'share', share: Number(share[1]) / 100, seed: Number(share[2] ?? 1) };
  }
  throw new FaultSpecError(
    spec,
    `"${text}" says no time; write 3 (the first three), #5 (only the fifth), 10% or 10%/SEED (a share)`,
  );
}

/** Says of each request which fault it meets. Requests are counted for each fault by itself, in this process. */
export class FaultPlan {
  private readonly entries: readonly { readonly fault: Fault; readonly fires: () => boolean }[];

  constructor(faults: readonly Fault[]) {
    this.entries = faults.map((fault) => ({ fault, fires: firing(fault.time) }));
  }

  /** The first fault that fires; every one that matches counts the request. */
  next(operation: Operation): FaultKind | null {
    const firing = this.entries.filter(
      ({ fault, fires }) => (fault.operation === null || fault.operation === operation) && fires(),
    );
    return firing[0]?.fault.kind ?? null;
  }
}

function firing(time: FaultTime): () => boolean {
  let seen = 0;
  switch (time.when) {
    case 'every':
      return () => true;
    case 'first':
      return () => ++seen <= time.count;
    case 'only':
      return () => ++seen === time.nth;
    case 'share': {
      const random = seededRandom(time.seed);
      return () => random() < time.share;
    }
  }
}

/** mulberry32: uniform in [0, 1), the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
