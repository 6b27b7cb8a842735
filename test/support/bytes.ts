import { closeSync, openSync, writeSync } from 'node:fs';

/** Bytes that look random and are the same for the same seed: a failure can be played again. */
export function seededBytes(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes + 3);
  // An odd factor keeps different seeds different; only the seed that gives 0 must not stay there.
  let x = Math.imul(seed + 1, 0x9e3779b1) || 1;
  for (let i = 0; i < sizeBytes; i += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes.writeInt32LE(x | 0, Math.min(i, sizeBytes - 1));
  }
  return bytes.subarray(0, sizeBytes);
}

/** Writes a file of such bytes, a MiB at a time. */
export function writeSeededFile(path: string, sizeBytes: number, seed: number): void {
  const file = openSync(path, 'w');
  const chunkBytes = 1024 * 1024;
  for (let start = 0; start < sizeBytes; start += chunkBytes) {
    writeSync(file, seededBytes(Math.min(chunkBytes, sizeBytes - start), seed + start / chunkBytes));
  }
  closeSync(file);
}
