/** Guards over what was read from disk. A checked line proves its bytes, not that they mean what we expect. */
import type { Fingerprint } from '../core/fingerprint.js';
import type { SourceIdentity, TargetConnection, TargetIdentity, UploadIdentity } from '../core/identity.js';
import type { ObjectChecksum } from '../core/object-checksum.js';
import type { PartPlan } from '../core/part-plan.js';
import type { ObjectFacts, ObjectUpload } from '../transfer/ports/target.js';

export type Guard<T> = (value: unknown) => value is T;

export const isText: Guard<string> = (value) => typeof value === 'string';

export const isFlag: Guard<boolean> = (value) => typeof value === 'boolean';

/** An id or a path: never empty. */
export const isName: Guard<string> = (value): value is string => isText(value) && value !== '';

/** A whole number from 0: a count, an index or a number of bytes. */
export const isCount: Guard<number> = (value): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** 64 lower-case hex digits: SHA-256. */
export const isHash: Guard<string> = (value): value is string =>
  isText(value) && /^[0-9a-f]{64}$/.test(value);

/** 8 lower-case hex digits. */
export const isCrc32: Guard<string> = (value): value is string =>
  isText(value) && /^[0-9a-f]{8}$/.test(value);

/** Accepts an ETag as a part's line has it: see writtenEtag. */
export const isWrittenEtag: Guard<string> = (value): value is string =>
  isText(value) && /^(?:[\w.+/-][\w.+/=-]{0,199}|=[\w-]+)$/.test(value);

/** A 64-bit number in decimal; times before 1970 are negative. */
export const isDecimal: Guard<string> = (value): value is string =>
  isText(value) && /^-?\d{1,20}$/.test(value);

/** ISO-8601 UTC with milliseconds: the one form that also sorts as text. */
export const isTime: Guard<string> = (value): value is string =>
  isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value));

export function isExactly<T extends string | number>(wanted: T): Guard<T> {
  return (value): value is T => value === wanted;
}

export function isOneOf<T extends string | number>(...wanted: readonly T[]): Guard<T> {
  return (value): value is T => wanted.some((each) => each === value);
}

export function orNull<T>(guard: Guard<T>): Guard<T | null> {
  return (value): value is T | null => value === null || guard(value);
}

/**
 * An object with exactly these keys. The compiler proves that none of the type's keys is forgotten.
 * @param mayLack keys that need not be there
 */
export function shape<T extends object>(
  guards: { readonly [K in keyof T]-?: Guard<Exclude<T[K], undefined>> },
  mayLack: readonly (keyof T & string)[] = [],
): Guard<T> {
  const names = Object.keys(guards) as (keyof T & string)[];
  return (value): value is T => {
    if (typeof value !== 'object' || value === null) return false;
    const fields = value as Record<string, unknown>;
    const isGood = (name: keyof T & string): boolean =>
      Object.hasOwn(fields, name) ? guards[name](fields[name]) : mayLack.includes(name);
    return Object.keys(fields).every((name) => Object.hasOwn(guards, name)) && names.every(isGood);
  };
}

export const isFingerprint = shape<Fingerprint>({
  sizeBytes: isCount,
  mtimeNs: isDecimal,
  ctimeNs: isDecimal,
  device: isDecimal,
  inode: isDecimal,
});

const hasPlanKeys = shape<PartPlan>({ sizeBytes: isCount, partSizeBytes: isCount, partCount: isCount });

/** A plan whose three numbers agree. */
export const isPlan: Guard<PartPlan> = (value): value is PartPlan =>
  hasPlanKeys(value) &&
  value.partSizeBytes > 0 &&
  value.partCount === Math.max(1, Math.ceil(value.sizeBytes / value.partSizeBytes));

export const isTargetIdentity = shape<TargetIdentity>({
  url: isName,
  region: orNull(isText),
  endpoint: orNull(isText),
  account: orNull(isText),
});

const isFileIdentity = shape<SourceIdentity & { kind: 'file' }>({ kind: isExactly('file'), path: isName });
const isStreamIdentity = shape<SourceIdentity & { kind: 'stream' }>({
  kind: isExactly('stream'),
  name: isName,
});

const isSourceIdentity: Guard<SourceIdentity> = (value): value is SourceIdentity =>
  isFileIdentity(value) || isStreamIdentity(value);

export const isIdentity = shape<UploadIdentity>({ source: isSourceIdentity, target: isTargetIdentity });

export const isConnection = shape<TargetConnection>({
  accountId: isName,
  profile: orNull(isText),
  pathStyle: isFlag,
});

export const isObjectUpload = shape<ObjectUpload>({
  storageClass: orNull(isName),
  noOverwrite: isFlag,
  ownId: orNull(isName),
});

const isObjectChecksum = shape<ObjectChecksum>({
  algorithm: isOneOf('SHA256', 'CRC32'),
  type: isOneOf('FULL_OBJECT', 'COMPOSITE'),
  value: isName,
});

export const isObjectFacts = shape<ObjectFacts>(
  {
    etag: orNull(isText),
    versionId: orNull(isText),
    storageClass: orNull(isText),
    checksum: isObjectChecksum,
  },
  ['checksum'],
);
