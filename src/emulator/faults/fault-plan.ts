/** Parses fault specs, `KIND[@OPERATION][:WHEN]` (docs/emulator.md has examples), and plans the faults. */
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

type FaultSchedule =
  | { readonly when: 'every' }
  | { readonly when: 'first'; readonly count: number }
  | { readonly when: 'only'; readonly nth: number }
  | { readonly when: 'share'; readonly share: number; readonly seed: number };

interface Fault {
  readonly kind: FaultKind;
  /** Null: any operation. */
  readonly operation: Operation | null;
  readonly schedule: FaultSchedule;
}

/** A spec is illegal. The message is for the person who wrote it. */
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
    throw new FaultSpecError(spec, `there is no kind "${kindName}"; the kinds are ${FAULT_KINDS.join(', ')}`);
  }
  const operation = OPERATIONS.find((known) => known === operationName) ?? null;
  if (operation === null && operationName !== undefined) {
    throw new FaultSpecError(
      spec,
      `there is no operation "${operationName}"; the operations are ${OPERATIONS.join(', ')}`,
    );
  }
  return { kind, operation, schedule: parseSchedule(spec, when) };
}

function parseSchedule(spec: string, text: string | undefined): FaultSchedule {
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
    `"${text}" does not say when; write 3 (the first three), #5 (only the fifth), 10% or 10%/SEED (a share)`,
  );
}

/** Chooses the fault of each request. Every fault has its own counter of requests, in this process. */
export class FaultPlan {
  private readonly entries: readonly { readonly fault: Fault; readonly isDue: () => boolean }[];

  constructor(faults: readonly Fault[]) {
    this.entries = faults.map((fault) => ({ fault, isDue: scheduler(fault.schedule) }));
  }

  /** Returns the first fault that is due. Every fault that matches the operation counts the request. */
  next(operation: Operation): FaultKind | null {
    const due = this.entries.filter(
      ({ fault, isDue }) => (fault.operation === null || fault.operation === operation) && isDue(),
    );
    return due[0]?.fault.kind ?? null;
  }
}

function scheduler(schedule: FaultSchedule): () => boolean {
  let seen = 0;
  switch (schedule.when) {
    case 'every':
      return () => true;
    case 'first':
      return () => ++seen <= schedule.count;
    case 'only':
      return () => ++seen === schedule.nth;
    case 'share': {
      const random = seededRandom(schedule.seed);
      return () => random() < schedule.share;
    }
  }
}

/** Returns a mulberry32 generator of uniform numbers in [0, 1). The same seed gives the same numbers. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
