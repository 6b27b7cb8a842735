/** Parses and formats sizes and durations as people write them. */

export const KIB_BYTES = 1024;
export const MIB_BYTES = 1024 ** 2;
export const GIB_BYTES = 1024 ** 3;
export const TIB_BYTES = 1024 ** 4;

const SIZE_UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: KIB_BYTES,
  kib: KIB_BYTES,
  m: MIB_BYTES,
  mib: MIB_BYTES,
  g: GIB_BYTES,
  gib: GIB_BYTES,
  t: TIB_BYTES,
  tib: TIB_BYTES,
};

const TIME_UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d+)([a-z]*)$/i.exec(text);
  const unit = match?.[2] === undefined ? undefined : units[match[2].toLowerCase()];
  if (match?.[1] === undefined || unit === undefined) return null;
  const value = Number(match[1]) * unit;
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/**
 * Parses `64M`, `64MiB`, `67108864`: binary units in any case.
 * @returns bytes; null for `64MB`, `1.5G`, `0` and others
 */
export function parseSizeBytes(text: string): number | null {
  return parseQuantity(text, SIZE_UNIT_BYTES);
}

/**
 * Parses `500ms`, `30s`, `5m`, `24h`, `3d`, `2w`.
 * @returns milliseconds; null without a unit, and for any other text
 */
export function parseDurationMs(text: string): number | null {
  return parseQuantity(text, TIME_UNIT_MS);
}

/** Returns `1 byte`, `999 bytes`, `1.50 MiB`, `16 MiB`: a size with about three digits, for people. */
export function formatSize(bytes: number): string {
  if (bytes < KIB_BYTES) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / KIB_BYTES;
  let unitIndex = 0;
  while (value >= 1024 && unitIndex < units.length - 1) {
    value /= 1024;
    unitIndex += 1;
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unitIndex]}`;
}

/** Returns `0.4 s`, `12 s`, `3 min 20 s`, `5 h 2 min`, `2 d 3 h`: the two largest units, for people. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Returns a size as `--part-size` takes it: `16M`, `4G`, or plain bytes when no unit divides it. */
export function formatSizeOption(bytes: number): string {
  for (const [unit, unitBytes] of [
    ['T', TIB_BYTES],
    ['G', GIB_BYTES],
    ['M', MIB_BYTES],
  ] as const) {
    if (bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return String(bytes);
}
